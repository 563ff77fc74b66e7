//! Who a process is, so that nobody takes a later one with the same number for
//! it: the holder of a lock, or the leader of what a step left running. Ends
//! nothing.

use std::path::Path;
use std::time::Duration;

use fermata_engine::event::ProcessId;
use fermata_engine::fold::CUT_OFF;
use fermata_engine::{RunId, RunState};

/// The variable that every process of a step has in its environment: `RUN:PATH`.
pub const STEP_KEY: &str = "FERMATA_STEP_KEY";
/// Whether [`unnamed`] finds anything on this system.
pub const SHOWS_ENVIRONMENTS: bool = cfg!(target_os = "linux");

/// What the system tells of a process that is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Living {
    /// The scheduler's letter.
    pub state: char,
    /// The number of its group's leader.
    pub group: u32,
    /// Clock ticks from the boot to its start.
    pub started: u64,
}

/// The process with that number; `None` when there is none (zombies count as gone) or it cannot be told.
#[must_use]
pub fn living(pid: u32) -> Option<Living> {
    #[cfg(target_os = "linux")]
    {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name is in parentheses and may hold anything, so count from its end.
        let (_, rest) = stat.rsplit_once(") ")?;
        let mut fields = rest.split(' ');
        let state = fields.next()?.chars().next()?;
        let group = fields.nth(1)?.parse().ok()?;
        let started = fields.nth(16)?.parse().ok()?;
        (!matches!(state, 'Z' | 'X' | 'x')).then_some(Living {
            state,
            group,
            started,
        })
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = pid;
        None
    }
}

/// The identity of a living process. Its start is 0 where the system does not tell it.
#[must_use]
pub fn identity(pid: u32) -> ProcessId {
    ProcessId {
        pid,
        started: living(pid).map_or(0, |living| living.started),
        boot: boot(),
    }
}

/// This process.
#[must_use]
pub fn this_process() -> ProcessId {
    identity(std::process::id())
}

/// Whether it was started since the last boot; no where the system does not name its boots.
#[must_use]
pub fn is_of_this_boot(process: &ProcessId) -> bool {
    !process.boot.is_empty() && process.boot == boot()
}

/// Whether that very process still lives; no where the system does not tell when processes started.
#[must_use]
pub fn is_alive(process: &ProcessId) -> bool {
    process.boot == boot()
        && living(process.pid).is_some_and(|living| living.started == process.started)
}

/// Whether a living process belongs to the group; no where the system does not tell.
#[must_use]
pub fn group_lives(group: u32) -> bool {
    std::fs::read_dir("/proc").is_ok_and(|processes| {
        processes.flatten().any(|entry| {
            let pid = entry.file_name().to_str().and_then(|pid| pid.parse().ok());
            let living = pid.and_then(living);
            living.is_some_and(|living| living.group == group)
        })
    })
}

/// Leaders of the groups that carry out attempts of a run for which its log names no process: their worker may have died
/// between the two. Known by [`STEP_KEY`]; none where the system does not show environments.
#[must_use]
pub fn unnamed(run: &RunId, state: &RunState) -> Vec<u32> {
    let open = state.open.iter();
    let open = open.filter_map(|(path, open)| open.process.is_none().then_some(path));
    let cut = state.steps.values().filter(|record| {
        record.process.is_none() && record.error.as_ref().is_some_and(|e| e.kind == CUT_OFF)
    });
    let variables: Vec<String> = open
        .chain(cut.map(|record| &record.path))
        .map(|path| format!("{STEP_KEY}={run}:{path}"))
        .collect();
    if variables.is_empty() {
        return Vec::new();
    }
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    // Somebody may end a run from within one of its own steps.
    let own = living(std::process::id()).map(|living| living.group);
    let mut groups: Vec<u32> = processes
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let pid = path.file_name()?.to_str()?.parse().ok()?;
            environment(&path)?
                .split(|byte| *byte == 0)
                .any(|entry| variables.iter().any(|v| v.as_bytes() == entry))
                .then_some(())?;
            living(pid).map(|living| living.group)
        })
        .filter(|group| Some(*group) != own)
        .collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// The environment of a process; `None` where it is nobody's business. A program that is just being loaded shows none for a
/// moment, so that an empty one is looked at again for up to 50 ms.
fn environment(process: &Path) -> Option<Vec<u8>> {
    let mut looks = 50;
    loop {
        let text = std::fs::read(process.join("environ")).ok()?;
        looks -= 1;
        // What has no program either (a zombie, a thread of the kernel) will not have one.
        if !text.is_empty() || looks == 0 || std::fs::read_link(process.join("exe")).is_err() {
            return Some(text);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn boot() -> String {
    #[cfg(target_os = "linux")]
    {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map(|id| id.trim().to_owned())
            .unwrap_or_default()
    }
    #[cfg(not(target_os = "linux"))]
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
    fn a_process_that_is_over_is_not_living_before_anybody_has_taken_note() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        while living(pid).is_some() {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert_eq!(living(pid), None);
    }
}
