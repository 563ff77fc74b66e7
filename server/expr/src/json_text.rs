//! Reads JSON as Python's reader does: NaN and Infinity, the last of double keys, numbers of any length. Nothing else.

use crate::error::SyntaxError;
use crate::value::json::float_to_json;
use crate::value::number;
use serde_json::{Map, Value};

/// Nesting that is still read.
const DEPTH: usize = 200;

struct Reader<'s> {
    source: &'s str,
    at: usize,
    depth: usize,
}

type Read<T> = Result<T, SyntaxError>;

/// Reads one JSON value with blanks around it.
///
/// # Errors
/// The place where the text leaves the format.
pub(crate) fn parse(source: &str) -> Read<Value> {
    let mut reader = Reader {
        source,
        at: 0,
        depth: 0,
    };
    let value = reader.value()?;
    reader.blanks();
    if reader.at < source.len() {
        return Err(reader.expected("the end"));
    }
    Ok(value)
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn expected(&self, what: &str) -> SyntaxError {
        let next = self.rest().chars().next();
        let found = next.map_or_else(|| "the end".to_owned(), |c| format!("{c:?}"));
        let end = self.at + next.map_or(0, char::len_utf8);
        SyntaxError {
            message: format!("expected {what}, found {found}"),
            span: self.at..end,
        }
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn take(&mut self, text: &str) -> bool {
        let hit = self.rest().starts_with(text);
        if hit {
            self.at += text.len();
        }
        hit
    }

    fn value(&mut self) -> Read<Value> {
        self.blanks();
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", float_to_json(f64::NAN)),
            ("Infinity", float_to_json(f64::INFINITY)),
            ("-Infinity", float_to_json(f64::NEG_INFINITY)),
        ] {
            if self.take(word) {
                return Ok(value);
            }
        }
        match self.rest().bytes().next() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'{') => self.deeper(Self::object),
            Some(b'[') => self.deeper(Self::array),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.expected("a value")),
        }
    }

    fn deeper(&mut self, body: fn(&mut Self) -> Read<Value>) -> Read<Value> {
        if self.depth >= DEPTH {
            return Err(SyntaxError {
                message: format!("nested more than {DEPTH} levels deep"),
                span: self.at..self.at + 1,
            });
        }
        self.depth += 1;
        self.at += 1;
        let result = stacker::maybe_grow(64 * 1024, 1024 * 1024, || body(self));
        self.depth -= 1;
        result
    }

    fn array(&mut self) -> Read<Value> {
        let mut items = Vec::new();
        self.blanks();
        if self.take("]") {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            self.blanks();
            if self.take("]") {
                return Ok(Value::Array(items));
            }
            if !self.take(",") {
                return Err(self.expected("',' or ']'"));
            }
        }
    }

    fn object(&mut self) -> Read<Value> {
        let mut map = Map::new();
        self.blanks();
        if self.take("}") {
            return Ok(Value::Object(map));
        }
        loop {
            self.blanks();
            if !self.rest().starts_with('"') {
                return Err(self.expected("a key in double quotes"));
            }
            let key = self.string()?;
            self.blanks();
            if !self.take(":") {
                return Err(self.expected("':'"));
            }
            let value = self.value()?;
            map.insert(key, value);
            self.blanks();
            if self.take("}") {
                return Ok(Value::Object(map));
            }
            if !self.take(",") {
                return Err(self.expected("',' or '}'"));
            }
        }
    }

    fn number(&mut self) -> Read<Value> {
        let bytes = self.rest().as_bytes();
        let run = |from: usize| {
            bytes[from..]
                .iter()
                .take_while(|b| b.is_ascii_digit())
                .count()
        };
        let start = usize::from(bytes[0] == b'-');
        let whole = match bytes.get(start) {
            Some(b'0') => 1,
            _ => run(start),
        };
        if whole == 0 {
            return Err(self.expected("a number"));
        }
        let mut end = start + whole;
        let mut float = false;
        if bytes.get(end) == Some(&b'.') && run(end + 1) > 0 {
            end += 1 + run(end + 1);
            float = true;
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let digits = if end + 1 + sign <= bytes.len() {
                run(end + 1 + sign)
            } else {
                0
            };
            if digits > 0 {
                end += 1 + sign + digits;
                float = true;
            }
        }
        let text = &self.rest()[..end];
        let value = if float {
            number::parse_float(text).map(float_to_json)
        } else {
            number::parse_int(text).map(|i| crate::value::json::int_to_json(&i))
        };
        let value = value.ok_or_else(|| self.expected("a number of at most 4300 digits"))?;
        self.at += end;
        Ok(value)
    }

    fn unit(&mut self) -> Read<u32> {
        let digits = self
            .rest()
            .get(..4)
            .and_then(|d| u32::from_str_radix(d, 16).ok());
        let digits = digits.filter(|_| {
            self.rest().as_bytes()[..4]
                .iter()
                .all(u8::is_ascii_hexdigit)
        });
        let unit = digits.ok_or_else(|| self.expected("four hexadecimal digits"))?;
        self.at += 4;
        Ok(unit)
    }

    fn string(&mut self) -> Read<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let Some(c) = self.rest().chars().next() else {
                return Err(self.expected("'\"'"));
            };
            if c < ' ' {
                return Err(self.expected("an escape instead of a control character"));
            }
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(out),
                '\\' => {
                    let Some(escape) = self.rest().chars().next() else {
                        return Err(self.expected("an escape"));
                    };
                    if !"\"\\/bfnrtu".contains(escape) {
                        return Err(self.expected("an escape"));
                    }
                    self.at += 1;
                    out.push(match escape {
                        'b' => '\u{8}',
                        'f' => '\u{c}',
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        'u' => self.escaped_unit()?,
                        other => other,
                    });
                }
                other => out.push(other),
            }
        }
    }

    /// A `\u` escape with its pair; a lone half has no character and becomes the replacement one.
    fn escaped_unit(&mut self) -> Read<char> {
        let first = self.unit()?;
        if (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u") {
            let before = self.at;
            self.at += 2;
            let second = self.unit()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            self.at = before;
        }
        Ok(char::from_u32(first).unwrap_or('\u{fffd}'))
    }
}
