//! How the schema is described: plain data, so that checking, completion,
//! hover and the exported JSON Schema read the same tables.

use crate::data::Datum;

use super::check::Checker;

/// An object with known keys.
#[derive(Debug)]
pub struct Model {
    /// What it is, with an article: "a step".
    pub name: &'static str,
    /// Whether unknown keys are errors; otherwise they are silently ignored.
    pub strict: bool,
    /// Its keys.
    pub keys: &'static [Key],
    /// Rules over several keys, run when every key passed.
    pub(super) rules: Option<fn(&mut Checker<'_>, &Datum)>,
}

/// One key of an object.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether it must be there.
    pub required: bool,
    /// Whether null is taken for absent.
    pub nullable: bool,
    /// One sentence for people.
    pub doc: &'static str,
    /// A rule on the value, run when its kind passed.
    pub(super) rule: Option<fn(&mut Checker<'_>, &Datum)>,
}

/// What a key takes.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Anything.
    Any,
    /// A string, and nothing that merely looks like one.
    Str,
    /// An integer in a range, also written as a string, boolean or whole float.
    Int(Option<i64>, Option<i64>),
    /// A number: at least, above, at most.
    Number(Option<f64>, Option<f64>, Option<f64>),
    /// A boolean, also written as one of the usual words.
    Bool,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of these words, or any string that passes the key's own rule.
    WordOrText(&'static [&'static str]),
    /// A string, an integer or a float; the key's own rule says which.
    Scalar,
    /// A list.
    List(&'static Kind),
    /// A map from names to values.
    Map(&'static Kind),
    /// An object.
    Model(&'static Model),
    /// An object, or a string that stands for one with only this key.
    Short(&'static str, &'static Model),
}

impl Model {
    /// The key of this name.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|k| k.name == name)
    }

    pub(super) const fn strict(name: &'static str, keys: &'static [Key]) -> Self {
        Self {
            name,
            strict: true,
            keys,
            rules: None,
        }
    }

    pub(super) const fn loose(name: &'static str, keys: &'static [Key]) -> Self {
        Self {
            name,
            strict: false,
            keys,
            rules: None,
        }
    }

    pub(super) const fn rules(mut self, rules: fn(&mut Checker<'_>, &Datum)) -> Self {
        self.rules = Some(rules);
        self
    }
}

impl Key {
    /// Must be there.
    pub(super) const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self {
            name,
            kind,
            required: true,
            nullable: false,
            doc,
            rule: None,
        }
    }

    /// May be absent or null.
    pub(super) const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self {
            name,
            kind,
            required: false,
            nullable: true,
            doc,
            rule: None,
        }
    }

    /// May be absent, has a default, and must not be null.
    pub(super) const fn default(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self {
            name,
            kind,
            required: false,
            nullable: false,
            doc,
            rule: None,
        }
    }

    pub(super) const fn rule(mut self, rule: fn(&mut Checker<'_>, &Datum)) -> Self {
        self.rule = Some(rule);
        self
    }
}

/// A list of strings.
pub(super) const STRINGS: Kind = Kind::List(&Kind::Str);
/// A map of strings.
pub(super) const STRING_MAP: Kind = Kind::Map(&Kind::Str);
