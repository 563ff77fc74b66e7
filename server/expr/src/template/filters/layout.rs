//! Filling lines with words and laying out nested values over several lines.

use crate::value::{Val, number::is_space, repr};

/// Blanks, words and the parts of hyphenated words.
fn chunks(line: &str, break_hyphens: bool) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut current = String::new();
    let chars: Vec<char> = line.chars().collect();
    for (at, c) in chars.iter().enumerate() {
        let blank = is_space(*c);
        if current
            .chars()
            .last()
            .is_some_and(|last| is_space(last) != blank)
        {
            out.push(std::mem::take(&mut current));
        }
        current.push(*c);
        let letter = |offset: i64| {
            let at = usize::try_from(at as i64 + offset).ok();
            at.and_then(|at| chars.get(at))
                .is_some_and(|c| c.is_alphabetic())
        };
        let dash_ends = at + 1 < chars.len() && *c == '-' && break_hyphens;
        if dash_ends
            && letter(-1)
            && (letter(-2) || chars.get(at.wrapping_sub(2)) == Some(&'-'))
            && letter(1)
        {
            out.push(std::mem::take(&mut current));
        }
    }
    if !current.is_empty() {
        out.push(current);
    }
    out
}

/// Fills lines of at most `width` characters; blanks at line ends are dropped.
pub(super) fn wrap(line: &str, width: usize, break_long: bool, break_hyphens: bool) -> Vec<String> {
    let mut rest = chunks(line, break_hyphens);
    rest.reverse();
    let blank = |chunk: &String| chunk.chars().all(is_space);
    let mut lines = Vec::new();
    while !rest.is_empty() {
        if !lines.is_empty() && rest.last().is_some_and(blank) {
            rest.pop();
            continue;
        }
        let (mut current, mut length) = (Vec::new(), 0usize);
        while let Some(next) = rest.last() {
            let size = next.chars().count();
            if length + size > width {
                break;
            }
            length += size;
            current.extend(rest.pop());
        }
        if let Some(next) = rest.last_mut().filter(|n| n.chars().count() > width) {
            let room = width
                .saturating_sub(length)
                .max(usize::from(width == 0 || current.is_empty()));
            if break_long {
                // With no room left the head is empty, and it is that which is dropped below, not a blank before it.
                let head: String = next.chars().take(room).collect();
                let tail: String = next.chars().skip(room).collect();
                current.push(head);
                *next = tail;
            } else if current.is_empty() {
                current.extend(rest.pop());
            }
        }
        if current.last().is_some_and(blank) {
            current.pop();
        }
        if !current.is_empty() {
            lines.push(current.concat());
        } else if rest.last().is_some_and(blank) {
            rest.pop();
        }
    }
    lines
}

const WIDTH: usize = 80;

/// `repr` with dictionary keys in order.
fn sorted_repr(value: &Val, depth: usize) -> String {
    if depth > 60 {
        return "...".to_owned();
    }
    let join = |items: Vec<Val>| {
        items
            .iter()
            .map(|item| sorted_repr(item, depth + 1))
            .collect::<Vec<_>>()
            .join(", ")
    };
    match value {
        Val::List(items) => format!("[{}]", join(items.borrow().clone())),
        Val::Tuple(items) if items.len() == 1 => format!("({},)", join(items.to_vec())),
        Val::Tuple(items) => format!("({})", join(items.to_vec())),
        Val::Dict(_) => {
            let pairs = sorted_pairs(value);
            let parts: Vec<String> = pairs
                .iter()
                .map(|(k, v)| {
                    format!(
                        "{}: {}",
                        sorted_repr(k, depth + 1),
                        sorted_repr(v, depth + 1)
                    )
                })
                .collect();
            format!("{{{}}}", parts.join(", "))
        }
        other => repr::repr(other),
    }
}

fn sorted_pairs(value: &Val) -> Vec<(Val, Val)> {
    let Val::Dict(dict) = value else {
        return Vec::new();
    };
    let mut pairs: Vec<(Val, Val)> = dict
        .borrow()
        .iter()
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    let fuel = crate::fuel::Fuel::default();
    if crate::value::compare::sort_by_key(&mut pairs, false, &fuel).is_err() {
        pairs.sort_by_key(|(k, _)| (k.type_name(), repr::repr(k)));
    }
    pairs
}

