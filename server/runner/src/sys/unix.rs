//! Unix: process groups and, on Linux, `/proc`.

use std::sync::OnceLock;
use std::time::Duration;

use fermata_engine::event::ProcessId;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// How long a group may take to end after SIGTERM.
pub const GRACE: Duration = Duration::from_secs(2);

/// How often a group that was asked to end is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// The identity of a living process: number, start time, boot. Start time is 0 where the system does not tell it.
#[must_use]
pub fn identity(pid: u32) -> ProcessId {
    ProcessId {
        pid,
        started: start_time(pid).unwrap_or(0),
        boot: boot_id().to_owned(),
    }
}

/// This process.
#[must_use]
pub fn this_process() -> ProcessId {
    identity(std::process::id())
}

/// Whether that very process (not another one with its number) is alive.
#[must_use]
pub fn is_alive(process: &ProcessId) -> bool {
    process.boot == boot_id()
        && start_time(process.pid).is_some_and(|started| started == process.started)
}

/// Field 22 of `/proc/<pid>/stat`; the name in field 2 may hold spaces and brackets.
fn start_time(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = &stat[stat.rfind(')')? + 1..];
    after_name.split_whitespace().nth(19)?.parse().ok()
}

/// Does not change while this process lives.
fn boot_id() -> &'static str {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map(|text| text.trim().to_owned())
            .unwrap_or_default()
    })
}

fn group(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

/// Asks every process of the group to end. Whether the group existed.
pub fn terminate(pid: u32) -> bool {
    group(pid).is_some_and(|group| kill_process_group(group, Signal::TERM).is_ok())
}

/// Ends every process of the group at once. Whether the group existed.
pub fn kill(pid: u32) -> bool {
    group(pid).is_some_and(|group| kill_process_group(group, Signal::KILL).is_ok())
}

/// Whether the group has a process.
#[must_use]
pub fn group_exists(pid: u32) -> bool {
    group(pid).is_some_and(|group| test_kill_process_group(group).is_ok())
}

/// Ends the group that this process led: SIGTERM, a grace period, SIGKILL. Does nothing when the
/// number belongs to somebody else by now. Whether anything was ended.
pub async fn end_group(leader: &ProcessId) -> bool {
    let same_boot = !leader.boot.is_empty() && leader.boot == boot_id();
    let leader_gone = start_time(leader.pid).is_none();
    // While a group exists its number is not given to a new process, so a group without
    // its leader is still the old one.
    if !same_boot || !(is_alive(leader) || leader_gone && group_exists(leader.pid)) {
        return false;
    }
    end_own_group(leader.pid).await;
    true
}

/// Whether [`groups_with`] finds anything here.
pub const SHOWS_ENVIRONMENTS: bool = cfg!(target_os = "linux");

/// Leaders' numbers of the groups whose processes have one of these variables in their environment, as `NAME=value`.
/// Nothing where the system does not show environments.
#[must_use]
pub fn groups_with(variables: &[String]) -> Vec<u32> {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let mut groups: Vec<u32> = processes
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            path.file_name()?.to_str()?.parse::<u32>().ok()?;
            let environment = std::fs::read(path.join("environ")).ok()?;
            environment
                .split(|byte| *byte == 0)
                .any(|entry| variables.iter().any(|v| v.as_bytes() == entry))
                .then_some(())?;
            let stat = std::fs::read_to_string(path.join("stat")).ok()?;
            let after_name = &stat[stat.rfind(')')? + 1..];
            after_name.split_whitespace().nth(2)?.parse().ok()
        })
        .collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// Ends a group that this process started itself.
pub async fn end_own_group(pid: u32) {
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
#[must_use]
pub fn exit_code(status: std::process::ExitStatus) -> i64 {
    use std::os::unix::process::ExitStatusExt;
    match status.code() {
        Some(code) => i64::from(code),
        None => status.signal().map_or(-1, |signal| -i64::from(signal)),
    }
}
