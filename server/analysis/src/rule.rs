//! What a rule is: a code, where it applies, and a function from the model to a report.

use std::rc::Rc;

use fermata_workflow::loader::Loaded;
use fermata_workflow::{Diagnostic, Dialect, Workflow};

use crate::texts::Texts;

/// One rule of ours. Its page is `docs/rules/<code>.md`.
pub struct Rule {
    /// Kebab-case code, stable.
    pub code: &'static str,
    /// Dialects it looks at.
    pub dialects: &'static [Dialect],
    /// Reads the model, adds to the report.
    pub check: fn(&Loaded, &Workflow, &mut Report),
}

/// Both dialects.
pub(crate) const BOTH: &[Dialect] = &[Dialect::Conductor, Dialect::Archon];
/// Archon only.
pub(crate) const ARCHON: &[Dialect] = &[Dialect::Archon];
/// Conductor only.
pub(crate) const CONDUCTOR: &[Dialect] = &[Dialect::Conductor];

/// Where rules put what they find, with what they share.
#[derive(Debug, Default)]
pub struct Report {
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) texts: Rc<Texts>,
}

impl Report {
    /// An empty report on a workflow whose texts are read.
    pub(crate) fn new(texts: Texts) -> Self {
        Self {
            diagnostics: Vec::new(),
            texts: Rc::new(texts),
        }
    }

    /// Every template and condition of the workflow, parsed once for all rules.
    pub(crate) fn texts(&self) -> Rc<Texts> {
        Rc::clone(&self.texts)
    }

    /// Adds a finding.
    pub fn add(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Adds a finding, if there is one.
    pub fn extend(&mut self, found: Option<Diagnostic>) {
        self.diagnostics.extend(found);
    }
}
