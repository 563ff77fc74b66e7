//! Exit codes (design/protocol.md) and errors of usage.

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: fine, also a detached run.
    Fine,
    /// 1: errors found, run failed or cancelled, request refused.
    Failed,
    /// 2: wrong usage, unreadable input, not a workflow.
    Usage,
    /// 3: a choice about an earlier run, or about a changed definition, is needed.
    Choice,
    /// 4: waiting at a gate that nobody here can answer.
    Waiting,
}

impl Exit {
    /// The process exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Choice => 3,
            Self::Waiting => 4,
        }
    }
}

/// Wrong usage or unreadable input: what was expected, what was found, what to do. Ends with exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(String);

impl Usage {
    /// With this message.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}
