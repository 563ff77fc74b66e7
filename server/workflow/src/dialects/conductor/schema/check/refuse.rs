//! What S1..S5 say, where they say it and how it is put right.

use crate::data::{Datum, Field, Map, Shape};
use crate::diagnostic::{Diagnostic, Edit, Severity};
use crate::nearest::nearest;

use super::super::types::{Key, Model};
use super::super::wording::{capital, list_words, start_of, synonym};
use super::Checker;

impl Checker<'_> {
    pub(super) fn bounds(
        &mut self,
        datum: &Datum,
        low: bool,
        high: bool,
        words: impl FnOnce() -> String,
    ) -> bool {
        if low && high {
            return true;
        }
        let name = self.name();
        self.fail(
            "S5",
            "out-of-range",
            datum.loc,
            format!("`{name}` must be {}", words()),
        );
        false
    }

    pub(super) fn word(&mut self, words: &'static [&'static str], datum: &Datum) -> bool {
        let text = datum.text().map(|t| t.value.as_str());
        if text.is_some_and(|t| words.contains(&t)) {
            return true;
        }
        let name = self.name();
        let list = list_words(words);
        let mut message = match text {
            Some(text) => format!("`{name}` cannot be `{text}`; it is {list}"),
            None => format!("`{name}` is {}; it is {list}", datum.word()),
        };
        let best =
            text.and_then(|t| nearest(t, words.iter().copied()).or_else(|| synonym(t, words)));
        if let Some(best) = best {
            message.push_str(&format!(" (did you mean `{best}`?)"));
        }
        let mut diagnostic =
            Diagnostic::new("invalid-value", Severity::Error, datum.loc, message).upstream("S4");
        if let (Some(best), Some(text)) = (best, datum.text())
            && text.node.is_some()
        {
            diagnostic = diagnostic.fix(
                format!("Change to `{best}`"),
                vec![Edit {
                    span: datum.loc.span,
                    text: best.to_owned(),
                }],
            );
        }
        self.report(diagnostic);
        false
    }

    pub(super) fn wrong(&mut self, datum: &Datum, expected: &str) -> bool {
        let name = self.name();
        let mut message = format!("`{name}` must be {expected}, this is {}", datum.word());
        if expected == "a string"
            && matches!(
                datum.shape,
                Shape::Bool(_) | Shape::Int(_) | Shape::Float(_) | Shape::Date(_)
            )
        {
            message.push_str("; put it in quotes");
        }
        // A whole file in the wrong place is wrong where it is put, not in itself.
        let foreign = self.anchor().filter(|at| at.file != datum.loc.file);
        let loc = match foreign {
            Some(at) => at,
            None if datum.loc.span.is_empty() => self.anchor().unwrap_or(datum.loc),
            None => datum.loc,
        };
        let mut diagnostic =
            Diagnostic::new("wrong-type", Severity::Error, loc, message).upstream("S3");
        if foreign.is_some() {
            diagnostic = diagnostic.related(datum.loc, "what the file holds");
        }
        let scalar = matches!(
            datum.shape,
            Shape::Bool(_) | Shape::Int(_) | Shape::Float(_) | Shape::Date(_)
        );
        if expected == "a string"
            && scalar
            && datum.plain
            && foreign.is_none()
            && !datum.loc.span.is_empty()
        {
            let span = datum.loc.span;
            let (open, close) = (
                fermata_syntax::Span::empty(span.start()),
                fermata_syntax::Span::empty(span.end()),
            );
            diagnostic = diagnostic.fix(
                "Put it in quotes",
                vec![
                    Edit {
                        span: open,
                        text: "\"".into(),
                    },
                    Edit {
                        span: close,
                        text: "\"".into(),
                    },
                ],
            );
        }
        self.report(diagnostic);
        false
    }

    pub(super) fn key_not_text(&mut self, field: &Field) -> bool {
        let key = field.key.key_string();
        self.path.push(key.clone());
        self.fail(
            "S3",
            "wrong-type",
            field.key.loc,
            format!("Keys must be strings, `{key}` is {}", field.key.word()),
        );
        self.path.pop();
        false
    }

    pub(super) fn missing(
        &mut self,
        model: &'static Model,
        map: &Map,
        key: &'static Key,
        datum: &Datum,
    ) -> bool {
        let at = map
            .field("name")
            .filter(|f| f.value.text().is_some())
            .map(|f| f.value.loc);
        let near = map
            .entries
            .iter()
            .filter(|f| f.key.text().is_some_and(|t| model.key(&t.value).is_none()))
            .find(|f| {
                f.key
                    .text()
                    .is_some_and(|t| nearest(&t.value, [key.name]).is_some())
            })
            .or_else(|| {
                map.entries
                    .iter()
                    .find(|f| f.key.text().is_none() && f.key.key_string() == key.name)
            });
        let mut message = format!("{} needs `{}`", capital(model.name), key.name);
        let loc = match near {
            Some(field) => {
                message.push_str(&format!("; `{}` is no key", field.key.key_string()));
                field.key.loc
            }
            None => at
                .or_else(|| self.anchor())
                .unwrap_or_else(|| start_of(datum)),
        };
        self.path.push(key.name.to_owned());
        self.fail("S2", "missing-key", loc, message);
        self.path.pop();
        false
    }

    pub(super) fn unknown_key(
        &mut self,
        model: &'static Model,
        map: &Map,
        field: &Field,
        name: &str,
    ) -> bool {
        let candidates = model
            .keys
            .iter()
            .map(|k| k.name)
            .filter(|k| map.field(k).is_none());
        let best = nearest(name, candidates);
        let message = match best {
            Some(best) => format!(
                "{} has no key `{name}`; did you mean `{best}`?",
                capital(model.name)
            ),
            None if model.keys.len() <= 8 => {
                let keys: Vec<_> = model.keys.iter().map(|k| k.name).collect();
                format!(
                    "{} has no key `{name}`; it takes {}",
                    capital(model.name),
                    list_words(&keys)
                )
            }
            None => format!("{} has no key `{name}`", capital(model.name)),
        };
        let mut diagnostic =
            Diagnostic::new("unknown-key", Severity::Error, field.key.loc, message).upstream("S1");
        if let Some(best) = best {
            diagnostic = diagnostic.fix(
                format!("Rename to `{best}`"),
                vec![Edit {
                    span: field.key.loc.span,
                    text: best.to_owned(),
                }],
            );
        }
        self.path.push(name.to_owned());
        self.report(diagnostic);
        self.path.pop();
        false
    }

    fn name(&self) -> String {
        match self
            .path
            .iter()
            .rev()
            .position(|p| p.parse::<usize>().is_err())
        {
            Some(0) | None => self
                .path
                .last()
                .cloned()
                .unwrap_or_else(|| "the file".into()),
            Some(back) => {
                let at = self.path.len() - 1 - back;
                format!("{}[{}]", self.path[at], self.path[at + 1..].join("]["))
            }
        }
    }
}
