//! After a claim: nothing of an earlier worker may still be working when its
//! attempts start again.

use fermata_engine::RunState;
use fermata_engine::event::ProcessId;

use crate::sys;

/// Ends the process groups of attempts that an earlier worker left open, and that worker itself if
/// it is alive but no longer holds the lock. Says how many were ended.
pub(crate) async fn end_old_processes(state: &RunState, me: &ProcessId) -> usize {
    let mut ended = 0;
    for open in state.open.values() {
        if let Some(process) = &open.process
            && process.pid != me.pid
            && sys::end_group(process).await
        {
            ended += 1;
        }
    }
    ended
}
