//! How long an agent may take for what it does outside a turn, and how long it is
//! given to end. A turn's own limit comes with its request.

use std::time::Duration;

/// Patience with agents. The defaults fit the five agents that were measured
/// (docs/agents.md) on a slow machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the start of the process to its answer to `initialize`. Long, because an adapter may be
    /// fetched by `npx` first.
    pub initialize: Duration,
    /// For opening, resuming or configuring a session.
    pub session: Duration,
    /// Longest silence within a turn while no permission is being asked for; the turn's own limit
    /// is usually shorter.
    pub silence: Duration,
    /// From asking to cancel a turn to its end; then the process group is killed.
    pub cancel: Duration,
    /// From the end of its input to a termination signal.
    pub close: Duration,
    /// From the termination signal to the kill.
    pub terminate: Duration,
    /// After a session was loaded: how long nothing must come before its history counts as replayed.
    pub quiet: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            initialize: Duration::from_secs(120),
            session: Duration::from_secs(60),
            silence: Duration::from_secs(60 * 60),
            cancel: Duration::from_secs(5),
            close: Duration::from_secs(1),
            terminate: Duration::from_secs(2),
            quiet: Duration::from_millis(300),
        }
    }
}
