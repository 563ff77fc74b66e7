//! What differs by system about workers: whether one is stopped, ending its
//! group, and letting it live on its own.

use std::process::Command;

use fermata_engine::event::ProcessId;
use fermata_store::process;

/// Whether that very process still lives; on systems that cannot tell start times, whether its number does.
fn is_alive(process: &ProcessId) -> bool {
    let untold = process.boot.is_empty() && process.started == 0;
    process::is_alive(process) || untold && exists(process.pid)
}

/// Whether that very process is stopped by a signal; no where the system does not tell.
pub(crate) fn is_stopped(process: &ProcessId) -> bool {
    process::is_alive(process)
        && process::living(process.pid).is_some_and(|living| matches!(living.state, 'T' | 't'))
}

/// Ends the process group that this process leads: asked first, then made to. Does nothing when the process is another
/// by now. Returns whether there was something to end.
pub(crate) fn end_group(process: &ProcessId) -> bool {
    if process.pid <= 1 || process.pid == std::process::id() {
        return false;
    }
    if !is_alive(process) {
        // While a group exists its number is not given to a new process, so one without its leader is still the old one.
        let left = process::is_of_this_boot(process)
            && process::living(process.pid).is_none()
            && process::group_lives(process.pid);
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

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
        let leader = process::identity(child.id());
        assert!(process::living(member).is_some());
        assert!(end_group(&leader));
        child.wait().unwrap();
        let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while process::living(member).is_some() && std::time::Instant::now() < end {
            std::thread::yield_now();
        }
        assert!(process::living(member).is_none());
        assert!(!end_group(&leader), "there is nothing left to end");
    }
}
