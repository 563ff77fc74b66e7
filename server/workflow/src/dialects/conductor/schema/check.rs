//! Walks a document along the schema's tables and finds S1..S5; what they say
//! is in `refuse`. Rules that know a particular key or object live beside its
//! table, not here.

use crate::data::{Datum, Field, Map, Shape};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Loc;

use super::super::findings::Findings;
use super::lax;
use super::top::TOP;
use super::types::{Key, Kind, Model};
use super::wording::{range_words, start_of};

mod refuse;

/// One walk over one document.
pub(super) struct Checker<'a> {
    findings: &'a mut Findings,
    /// Dotted path of the value being checked.
    path: Vec<String>,
    /// Places of the keys that lead here, for what is missing.
    anchors: Vec<Loc>,
    step: Option<String>,
    failed: bool,
    /// In rules over several keys the dialect stops at the first hit; `None` outside of them.
    hit: Option<bool>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(findings: &'a mut Findings) -> Self {
        Self {
            findings,
            path: Vec::new(),
            anchors: Vec::new(),
            step: None,
            failed: false,
            hit: None,
        }
    }

    /// Checks the whole document.
    pub(super) fn document(&mut self, datum: &Datum) {
        self.anchors.push(start_of(datum));
        self.model(&TOP, datum);
    }

    /// Reports a rule at a place.
    pub(super) fn fail(
        &mut self,
        rule: &'static str,
        code: &'static str,
        loc: Loc,
        message: impl Into<String>,
    ) {
        let diagnostic = Diagnostic::new(code, Severity::Error, loc, message).upstream(rule);
        self.report(diagnostic);
    }

    /// Reports a prepared diagnostic of an upstream rule.
    pub(super) fn report(&mut self, mut diagnostic: Diagnostic) {
        if diagnostic.step.is_none() {
            diagnostic.step.clone_from(&self.step);
        }
        if diagnostic.path.is_none() {
            diagnostic.path = Some(self.path.join("."));
        }
        self.failed = true;
        match &mut self.hit {
            Some(true) => self.findings.shadowed(diagnostic),
            Some(hit) => {
                *hit = true;
                self.findings.field(diagnostic);
            }
            None => self.findings.field(diagnostic),
        }
    }

    /// The key or name that the value being checked belongs to.
    pub(super) fn anchor(&self) -> Option<Loc> {
        self.anchors.last().copied()
    }

    /// Checks a value against a kind; true when it and everything below passed.
    fn value(&mut self, kind: &Kind, datum: &Datum) -> bool {
        match kind {
            Kind::Any => true,
            Kind::Str => datum.text().is_some() || self.wrong(datum, "a string"),
            Kind::Int(low, high) => match lax::integer(datum) {
                Some(n) => self.bounds(
                    datum,
                    low.is_none_or(|l| n >= i128::from(l)),
                    high.is_none_or(|h| n <= i128::from(h)),
                    || {
                        range_words(
                            low.map(|n| n.to_string()),
                            None,
                            high.map(|n| n.to_string()),
                        )
                    },
                ),
                None => self.wrong(datum, "a whole number"),
            },
            Kind::Number(least, above, most) => match lax::number(datum) {
                Some(n) => {
                    let low = least.is_none_or(|l| n >= l) && above.is_none_or(|a| n > a);
                    self.bounds(datum, low, most.is_none_or(|m| n <= m), || {
                        range_words(
                            least.map(|n| n.to_string()),
                            above.map(|n| n.to_string()),
                            most.map(|n| n.to_string()),
                        )
                    })
                }
                None => self.wrong(datum, "a number"),
            },
            Kind::Bool => lax::boolean(datum).is_some() || self.wrong(datum, "true or false"),
            Kind::Word(words) => self.word(words, datum),
            Kind::WordOrText(words) => {
                if datum.text().is_some() {
                    return true;
                }
                self.word(words, datum);
                self.wrong(datum, "a string")
            }
            Kind::Scalar => {
                matches!(
                    datum.shape,
                    Shape::Text(_) | Shape::Int(_) | Shape::Float(_) | Shape::Bool(_)
                ) || self.wrong(datum, "a number or a string")
            }
            Kind::List(item) => {
                let Some(items) = datum.list() else {
                    return self.wrong(datum, "a list");
                };
                let mut ok = true;
                for (index, element) in items.iter().enumerate() {
                    ok &= self.below(index.to_string(), start_of(element), |c| {
                        c.value(item, element)
                    });
                }
                ok
            }
            Kind::Map(value) => {
                let Some(map) = datum.map() else {
                    return self.wrong(datum, "a map from names to values");
                };
                let mut ok = true;
                for field in &map.entries {
                    if field.key.text().is_none() {
                        ok = self.key_not_text(field);
                    }
                    ok &= self.below(field.key.key_string(), field.key.loc, |c| {
                        c.value(value, &field.value)
                    });
                }
                ok
            }
            Kind::Model(model) => self.model(model, datum),
            Kind::Short(key, model) => {
                if datum.text().is_some() {
                    return self.short(key, model, datum);
                }
                self.model(model, datum)
            }
        }
    }

    fn model(&mut self, model: &'static Model, datum: &Datum) -> bool {
        let Some(map) = datum.map() else {
            let expected = format!("{} (a mapping)", model.name);
            return self.wrong(datum, &expected);
        };
        let outer = self.step.clone();
        if model.name == "a step" {
            self.step = map
                .text("name")
                .map(|t| t.value.clone())
                .or_else(|| self.step.clone());
        }
        let mut ok = true;
        for key in model.keys {
            match map.field(key.name) {
                Some(field) => ok &= self.key(key, field),
                None if key.required => ok = self.missing(model, map, key, datum),
                None => {}
            }
        }
        if model.strict {
            for field in &map.entries {
                match field.key.text() {
                    None => ok = self.key_not_text(field),
                    Some(name) if model.key(&name.value).is_none() => {
                        ok = self.unknown_key(model, map, field, &name.value)
                    }
                    Some(_) => {}
                }
            }
        }
        if ok && let Some(rules) = model.rules {
            ok = self.after(|c| rules(c, datum));
        }
        self.step = outer;
        ok
    }

    /// A string in the place of an object with only `key`.
    fn short(&mut self, key: &'static str, model: &'static Model, datum: &Datum) -> bool {
        let Some(known) = model.key(key) else {
            return true;
        };
        let name = Datum {
            shape: Shape::Text(crate::source::Text {
                value: key.to_owned(),
                loc: datum.loc,
                node: None,
                substituted: true,
                partials: Default::default(),
            }),
            loc: datum.loc,
            plain: false,
        };
        let field = Field {
            key: name,
            value: datum.clone(),
        };
        if !self.key(known, &field) {
            return false;
        }
        let Some(rules) = model.rules else {
            return true;
        };
        let object = Datum {
            shape: Shape::Map(Map {
                entries: vec![field],
            }),
            loc: datum.loc,
            plain: false,
        };
        self.after(|c| rules(c, &object))
    }

    fn key(&mut self, key: &'static Key, field: &Field) -> bool {
        if key.nullable && field.value.is_null() {
            return true;
        }
        self.below(key.name.to_owned(), field.key.loc, |c| {
            let passed = c.value(&key.kind, &field.value);
            match key.rule {
                Some(rule) if passed => c.after(|c| rule(c, &field.value)),
                _ => passed,
            }
        })
    }

    /// Runs rules of which the dialect reports the first hit only; true when none hit.
    fn after(&mut self, rules: impl FnOnce(&mut Self)) -> bool {
        let (hit, failed) = (
            self.hit.replace(false),
            std::mem::replace(&mut self.failed, false),
        );
        rules(self);
        self.hit = hit;
        !std::mem::replace(&mut self.failed, failed)
    }

    /// Goes one key or index down.
    fn below(&mut self, part: String, anchor: Loc, check: impl FnOnce(&mut Self) -> bool) -> bool {
        self.path.push(part);
        self.anchors.push(anchor);
        let ok = check(self);
        self.anchors.pop();
        self.path.pop();
        ok
    }

    /// Runs `check` with `part` added to the path.
    pub(super) fn at(&mut self, part: &str, check: impl FnOnce(&mut Self)) {
        self.path.push(part.to_owned());
        check(self);
        self.path.pop();
    }
}
