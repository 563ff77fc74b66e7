//! What the dialect's own tool would say about a file as a whole.

use crate::diagnostic::Diagnostic;
use crate::loader::Loaded;

/// What the dialect's own tool would say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It would take the file, perhaps with warnings.
    Accepted,
    /// It would refuse it.
    Rejected,
}

impl Verdict {
    /// The word in JSON: `accepted` or `rejected`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}

/// Rejected exactly when some diagnostic is an error of an upstream rule.
#[must_use]
pub fn verdict(diagnostics: &[Diagnostic]) -> Verdict {
    if diagnostics.iter().any(Diagnostic::rejects) {
        Verdict::Rejected
    } else {
        Verdict::Accepted
    }
}

/// The rule numbers that the dialect's own tool would have named, sorted, each
/// once. Fewer than our diagnostics carry: it stops where a stage fails.
#[must_use]
pub fn agreed_rules(loaded: &Loaded) -> Vec<&'static str> {
    loaded.agreed.clone()
}
