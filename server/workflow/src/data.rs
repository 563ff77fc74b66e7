//! Loaded values: what a document means after included files, merge keys and
//! environment substitution, every value with its place. Dialects check and
//! lower these; nothing outside `dialects` needs them.

use std::ops::Range;

use serde_json::Value;

use crate::source::{Loc, Text};

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Datum {
    /// What it is.
    pub shape: Shape,
    /// The value's own text (for an alias: the alias).
    pub loc: Loc,
}

/// The kinds of values a document can hold.
#[derive(Debug, Clone)]
pub enum Shape {
    /// `null`, `~` or nothing at all.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer; those beyond 128 bits are saturated.
    Int(i128),
    /// Any other number, infinities and NaN included.
    Float(f64),
    /// A string.
    Text(Text),
    /// A date or a point in time, as written. Never a string to a dialect.
    Date(String),
    /// A scalar with a tag that the dialect does not know, as written.
    Tagged(String),
    /// A list.
    List(Vec<Datum>),
    /// A map in file order, merge keys resolved.
    Map(Map),
}

/// A map in file order.
#[derive(Debug, Clone, Default)]
pub struct Map {
    /// Its entries; keys written twice are all kept, the last one counts.
    pub entries: Vec<Field>,
}

/// One entry of a map.
#[derive(Debug, Clone)]
pub struct Field {
    /// The key; anything but text is an error in most places.
    pub key: Datum,
    /// The value.
    pub value: Datum,
}

impl Map {
    /// The value of a string key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Datum> {
        self.field(key).map(|f| &f.value)
    }

    /// The entry of a string key.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.entries
            .iter()
            .rev()
            .find(|f| f.key.text().is_some_and(|t| t.value == key))
    }

    /// The value of a string key, unless it is null.
    #[must_use]
    pub fn some(&self, key: &str) -> Option<&Datum> {
        self.get(key).filter(|d| !d.is_null())
    }

    /// The text of a string key, unless it is something else.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&Text> {
        self.get(key).and_then(Datum::text)
    }

    /// The items of a list under a string key; empty when it is something else.
    #[must_use]
    pub fn list(&self, key: &str) -> &[Datum] {
        self.get(key).and_then(Datum::list).unwrap_or_default()
    }

    /// The map under a string key.
    #[must_use]
    pub fn map(&self, key: &str) -> Option<&Map> {
        self.get(key).and_then(Datum::map)
    }

    /// Entries whose key is a string.
    pub fn iter(&self) -> impl Iterator<Item = (&Text, &Datum)> {
        self.entries
            .iter()
            .filter_map(|f| f.key.text().map(|k| (k, &f.value)))
    }
}

impl Field {
    /// Key and value together.
    #[must_use]
    pub fn loc(&self) -> Loc {
        if self.key.loc.file == self.value.loc.file
            && self.value.loc.span.end() >= self.key.loc.span.start()
        {
            Loc {
                file: self.key.loc.file,
                span: self.key.loc.span.cover(self.value.loc.span),
            }
        } else {
            self.key.loc
        }
    }
}

impl Datum {
    /// Whether it is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.shape, Shape::Null)
    }

    /// The text, if it is a string.
    #[must_use]
    pub fn text(&self) -> Option<&Text> {
        match &self.shape {
            Shape::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items, if it is a list.
    #[must_use]
    pub fn list(&self) -> Option<&[Datum]> {
        match &self.shape {
            Shape::List(items) => Some(items),
            _ => None,
        }
    }

    /// The map, if it is one.
    #[must_use]
    pub fn map(&self) -> Option<&Map> {
        match &self.shape {
            Shape::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Whether Python would call it true: not null, false, zero or empty.
    #[must_use]
    pub fn truthy(&self) -> bool {
        match &self.shape {
            Shape::Null => false,
            Shape::Bool(b) => *b,
            Shape::Int(n) => *n != 0,
            Shape::Float(n) => *n != 0.0,
            Shape::Text(t) => !t.value.is_empty(),
            Shape::Date(_) | Shape::Tagged(_) => true,
            Shape::List(items) => !items.is_empty(),
            Shape::Map(map) => !map.entries.is_empty(),
        }
    }

    /// A short word for what it is, for messages.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match &self.shape {
            Shape::Null => "nothing (null)",
            Shape::Bool(_) => "a boolean",
            Shape::Int(_) => "an integer",
            Shape::Float(_) => "a number",
            Shape::Text(_) => "a string",
            Shape::Date(_) => "a date",
            Shape::Tagged(_) => "a tagged value",
            Shape::List(_) => "a list",
            Shape::Map(_) => "a map",
        }
    }

    /// The value as JSON. Dates and tagged scalars become strings, numbers
    /// that JSON cannot hold become `{"__float__": …}`, keys become text.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.shape {
            Shape::Null => Value::Null,
            Shape::Bool(b) => Value::Bool(*b),
            Shape::Int(n) => i64::try_from(*n).map_or_else(
                |_| u64::try_from(*n).map_or_else(|_| float(*n as f64), Value::from),
                Value::from,
            ),
            Shape::Float(n) => float(*n),
            Shape::Text(t) => Value::String(t.value.clone()),
            Shape::Date(s) | Shape::Tagged(s) => Value::String(s.clone()),
            Shape::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Shape::Map(map) => Value::Object(
                map.entries
                    .iter()
                    .map(|f| (f.key.key_string(), f.value.to_json()))
                    .collect::<serde_json::Map<_, _>>(),
            ),
        }
    }

    /// How a key reads in a dotted path.
    #[must_use]
    pub fn key_string(&self) -> String {
        match &self.shape {
            Shape::Null => "null".into(),
            Shape::Bool(b) => b.to_string(),
            Shape::Int(n) => n.to_string(),
            Shape::Float(n) => n.to_string(),
            Shape::Text(t) => t.value.clone(),
            Shape::Date(s) | Shape::Tagged(s) => s.clone(),
            Shape::List(_) => "[…]".into(),
            Shape::Map(_) => "{…}".into(),
        }
    }
}

fn float(n: f64) -> Value {
    serde_json::Number::from_f64(n).map_or_else(
        || {
            let word = if n.is_nan() {
                "nan"
            } else if n > 0.0 {
                "inf"
            } else {
                "-inf"
            };
            serde_json::json!({ "__float__": word })
        },
        Value::Number,
    )
}

/// A part of a text, by byte range of its value.
pub type Part = Range<usize>;
