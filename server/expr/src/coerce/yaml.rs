//! Reads a rendered text as one YAML 1.2 value, the way the `set` step sees it. Not for workflow files. Rule 4.8.

use crate::value::json::{float_to_json, int_to_json};
use crate::value::{dict::Dict, json, number, repr};
use granit_parser::{Event, Parser, ScalarStyle, Tag};
use num_bigint::BigInt;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Why a text has no JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not readable YAML; keys given twice count as that.
    Unreadable,
    /// It holds a type JSON does not have; the name is YAML's.
    Foreign(&'static str),
}

/// Nesting that is still read.
const DEPTH: usize = 150;
/// Values one text may stand for, aliases expanded.
const VALUES: usize = 100_000;
const CORE: &str = "tag:yaml.org,2002:";

struct Loader<'s> {
    events: Vec<Event<'s>>,
    at: usize,
    anchors: HashMap<usize, (Value, usize)>,
    values: usize,
    depth: usize,
}

type Loaded<T> = Result<T, Refusal>;

/// Reads the only document of `text`; none at all is null.
pub(super) fn load(text: &str) -> Loaded<Value> {
    let mut events = Vec::new();
    let mut tabs: Vec<usize> = text.match_indices('\t').map(|(at, _)| at).collect();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|_| Refusal::Unreadable)?;
        if matches!(event, Event::Scalar(..) | Event::Comment(..))
            && let Some(range) = span.byte_range()
            && !tabs.is_empty()
        {
            tabs.retain(|at| !range.contains(at));
        }
        if !matches!(event, Event::Comment(..)) {
            events.push(event);
        }
        if events.len() > VALUES {
            return Err(Refusal::Unreadable);
        }
    }
    // The dialect's reader takes no tab between tokens, though YAML allows it.
    if !tabs.is_empty() {
        return Err(Refusal::Unreadable);
    }
    if events
        .iter()
        .filter(|e| matches!(e, Event::DocumentStart(..)))
        .count()
        > 1
    {
        return Err(Refusal::Unreadable);
    }
    let start = events
        .iter()
        .position(|e| matches!(e, Event::DocumentStart(..)));
    let Some(start) = start else {
        return Ok(Value::Null);
    };
    let mut loader = Loader {
        events,
        at: start + 1,
        anchors: HashMap::new(),
        values: 0,
        depth: 0,
    };
    loader.node().map(|(value, _)| value)
}

/// The short name of a core tag; a foreign tag is unreadable.
fn core_tag(tag: Option<&Tag>) -> Loaded<Option<String>> {
    let Some(tag) = tag else { return Ok(None) };
    let full = format!("{}{}", tag.handle(), tag.suffix());
    match full.strip_prefix(CORE) {
        Some(name) => Ok(Some(name.to_owned())),
        None if full == "!" => Ok(Some("str".to_owned())),
        None => Err(Refusal::Unreadable),
    }
}

fn foreign(name: &str) -> Option<&'static str> {
    ["set", "omap", "pairs", "binary"]
        .into_iter()
        .find(|known| *known == name)
}

