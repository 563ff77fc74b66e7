//! Walks a document along the schema's tables and reports S1..S5. Rules that
//! know a particular key or object live beside its table, not here.

use crate::data::{Datum, Field, Map, Shape};
use crate::diagnostic::{Diagnostic, Edit, Severity};
use crate::nearest::nearest;
use crate::source::Loc;

use super::super::findings::Findings;
use super::lax;
use super::top::TOP;
use super::types::{Key, Kind, Model};
use super::wording::{capital, list_words, range_words, start_of, synonym};

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

    fn bounds(
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

    fn word(&mut self, words: &'static [&'static str], datum: &Datum) -> bool {
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

    fn wrong(&mut self, datum: &Datum, expected: &str) -> bool {
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

    fn key_not_text(&mut self, field: &Field) -> bool {
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

    fn missing(
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

    fn unknown_key(&mut self, model: &'static Model, map: &Map, field: &Field, name: &str) -> bool {
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
