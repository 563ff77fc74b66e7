//! After a claim: nothing of an earlier worker may still be working when its
//! attempts start again.

use fermata_engine::event::ProcessId;
use fermata_engine::fold::CUT_OFF;
use fermata_engine::{RunId, RunState, StepPath};

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
    let unlogged = unlogged(run, state);
    if !unlogged.is_empty() {
        for group in sys::groups_with(&unlogged) {
            if group != me.pid {
                sys::end_own_group(group).await;
                ended += 1;
            }
        }
    }
    ended
}

/// Step keys of attempts that have neither a result nor a process in the log: their worker may have died between the two.
fn unlogged(run: &RunId, state: &RunState) -> Vec<String> {
    let key = |path: &StepPath| format!("FERMATA_STEP_KEY={run}:{path}");
    let open = state
        .open
        .iter()
        .filter(|(_, open)| open.process.is_none())
        .map(|(path, _)| key(path));
    let cut = state
        .steps
        .values()
        .filter(|record| {
            record.process.is_none() && record.error.as_ref().is_some_and(|e| e.kind == CUT_OFF)
        })
        .map(|record| key(&record.path));
    open.chain(cut).collect()
}
