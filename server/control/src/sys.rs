//! What differs by system about processes: who this one is, whether another is
//! still that one, ending a group, and letting a worker live on its own.

use std::process::Command;

use fermata_engine::event::ProcessId;

/// This process, so that nobody takes a later one with the same number for it.
#[must_use]
pub fn this_process() -> ProcessId {
    let pid = std::process::id();
    ProcessId {
        pid,
        started: started(pid).unwrap_or(0),
        boot: boot(),
    }
}

/// Whether that very process still lives; on systems that cannot tell start times, whether its number does.
#[must_use]
pub fn is_alive(process: &ProcessId) -> bool {
    if process.boot != boot() {
        return false;
    }
    match started(process.pid) {
        Some(at) => at == process.started,
        None => process.started == 0 && exists(process.pid),
    }
}

/// Whether that very process is stopped by a signal; no where the system does not tell.
pub(crate) fn is_stopped(process: &ProcessId) -> bool {
    is_alive(process) && state(process.pid).is_some_and(|state| matches!(state, 'T' | 't'))
}

/// Ends the process group that this process leads: asked first, then made to. Does nothing when the process is another
/// by now. Returns whether there was something to end.
#[must_use]
pub fn end_group(process: &ProcessId) -> bool {
    if process.pid <= 1 || process.pid == std::process::id() {
        return false;
    }
    if !is_alive(process) {
        // While a group exists its number is not given to a new process, so one without its leader is still the old one.
        let left = !process.boot.is_empty()
            && process.boot == boot()
            && started(process.pid).is_none()
            && group_lives(process.pid);
        if left {
            signal(process.pid, true);
        }
        return left;
    }
    signal(process.pid, false);
    let end = std::time::Instant::now() + std::time::Duration::from_secs(2);
    while is_alive(process) && std::time::Instant::now() < end {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // Members may outlive their leader.
    signal(process.pid, true);
    true
}

/// Lets a child live on its own: its own session, so that no terminal and no editor takes it along.
pub(crate) fn detach(command: &mut Command) {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        #[allow(
            unsafe_code,
            reason = "between fork and exec only setsid is called, which is async-signal-safe and allocates nothing"
        )]
        // SAFETY: see the reason above.
        unsafe {
            command.pre_exec(|| {
                // Fails only for a group leader, which a fresh child is not.
                let _ = rustix::process::setsid();
                Ok(())
            });
        }
    }
    #[cfg(windows)]
    {
        use std::os::windows::process::CommandExt;
        // DETACHED_PROCESS, CREATE_NEW_PROCESS_GROUP, CREATE_BREAKAWAY_FROM_JOB.
        command.creation_flags(0x0000_0008 | 0x0000_0200 | 0x0100_0000);
    }
    #[cfg(not(any(unix, windows)))]
    let _ = command;
}

#[cfg(unix)]
fn signal(pid: u32, kill: bool) {
    use rustix::process::{Pid, Signal, kill_process, kill_process_group};
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return;
    };
    let signal = if kill { Signal::KILL } else { Signal::TERM };
    if kill_process_group(pid, signal).is_err() && !kill {
        let _ = kill_process(pid, signal);
    }
}

#[cfg(windows)]
fn signal(pid: u32, kill: bool) {
    let mut command = Command::new("taskkill");
    command.args(["/PID", &pid.to_string(), "/T"]);
    if kill {
        command.arg("/F");
    }
    let _ = command.output();
}

#[cfg(not(any(unix, windows)))]
fn signal(_pid: u32, _kill: bool) {}

/// Whether a living process belongs to the group; no where the system does not tell.
fn group_lives(group: u32) -> bool {
    let group = group.to_string();
    std::fs::read_dir("/proc").is_ok_and(|processes| {
        processes.flatten().any(|entry| {
            let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            // After the name, which may hold anything: state, parent, group.
            let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
            let state = fields.next();
            !matches!(state, Some("Z" | "X" | "x") | None) && fields.nth(1) == Some(&group)
        })
    })
}

#[cfg(unix)]
fn exists(pid: u32) -> bool {
    i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
        .is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}

#[cfg(not(unix))]
fn exists(_pid: u32) -> bool {
    false
}

/// Start time in clock ticks since boot; `None` when there is no such process (zombies count as gone) or it cannot be told.
#[cfg(target_os = "linux")]
fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in parentheses and may hold anything, so count from its end.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    if matches!(state, "Z" | "X" | "x") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

/// The scheduler's letter for a process.
#[cfg(target_os = "linux")]
fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

#[cfg(not(target_os = "linux"))]
fn state(_pid: u32) -> Option<char> {
    None
}

#[cfg(not(target_os = "linux"))]
fn started(_pid: u32) -> Option<u64> {
    None
}

#[cfg(target_os = "linux")]
fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
fn boot() -> String {
    String::new()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_recycled_number_is_not_taken_for_the_process() {
        let me = this_process();
        assert!(is_alive(&me));
        let other = ProcessId {
            started: me.started + 1,
            ..me.clone()
        };
        assert!(!is_alive(&other));
        let before_reboot = ProcessId {
            boot: "another".to_owned(),
            ..me
        };
        assert!(!is_alive(&before_reboot));
    }

    #[test]
    fn a_group_is_ended_with_its_leader() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 1000 & echo $!; wait"]);
        command.stdout(std::process::Stdio::piped());
        detach(&mut command);
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut reader = std::io::BufReader::new(child.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut reader, &mut line).unwrap();
        let member: u32 = line.trim().parse().unwrap();
        let leader = ProcessId {
            pid: child.id(),
            started: started(child.id()).unwrap(),
            boot: boot(),
        };
        assert!(started(member).is_some());
        assert!(end_group(&leader));
        child.wait().unwrap();
        let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while started(member).is_some() && std::time::Instant::now() < end {
            std::thread::yield_now();
        }
        assert!(started(member).is_none());
        assert!(!end_group(&leader), "there is nothing left to end");
    }
}
