//! Which failures are worth another attempt (specs/archon.md 4.2, "Error classification").

/// The class of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureClass {
    /// Never retried: credentials, credit.
    Fatal,
    /// Retried by default: network, limits, crashes.
    Transient,
    /// Retried only under `on_error: all`.
    Unknown,
}

impl FailureClass {
    /// The word in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fatal => "FATAL",
            Self::Transient => "TRANSIENT",
            Self::Unknown => "UNKNOWN",
        }
    }
}

const FATAL: &[&str] = &[
    "unauthorized",
    "forbidden",
    "invalid token",
    "authentication failed",
    "permission denied",
    "401",
    "403",
    "credit balance",
    "session limit",
    "usage limit reached",
    "credit exhaustion",
];
const TRANSIENT: &[&str] = &[
    "timeout",
    "econnrefused",
    "econnreset",
    "etimedout",
    "rate limit",
    "too many requests",
    "429",
    "503",
    "502",
    "529",
    "overloaded",
    "at capacity",
    "network error",
    "socket hang up",
    "exited with code",
    "claude code crash",
];

/// Reads the class off a message.
#[must_use]
pub fn classify(message: &str) -> FailureClass {
    let message = message.to_lowercase();
    let any = |words: &[&str]| words.iter().any(|w| message.contains(w));
    if any(FATAL) {
        FailureClass::Fatal
    } else if any(TRANSIENT) {
        FailureClass::Transient
    } else if message.contains("auth error") {
        FailureClass::Fatal
    } else {
        FailureClass::Unknown
    }
}
