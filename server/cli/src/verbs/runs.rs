//! `fermata runs`: runs, newest first, and open start requests.

use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use clap::Args;
use fermata_control::{Control, RunsFilter, RunsView};
use fermata_engine::RunId;

use crate::console::Console;
use crate::exit::Exit;
use crate::open;
use crate::prompt::word;

/// Options of `runs`.
#[derive(Debug, Args)]
pub(crate) struct Runs {
    /// Child runs too.
    #[arg(long)]
    all: bool,
    /// Only open start requests.
    #[arg(long)]
    starts: bool,
    /// Print again whenever something changes.
    #[arg(long)]
    watch: bool,
    /// First delete what is beyond retention: the oldest runs that are over and cannot be resumed.
    #[arg(long, conflicts_with = "watch")]
    prune: bool,
    /// First forget the sessions that runs of this repository have kept for the next run (`persist_session`).
    #[arg(long, conflicts_with = "watch")]
    forget_sessions: bool,
    /// One JSON document on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the verb.
///
/// # Errors
/// When the store cannot be used.
pub(crate) fn run(options: &Runs, home: Option<&Path>, console: &Console) -> Result<Exit> {
    let control = open::terminal(home)?;
    if options.prune {
        let pruned = control.prune()?;
        let gone = |n: usize| {
            if n == 1 {
                "1 run".to_owned()
            } else {
                format!("{n} runs")
            }
        };
        let done = format!("deleted {}", gone(pruned.runs.len()));
        let held: Vec<&str> = pruned.held_by_worktree.iter().map(RunId::short).collect();
        if held.is_empty() {
            console.line(&done);
        } else {
            console.line(&format!(
                "{done}; kept because their worktrees still stand: {}",
                held.join(", ")
            ));
        }
    }
    if options.forget_sessions {
        let forgotten = match control.forget_sessions(&std::env::current_dir()?)? {
            1 => "1 session".to_owned(),
            n => format!("{n} sessions"),
        };
        console.line(&format!("forgot {forgotten}"));
    }
    let watcher = control.watch()?;
    loop {
        control.tick()?;
        print(&control, options, console)?;
        if !options.watch {
            return Ok(Exit::Fine);
        }
        while !watcher.next(Duration::from_secs(5)).list {}
    }
}

fn print(control: &Control, options: &Runs, console: &Console) -> Result<()> {
    let mut view = control.runs(&RunsFilter {
        all: options.all,
        ..RunsFilter::default()
    })?;
    if options.starts {
        view.runs.clear();
    }
    if options.json {
        console.json(&view.to_json());
    } else {
        let here = std::env::current_dir().unwrap_or_default();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = u64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(u64::MAX);
        console.text(&table(&view, options.starts, now, &here));
    }
    Ok(())
}

/// How long ago something was, in the largest unit that says enough; `ms` are milliseconds.
fn ago(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..60 => "just now".to_owned(),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

fn table(view: &RunsView, only_starts: bool, now: u64, here: &Path) -> String {
    let mut out = String::new();
    for start in &view.starts {
        let about = match start.prior {
            Some(_) => "an earlier run has to be decided about",
            None => "uncommitted changes have to be decided about",
        };
        out += &format!(
            "{:<10} {}  {}: {about} (fermata choose {} ANSWER)\n",
            "choose", start.start, start.workflow, start.start
        );
    }
    for run in &view.runs {
        let cause = run
            .cause
            .as_ref()
            .map_or_else(String::new, |cause| format!(" ({})", word(cause)));
        let held: Vec<String> = run
            .gates
            .iter()
            .map(|gate| {
                gate.held(&gate.step)
                    .unwrap_or_else(|| format!("holds at {}", gate.step))
            })
            .collect();
        let held = if held.is_empty() {
            String::new()
        } else {
            format!("  {}", held.join(", "))
        };
        let of = run
            .parent
            .as_ref()
            .map_or_else(String::new, |parent| format!("  for {}", parent.short()));
        let place = if here.starts_with(&run.root) {
            String::new()
        } else {
            format!("  in {}", run.root.display())
        };
        let (what, since) = match run.ended {
            Some(ended) => ("ended", ended),
            None => ("began", run.started.unwrap_or(run.queued)),
        };
        out += &format!(
            "{:<10} {}  {}{cause}{held}{of}  {what} {}{place}\n",
            run.status.as_str(),
            run.run.short(),
            run.workflow,
            ago(now.saturating_sub(since))
        );
    }
    if out.is_empty() {
        out.push_str(if only_starts {
            "no request waits for a choice\n"
        } else {
            "no runs yet; start one with `fermata run WORKFLOW`\n"
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::ago;

    #[test]
    fn a_time_is_told_in_the_largest_unit_that_says_enough() {
        for (seconds, said) in [
            (0, "just now"),
            (59, "just now"),
            (60, "1 min ago"),
            (3_599, "59 min ago"),
            (3_600, "1 h ago"),
            (172_799, "47 h ago"),
            (172_800, "2 days ago"),
        ] {
            assert_eq!(ago(seconds * 1000), said);
        }
    }
}