/// Python's `pprint.pformat` for values as wide as 80 columns.
pub(super) fn pretty(value: &Val) -> String {
    let mut out = String::new();
    write(value, 0, 0, 0, &mut out);
    out
}

fn write(value: &Val, indent: usize, allowance: usize, depth: usize, out: &mut String) {
    let flat = sorted_repr(value, depth);
    let room = WIDTH.saturating_sub(indent + allowance);
    if flat.chars().count() <= room || depth > 60 {
        out.push_str(&flat);
        return;
    }
    match value {
        Val::Dict(dict) if !dict.borrow().is_empty() => {
            let pairs = sorted_pairs(value);
            out.push('{');
            for (position, (key, item)) in pairs.iter().enumerate() {
                if position > 0 {
                    out.push_str(&format!(",\n{}", " ".repeat(indent + 1)));
                }
                let key = sorted_repr(key, depth + 1);
                out.push_str(&key);
                out.push_str(": ");
                let last = position + 1 == pairs.len();
                let allowance = if last { allowance + 1 } else { 1 };
                write(
                    item,
                    indent + 1 + key.chars().count() + 2,
                    allowance,
                    depth + 1,
                    out,
                );
            }
            out.push('}');
        }
        Val::List(_) | Val::Tuple(_) => {
            let items = value.sequence().unwrap_or_default();
            let (open, close) = match value {
                Val::List(_) => ('[', "]"),
                _ if items.len() == 1 => ('(', ",)"),
                _ => ('(', ")"),
            };
            out.push(open);
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push_str(&format!(",\n{}", " ".repeat(indent + 1)));
                }
                let last = position + 1 == items.len();
                write(
                    item,
                    indent + 1,
                    if last { allowance + close.len() } else { 1 },
                    depth + 1,
                    out,
                );
            }
            out.push_str(close);
        }
        Val::Str(text) => write_text(text, indent, allowance, depth, out),
        _ => out.push_str(&flat),
    }
}

/// A long string becomes several, in parentheses at the top level.
fn write_text(text: &str, indent: usize, allowance: usize, depth: usize, out: &mut String) {
    let (indent, allowance) = if depth == 0 {
        (indent + 1, allowance + 1)
    } else {
        (indent, allowance)
    };
    let lines = crate::methods::text::split_lines(text, true);
    let mut pieces: Vec<String> = Vec::new();
    let mut room = WIDTH.saturating_sub(indent);
    for (position, line) in lines.iter().enumerate() {
        let whole = repr::quoted(line);
        if position + 1 == lines.len() {
            room = room.saturating_sub(allowance);
        }
        if whole.chars().count() <= room {
            pieces.push(whole);
            continue;
        }
        let mut current = String::new();
        let mut words: Vec<String> = Vec::new();
        for c in line.chars() {
            let starts = !is_space(c)
                && words
                    .last()
                    .is_some_and(|w: &String| w.chars().last().is_some_and(is_space));
            if words.is_empty() || starts {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.push(c);
            }
        }
        let mut limit = WIDTH.saturating_sub(indent);
        for (at, word) in words.iter().enumerate() {
            let candidate = format!("{current}{word}");
            if at + 1 == words.len() && position + 1 == lines.len() {
                limit = limit.saturating_sub(allowance);
            }
            if repr::quoted(&candidate).chars().count() > limit {
                if !current.is_empty() {
                    pieces.push(repr::quoted(&current));
                }
                current.clone_from(word);
            } else {
                current = candidate;
            }
        }
        if !current.is_empty() {
            pieces.push(repr::quoted(&current));
        }
    }
    if pieces.len() == 1 {
        out.push_str(&pieces[0]);
        return;
    }
    if depth == 0 {
        out.push('(');
    }
    out.push_str(&pieces.join(&format!("\n{}", " ".repeat(indent))));
    if depth == 0 {
        out.push(')');
    }
}
