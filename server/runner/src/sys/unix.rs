//! Unix: process groups and, on Linux, `/proc`.

use std::time::Duration;

use fermata_engine::event::ProcessId;
use fermata_store::process;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// How long a group may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);

/// How often a group that was asked to end is looked at.
const LOOK: Duration = Duration::from_millis(10);

fn group(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

/// Asks every process of the group to end. Whether the group existed.
fn terminate(pid: u32) -> bool {
    group(pid).is_some_and(|group| kill_process_group(group, Signal::TERM).is_ok())
}

/// Ends every process of the group at once. Whether the group existed.
fn kill(pid: u32) -> bool {
    group(pid).is_some_and(|group| kill_process_group(group, Signal::KILL).is_ok())
}

/// Whether the group has a process.
fn group_exists(pid: u32) -> bool {
    group(pid).is_some_and(|group| test_kill_process_group(group).is_ok())
}

/// Ends the group that this process led: SIGTERM, a grace period, SIGKILL. Does nothing when the
/// number belongs to somebody else by now. Whether anything was ended.
pub(crate) async fn end_group(leader: &ProcessId) -> bool {
    // While a group exists its number is not given to a new process, so a group without
    // its leader is still the old one.
    let left = || process::living(leader.pid).is_none() && group_exists(leader.pid);
    if !process::is_of_this_boot(leader) || !(process::is_alive(leader) || left()) {
        return false;
    }
    end_own_group(leader.pid).await;
    true
}

/// Ends a group that this process started itself.
pub(crate) async fn end_own_group(pid: u32) {
    if !terminate(pid) {
        return;
    }
    let mut waited = Duration::ZERO;
    while group_exists(pid) && waited < GRACE {
        tokio::time::sleep(LOOK).await;
        waited += LOOK;
    }
    kill(pid);
}

/// Exit code as the dialect sees it: minus the signal's number when a signal ended the process.
pub(crate) fn exit_code(status: std::process::ExitStatus) -> i64 {
    use std::os::unix::process::ExitStatusExt;
    match status.code() {
        Some(code) => i64::from(code),
        None => status.signal().map_or(-1, |signal| -i64::from(signal)),
    }
}
