//! How the keys of the dialect are described: plain data that checking, completion, hover and the exported JSON Schema
//! read alike. And the walk that checks a map by its description.

use serde_json::Value;

use super::fields::{
    self, Bounds, Object, boolean, full_text, full_texts, number, object, one_of, required,
    required_number, solid_text, text, texts, words,
};
use super::issue::{Issues, Rule};

/// A map with known keys.
#[derive(Debug)]
pub struct Model {
    /// What it is, with an article.
    pub name: &'static str,
    /// Its keys, in the order in which the dialect looks at them.
    pub keys: &'static [Key],
    /// What the keys say together, looked at when each has its type.
    pub(super) rules: Option<fn(&Object, &mut Issues)>,
}

/// One key of a map.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether it must be there.
    pub required: bool,
    /// One sentence for people.
    pub doc: &'static str,
    pub(super) rule: Rule,
}

/// What a key takes.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A text.
    Text,
    /// A text that is not empty.
    Full,
    /// A text that is not blank.
    Solid,
    /// `true` or `false`.
    Flag,
    /// A number; both ends are allowed values.
    Number {
        /// At least.
        least: f64,
        /// At most.
        most: f64,
        /// Whole numbers only.
        integer: bool,
        /// Above zero; `least` says nothing then.
        positive: bool,
    },
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// A list of texts that are not empty, with at least so many items.
    Fulls(usize),
    /// A list of these words.
    Words(&'static [&'static str]),
    /// A map with any keys.
    Map,
    /// A map with these keys.
    Object(&'static Model),
    /// Checked by a function of its own.
    Own(Own),
}

/// A key with a check of its own.
#[derive(Debug, Clone, Copy)]
pub struct Own {
    pub(super) check: fn(&Object, &mut Issues),
    /// What it takes, in words.
    pub words: &'static str,
    /// The keys of its items, if it holds maps.
    pub items: Option<&'static Model>,
    /// What it takes, as JSON Schema; `items` are filled in.
    pub(super) schema: fn() -> Value,
}

impl Kind {
    pub(super) const POSITIVE: Self = Self::Number {
        least: 0.0,
        most: f64::INFINITY,
        integer: false,
        positive: true,
    };
    pub(super) const COUNT: Self = Self::Number {
        least: 0.0,
        most: f64::INFINITY,
        integer: true,
        positive: true,
    };

    pub(super) const fn between(least: f64, most: f64, integer: bool) -> Self {
        Self::Number {
            least,
            most,
            integer,
            positive: false,
        }
    }
}

impl Model {
    /// The key of this name.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|k| k.name == name)
    }

    /// The map, or the item, that stands under a key.
    #[must_use]
    pub fn below(&self, name: &str) -> Option<&'static Model> {
        match self.key(name)?.kind {
            Kind::Object(model) => Some(model),
            Kind::Own(own) => own.items,
            _ => None,
        }
    }

    /// The names of all keys.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.keys.iter().map(|k| k.name)
    }
}

impl Key {
    pub(super) const fn new(name: &'static str, rule: Rule, kind: Kind, doc: &'static str) -> Self {
        Self {
            name,
            kind,
            required: false,
            doc,
            rule,
        }
    }

    pub(super) const fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

/// Checks a map by its description, and what its keys say together when each has its type.
pub(super) fn check(model: &Model, map: &Object, issues: &mut Issues) {
    let before = issues.broken();
    for key in model.keys {
        one(key, map, issues);
    }
    if let Some(rules) = model.rules.filter(|_| issues.broken() == before) {
        rules(map, issues);
    }
}

fn one(key: &Key, map: &Object, issues: &mut Issues) {
    let (name, rule) = (key.name, key.rule);
    match key.kind {
        Kind::Text | Kind::Full | Kind::Solid if key.required && !map.contains_key(name) => {
            required(map, name, rule, issues);
        }
        Kind::Text => text(map, name, rule, issues),
        Kind::Full => full_text(map, name, rule, issues),
        Kind::Solid => solid_text(map, name, rule, issues),
        Kind::Flag => boolean(map, name, rule, issues),
        Kind::Number {
            least,
            most,
            integer,
            positive,
        } => {
            let bounds = Bounds {
                least,
                most,
                integer,
                positive,
            };
            if key.required {
                required_number(map, name, bounds, rule, issues);
            } else {
                number(map, name, bounds, rule, issues);
            }
        }
        Kind::Word(list) => one_of(map, name, list, rule, issues),
        Kind::Texts => texts(map, name, rule, issues),
        Kind::Fulls(least) => full_texts(map, name, least, rule, issues),
        Kind::Words(list) => words(map, name, list, issues),
        Kind::Map => object(map, name, rule, issues, |_, _| {}),
        Kind::Object(model) => object(map, name, rule, issues, |inner, i| check(model, inner, i)),
        Kind::Own(own) => (own.check)(map, issues),
    }
}

/// Checks an item of a list, which must be a map with these keys.
pub(super) fn item(model: &Model, value: &Value, rule: Rule, wanted: &str, issues: &mut Issues) {
    match value.as_object() {
        Some(map) => check(model, map, issues),
        None => issues.wrong(
            "invalid_type",
            rule,
            format!("Expected {wanted}, found {}", fields::word(value)),
        ),
    }
}
