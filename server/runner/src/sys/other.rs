//! Systems without process groups: job objects end with their owner, so that
//! nothing of an earlier worker is left to end.

use fermata_engine::event::ProcessId;

/// Nothing is left of an earlier worker.
pub(crate) async fn end_group(_leader: &ProcessId) -> bool {
    false
}

/// The job object that wraps the process ends its tree.
pub(crate) async fn end_own_group(_pid: u32) {}

/// Exit code.
pub(crate) fn exit_code(status: std::process::ExitStatus) -> i64 {
    status.code().map_or(-1, i64::from)
}
