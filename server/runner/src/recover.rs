//! After a claim: nothing of an earlier worker may still be working when its
//! attempts start again.

use fermata_engine::event::ProcessId;
use fermata_engine::{RunId, RunState};
use fermata_store::process;

use crate::sys;

/// Ends the process groups of attempts that an earlier worker left behind: those in the log, and those
/// that it had no time to log, known by the step key in their environment. Says how many were ended.
pub(crate) async fn end_old_processes(run: &RunId, state: &RunState, me: &ProcessId) -> usize {
    let mut ended = 0;
    for open in state.open.values() {
        if let Some(process) = &open.process
            && process.pid != me.pid
            && sys::end_group(process).await
        {
            ended += 1;
        }
    }
    for group in process::unnamed(run, state) {
        sys::end_own_group(group).await;
        ended += 1;
    }
    ended
}