impl Loader<'_> {
    fn next(&mut self) -> Loaded<Event<'static>> {
        let event = self
            .events
            .get(self.at)
            .cloned()
            .ok_or(Refusal::Unreadable)?;
        self.at += 1;
        Ok(own(event))
    }

    fn count(&mut self, values: usize) -> Loaded<()> {
        self.values = self.values.saturating_add(values);
        if self.values > VALUES {
            Err(Refusal::Unreadable)
        } else {
            Ok(())
        }
    }

    /// The next value and how many values it holds.
    fn node(&mut self) -> Loaded<(Value, usize)> {
        if self.depth >= DEPTH {
            return Err(Refusal::Unreadable);
        }
        self.depth += 1;
        let result = stacker::maybe_grow(64 * 1024, 1024 * 1024, || self.value());
        self.depth -= 1;
        result
    }

    fn value(&mut self) -> Loaded<(Value, usize)> {
        let event = self.next()?;
        let anchor = event.anchor_id();
        let tag = core_tag(event.tag())?;
        let before = self.values;
        let value = match event {
            Event::Alias(id) => {
                let (value, size) = self.anchors.get(&id).cloned().ok_or(Refusal::Unreadable)?;
                self.count(size)?;
                return Ok((value, size));
            }
            Event::Scalar(text, style, _, _) => {
                self.count(1)?;
                scalar(&text, style == ScalarStyle::Plain, tag.as_deref())?
            }
            Event::SequenceStart(..) => {
                self.count(1)?;
                if let Some(name) = tag.as_deref().and_then(foreign) {
                    return Err(Refusal::Foreign(name));
                }
                let mut items = Vec::new();
                while !matches!(self.events.get(self.at), Some(Event::SequenceEnd) | None) {
                    items.push(self.node()?.0);
                }
                self.at += 1;
                Value::Array(items)
            }
            Event::MappingStart(..) => {
                self.count(1)?;
                if let Some(name) = tag.as_deref().and_then(foreign) {
                    return Err(Refusal::Foreign(name));
                }
                self.mapping()?
            }
            _ => return Err(Refusal::Unreadable),
        };
        let size = self.values - before;
        if let Some(id) = anchor {
            self.anchors.insert(id, (value.clone(), size));
        }
        Ok((value, size))
    }

    fn mapping(&mut self) -> Loaded<Value> {
        let mut map = Map::new();
        let mut seen = Dict::default();
        let mut merged: Vec<Value> = Vec::new();
        while !matches!(self.events.get(self.at), Some(Event::MappingEnd) | None) {
            let merge = matches!(
                self.events.get(self.at),
                Some(Event::Scalar(text, ScalarStyle::Plain, _, None)) if text == "<<"
            );
            let (key, _) = self.node()?;
            let (value, _) = self.node()?;
            if merge {
                match value {
                    Value::Array(maps) => merged.extend(maps),
                    other => merged.push(other),
                }
                continue;
            }
            let key = json::from_json(&key);
            if seen.get(&key).map_err(|_| Refusal::Unreadable)?.is_some() {
                return Err(Refusal::Unreadable);
            }
            let name = key
                .text()
                .map_or_else(|| repr::repr(&key), |s| s.to_string());
            seen.insert(key, crate::value::Val::None)
                .map_err(|_| Refusal::Unreadable)?;
            map.insert(name, value);
        }
        self.at += 1;
        for source in merged {
            let Value::Object(source) = source else {
                return Err(Refusal::Unreadable);
            };
            for (key, value) in source {
                map.entry(key).or_insert(value);
            }
        }
        Ok(Value::Object(map))
    }
}

/// Detaches an event from the text, so that reading on does not hold a borrow.
fn own(event: Event<'_>) -> Event<'static> {
    match event {
        Event::Scalar(text, style, anchor, tag) => Event::Scalar(
            text.into_owned().into(),
            style,
            anchor,
            tag.map(|t| std::borrow::Cow::Owned(t.into_owned())),
        ),
        Event::SequenceStart(style, anchor, tag) => Event::SequenceStart(
            style,
            anchor,
            tag.map(|t| std::borrow::Cow::Owned(t.into_owned())),
        ),
        Event::MappingStart(style, anchor, tag) => Event::MappingStart(
            style,
            anchor,
            tag.map(|t| std::borrow::Cow::Owned(t.into_owned())),
        ),
        Event::Alias(id) => Event::Alias(id),
        _ => Event::StreamEnd,
    }
}

fn scalar(text: &str, plain: bool, tag: Option<&str>) -> Loaded<Value> {
    let value = match tag {
        Some("str") => return Ok(Value::String(text.to_owned())),
        Some("int") => integer(text).ok_or(Refusal::Unreadable)?,
        Some("float") => float(text)
            .or_else(|| number::parse_float(text).map(float_to_json))
            .ok_or(Refusal::Unreadable)?,
        Some("bool") => boolean(text).ok_or(Refusal::Unreadable)?,
        Some("null") => Value::Null,
        Some("timestamp") => timestamp(text).ok_or(Refusal::Unreadable)?,
        Some(other) => return Err(foreign(other).map_or(Refusal::Unreadable, Refusal::Foreign)),
        None if !plain => return Ok(Value::String(text.to_owned())),
        None => match text {
            "~" | "" | "null" | "Null" | "NULL" => Value::Null,
            _ => boolean(text)
                .or_else(|| integer(text))
                .or_else(|| float(text))
                .or_else(|| timestamp(text))
                .unwrap_or_else(|| Value::String(text.to_owned())),
        },
    };
    Ok(value)
}

fn boolean(text: &str) -> Option<Value> {
    match text {
        "true" | "True" | "TRUE" => Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => Some(Value::Bool(false)),
        _ => None,
    }
}

fn integer(text: &str) -> Option<Value> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        b'0'..=b'9' => (false, text),
        _ => return None,
    };
    let (radix, body) = if let Some(body) = digits.strip_prefix("0b") {
        (2, body)
    } else if let Some(body) = digits.strip_prefix("0o") {
        (8, body)
    } else if let Some(body) = digits.strip_prefix("0x") {
        (16, body)
    } else {
        (10, digits)
    };
    let clean: String = body.chars().filter(|c| *c != '_').collect();
    if clean.is_empty()
        || clean.len() > number::INT_DIGITS
        || !clean.chars().all(|c| c.is_digit(radix))
    {
        return None;
    }
    let value = BigInt::parse_bytes(clean.as_bytes(), radix)?;
    Some(int_to_json(&if negative { -value } else { value }))
}

