//! What is wrong with a workflow: the one type that lowering and rules report,
//! and that the terminal, the editor and the conformance tests read.

use fermata_syntax::Span;

use crate::source::Loc;

/// How much a diagnostic matters. *Error* of an upstream rule means the dialect's own tool rejects the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The file will not load, not validate or not run.
    Error,
    /// It runs, and somebody will be surprised.
    Warning,
    /// Worth knowing.
    Information,
    /// A suggestion that editors show quietly.
    Hint,
}

/// One thing that is wrong, at the key or value that is wrong and never more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Kebab-case code, stable; `docs/rules/<code>.md` is its page.
    pub code: &'static str,
    /// Default severity; user settings may change it later.
    pub severity: Severity,
    /// The dialect's rule number (`S31`, `V7`, `R55`), `None` for our own rules.
    pub upstream: Option<&'static str>,
    /// One sentence: what is wrong and what would be right.
    pub message: String,
    /// The key or the value that is wrong.
    pub loc: Loc,
    /// The step it belongs to, if any.
    pub step: Option<String>,
    /// The upstream tool's dotted path of the value (`agents.0.routes.1.to`), where it has one.
    pub path: Option<String>,
    /// The other places a reader wants to see.
    pub related: Vec<Related>,
    /// Edits that would mend it, safe ones only, the preferred first.
    pub fixes: Vec<Fix>,
}

/// Another place that explains a diagnostic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub loc: Loc,
    /// What is there.
    pub message: String,
}

/// A change that mends a diagnostic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What the code action is called.
    pub title: String,
    /// Edits, in no overlapping ranges, all in the diagnostic's file.
    pub edits: Vec<Edit>,
}

/// Replace the bytes of `span` by `text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Bytes to replace; empty to insert.
    pub span: Span,
    /// The new text.
    pub text: String,
}

impl Diagnostic {
    /// A diagnostic with nothing but its essentials.
    #[must_use]
    pub fn new(
        code: &'static str,
        severity: Severity,
        loc: Loc,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity,
            upstream: None,
            message: message.into(),
            loc,
            step: None,
            path: None,
            related: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// Marks it as the dialect's own rule `number`.
    #[must_use]
    pub fn upstream(mut self, number: &'static str) -> Self {
        self.upstream = Some(number);
        self
    }

    /// Names the step it belongs to.
    #[must_use]
    pub fn step(mut self, name: impl Into<String>) -> Self {
        self.step = Some(name.into());
        self
    }

    /// Names the place in the document, dotted: `agents.0.routes`.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Adds a place that explains it.
    #[must_use]
    pub fn related(mut self, loc: Loc, message: impl Into<String>) -> Self {
        self.related.push(Related {
            loc,
            message: message.into(),
        });
        self
    }

    /// Adds a fix.
    #[must_use]
    pub fn fix(mut self, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fixes.push(Fix {
            title: title.into(),
            edits,
        });
        self
    }

    /// Whether the dialect's own tool rejects the file because of this.
    #[must_use]
    pub fn rejects(&self) -> bool {
        self.upstream.is_some() && self.severity == Severity::Error
    }
}
