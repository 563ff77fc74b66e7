//! Systems without process groups: job objects end with their owner, so that
//! nothing of an earlier worker is left to end.

use fermata_engine::event::ProcessId;

/// The identity of a process as far as the system tells it.
#[must_use]
pub fn identity(pid: u32) -> ProcessId {
    ProcessId {
        pid,
        started: 0,
        boot: String::new(),
    }
}

/// This process.
#[must_use]
pub fn this_process() -> ProcessId {
    identity(std::process::id())
}

/// Cannot be told without a start time.
#[must_use]
pub fn is_alive(_process: &ProcessId) -> bool {
    false
}

/// Nothing is left of an earlier worker.
pub async fn end_group(_leader: &ProcessId) -> bool {
    false
}

/// Whether [`groups_with`] finds anything here.
pub const SHOWS_ENVIRONMENTS: bool = false;

/// Processes cannot be told by their environment here.
#[must_use]
pub fn groups_with(_variables: &[String]) -> Vec<u32> {
    Vec::new()
}

/// The job object that wraps the process ends its tree.
pub async fn end_own_group(_pid: u32) {}

/// Exit code.
#[must_use]
pub fn exit_code(status: std::process::ExitStatus) -> i64 {
    status.code().map_or(-1, i64::from)
}
