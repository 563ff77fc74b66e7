//! Collects what is wrong, and beside it what the dialect's own tool would have
//! reported: it stops after the stage that failed, and inside a stage after the
//! first hit of some rules. Knows no rule.

use crate::diagnostic::{Diagnostic, Severity};

/// Diagnostics by stage.
#[derive(Debug, Default)]
pub(super) struct Findings {
    all: Vec<Diagnostic>,
    load: Option<&'static str>,
    fields: Vec<&'static str>,
    whole: Option<&'static str>,
    errors: Vec<&'static str>,
    warnings: Vec<&'static str>,
}

impl Findings {
    /// A load rule: the first one is all that the dialect's tool says.
    pub(super) fn load(&mut self, diagnostic: Diagnostic) {
        if self.load.is_none() && diagnostic.rejects() {
            self.load = diagnostic.upstream;
        }
        self.all.push(diagnostic);
    }

    /// A schema rule that the dialect's tool reports together with others.
    pub(super) fn field(&mut self, diagnostic: Diagnostic) {
        self.fields.extend(diagnostic.upstream);
        self.all.push(diagnostic);
    }

    /// A schema rule that the dialect's tool does not get to, because the same object has failed before.
    pub(super) fn shadowed(&mut self, diagnostic: Diagnostic) {
        self.all.push(diagnostic);
    }

    /// A rule about the whole file: the first hit only, and only when every field passed.
    pub(super) fn whole(&mut self, diagnostic: Diagnostic) {
        if self.whole.is_none() {
            self.whole = diagnostic.upstream;
        }
        self.all.push(diagnostic);
    }

    /// A semantic rule.
    pub(super) fn semantic(&mut self, diagnostic: Diagnostic) {
        let list = if diagnostic.severity == Severity::Error {
            &mut self.errors
        } else {
            &mut self.warnings
        };
        list.extend(diagnostic.upstream);
        self.all.push(diagnostic);
    }

    /// Whether load and schema rules passed so far.
    pub(super) fn schema_passed(&self) -> bool {
        self.load.is_none() && self.fields.is_empty() && self.whole.is_none()
    }

    /// Whether every field rule passed so far.
    pub(super) fn fields_passed(&self) -> bool {
        self.fields.is_empty()
    }

    /// Everything found in file order, and the rules that the dialect's tool would have named, sorted.
    pub(super) fn finish(self) -> (Vec<Diagnostic>, Vec<&'static str>) {
        let mut agreed = if let Some(rule) = self.load {
            vec![rule]
        } else if !self.fields.is_empty() {
            self.fields
        } else if let Some(rule) = self.whole {
            vec![rule]
        } else if !self.errors.is_empty() {
            self.errors
        } else {
            self.warnings
        };
        agreed.sort_unstable();
        agreed.dedup();
        let mut all = self.all;
        all.sort_by_key(|d| (d.loc.file, d.loc.span.start(), d.severity));
        (all, agreed)
    }
}