fn float(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" => {
            return Some(float_to_json(if text.starts_with('-') {
                f64::NEG_INFINITY
            } else {
                f64::INFINITY
            }));
        }
        ".nan" | ".NaN" | ".NAN" if unsigned == text => return Some(float_to_json(f64::NAN)),
        _ => {}
    }
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let digit_run = |s: &str| s.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let whole = mantissa.split_once('.');
    let fits = match whole {
        Some((head, tail)) => {
            digit_run(head)
                && digit_run(tail)
                && (head.starts_with(|c: char| c.is_ascii_digit())
                    || (head.is_empty() && !tail.is_empty()))
        }
        None => {
            exponent.is_some()
                && digit_run(mantissa)
                && mantissa.starts_with(|c: char| c.is_ascii_digit())
        }
    };
    let exponent_fits = exponent.is_none_or(|e| {
        let digits = e.strip_prefix(['-', '+']).unwrap_or(e);
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    });
    if !fits || !exponent_fits {
        return None;
    }
    text.replace('_', "").parse().ok().map(float_to_json)
}

/// Days since 0000-03-01 and back, in the calendar ISO dates use.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    year * 365 + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (month * 306 + 5) / 10
        + day
        - 1
}

fn date_of(days: i64) -> (i64, i64, i64) {
    let mut year = (10_000 * days + 14_780).div_euclid(3_652_425);
    let mut rest = days - days_of(year, 3, 1);
    if rest < 0 {
        year -= 1;
        rest = days - days_of(year, 3, 1);
    }
    let month = (100 * rest + 52) / 3060;
    let day = rest - (month * 306 + 5) / 10 + 1;
    (year + i64::from(month >= 10), (month + 2) % 12 + 1, day)
}

/// Dates become ISO text; times with an offset are told in UTC.
fn timestamp(text: &str) -> Option<Value> {
    let (date, rest) = match text.find(['T', 't', ' ', '\t']) {
        Some(at) => (
            &text[..at],
            Some(text[at + 1..].trim_start_matches([' ', '\t'])),
        ),
        None => (text, None),
    };
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return None;
    };
    let digits = |s: &str, most: usize| -> Option<i64> {
        let fits = (1..=most).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
        if fits { s.parse().ok() } else { None }
    };
    if year.len() != 4 {
        return None;
    }
    let (year, month, day) = (digits(year, 4)?, digits(month, 2)?, digits(day, 2)?);
    let last = |year: i64, month: i64| {
        let next = if month == 12 {
            days_of(year + 1, 1, 1)
        } else {
            days_of(year, month + 1, 1)
        };
        next - days_of(year, month, 1)
    };
    if year == 0 || !(1..=12).contains(&month) || !(1..=last(year, month)).contains(&day) {
        return None;
    }
    let Some(time) = rest else {
        if date.len() != 10 {
            return None;
        }
        return Some(Value::String(date.to_owned()));
    };
    let zone_at = time.find(['Z', '+', '-']);
    let (clock, zone) = match zone_at {
        Some(at) => (time[..at].trim_end(), &time[at..]),
        None => (time, ""),
    };
    let fields: Vec<&str> = clock.split(':').collect();
    let [hour, minute, second] = fields.as_slice() else {
        return None;
    };
    let (second, fraction) = second.split_once('.').unwrap_or((second, ""));
    if minute.len() != 2 || second.len() != 2 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hour, minute, second) = (digits(hour, 2)?, digits(minute, 2)?, digits(second, 2)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let offset = match zone {
        "" | "Z" => 0,
        _ => {
            let (hours, minutes) = zone[1..].split_once(':').unwrap_or((&zone[1..], "00"));
            let minutes = digits(hours, 2)? * 60 + digits(minutes, 2)?;
            if zone.starts_with('-') {
                -minutes
            } else {
                minutes
            }
        }
    };
    let total = days_of(year, month, day) * 1440 + hour * 60 + minute - offset;
    let (year, month, day) = date_of(total.div_euclid(1440));
    let of_day = total.rem_euclid(1440);
    let mut out = format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{second:02}",
        of_day / 60,
        of_day % 60
    );
    let micros: String = format!("{fraction:0<6}").chars().take(6).collect();
    if micros != "000000" {
        out.push('.');
        out.push_str(&micros);
    }
    Some(Value::String(out))
}
