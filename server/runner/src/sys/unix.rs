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

/// Whether [`groups_with`] finds anything here.
pub(crate) const SHOWS_ENVIRONMENTS: bool = cfg!(target_os = "linux");

/// Leaders' numbers of the groups whose processes have one of these variables in their environment, as `NAME=value`.
/// Nothing where the system does not show environments.
pub(crate) fn groups_with(variables: &[String]) -> Vec<u32> {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let mut groups: Vec<u32> = processes
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let pid = path.file_name()?.to_str()?.parse().ok()?;
            let environment = std::fs::read(path.join("environ")).ok()?;
            environment
                .split(|byte| *byte == 0)
                .any(|entry| variables.iter().any(|v| v.as_bytes() == entry))
                .then_some(())?;
            process::living(pid).map(|living| living.group)
        })
        .collect();
    groups.sort_unstable();
    groups.dedup();
    groups
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
