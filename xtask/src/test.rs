//! `cargo xtask test`: runs the steps in order, prints a time table and, as
//! its very last line, `N passed, M failed, K skipped` over all of them.
//! What a step does is in `steps/`; how counts are read is in `tally`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::{self, End};
use crate::steps::{self, Step};
use crate::tally::{self, Tally};
use crate::workspace::Workspace;

/// CI ends a run after 90 minutes without a word; we stop before that, so
/// that the table and the last line are always printed.
const DEADLINE: Duration = Duration::from_secs(84 * 60);

/// How much longer everything may take when it is to be thorough.
const SLOW: u32 = 8;

/// How many log lines a failure shows.
const TAIL: usize = 60;

/// What a step has at hand, and where it reports.
pub(crate) struct Session<'a> {
    pub(crate) workspace: &'a Workspace,
    /// Whether loops go round as often as they do before a release.
    pub(crate) slow: bool,
    step: &'static str,
    step_ends: Instant,
    report: Report,
}

/// What came of one step.
#[derive(Default)]
struct Report {
    tally: Tally,
    problems: Vec<String>,
    skips: Vec<String>,
}

impl Session<'_> {
    /// The file that this step's output goes to.
    pub(crate) fn log(&self) -> PathBuf {
        log_file(self.workspace, self.step)
    }

    /// Runs one program of the step. What it counted is added; when it fails
    /// without naming a failed test, that itself is one failure.
    ///
    /// # Errors
    /// Only when the log cannot be written; everything else is reported.
    pub(crate) fn run(&mut self, what: &str, command: Command) -> Result<End> {
        self.run_counted(what, command, None)
    }

    /// As [`Self::run`], but an exit status of `absent` means that this machine
    /// cannot have the thing: its last line says why, and it is a skip.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub(crate) fn run_or_skip(&mut self, what: &str, command: Command, absent: i32) -> Result<End> {
        self.run_counted(what, command, Some(absent))
    }

    fn run_counted(&mut self, what: &str, command: Command, absent: Option<i32>) -> Result<End> {
        let log = self.log();
        let before = std::fs::metadata(&log).map_or(0, |file| file.len());
        let left = self.step_ends.saturating_duration_since(Instant::now());
        let end = match process::run_logged(command, &log, left) {
            Ok(end) => end,
            Err(error) => {
                self.fail(format!("{what}: {error:#}"));
                return Ok(End::Exited(None));
            }
        };
        let written = std::fs::read(&log)
            .with_context(|| format!("could not read the log {}", log.display()))?;
        let from = usize::try_from(before).unwrap_or(0).min(written.len());
        let output = String::from_utf8_lossy(&written[from..]);
        let counted = tally::read(&output);
        self.report.tally += counted;
        for why in tally::announced_skips(&output) {
            println!("      SKIPPED {what}: {why}");
            self.report.skips.push(format!("{what}: {why}"));
        }
        if absent.is_some() && end == End::Exited(absent) {
            let why = process::tail(&log, 1).pop().unwrap_or_default();
            self.skip(format!("{what}: {why}"));
        } else if !end.is_success() {
            println!("----- {what}: {end}; the end of {}:", log.display());
            for line in process::tail(&log, TAIL) {
                println!("      {line}");
            }
            println!("-----");
            self.report.problems.push(format!("{what}: {end}"));
            if counted.failed == 0 {
                self.report.tally.failed += 1;
            }
        }
        Ok(end)
    }

    /// Records a failure that no program reported.
    pub(crate) fn fail(&mut self, why: String) {
        println!("      FAILED {why}");
        self.report.tally.failed += 1;
        self.report.problems.push(why);
    }

    /// Says loudly that something was left out, and why.
    pub(crate) fn skip(&mut self, why: impl Into<String>) {
        let why = why.into();
        println!("      SKIPPED {why}");
        self.report.tally.skipped += 1;
        self.report.skips.push(why);
    }
}

struct Row {
    step: &'static Step,
    took: Duration,
    report: Report,
}

/// Runs the verb.
///
/// # Errors
/// On unknown options or steps, and when logs cannot be written.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    let slow = arguments.iter().any(|word| word == "--slow");
    let arguments: Vec<String> = arguments
        .iter()
        .filter(|word| *word != "--slow")
        .cloned()
        .collect();
    let Some(chosen) = choose(&arguments)? else {
        for step in steps::ALL {
            println!("{:<12} {}", step.name, step.about);
        }
        return Ok(ExitCode::SUCCESS);
    };
    process::end_children_on_interrupt()?;
    let started = Instant::now();
    let mut rows = Vec::new();
    for step in chosen {
        println!("== {}: {}", step.name, step.about);
        let row = run_step(workspace, step, started, slow)?;
        println!(
            "   {} in {:.1} s: {}",
            verdict(&row),
            row.took.as_secs_f64(),
            row.report.tally
        );
        rows.push(row);
    }
    print_table(&rows, started.elapsed(), workspace);
    let mut total = Tally::default();
    for row in &rows {
        total += row.report.tally;
    }
    println!("{total}");
    Ok(if total.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn run_step(
    workspace: &Workspace,
    step: &'static Step,
    started: Instant,
    slow: bool,
) -> Result<Row> {
    let times = if slow { SLOW } else { 1 };
    let deadline = DEADLINE * times;
    let log = log_file(workspace, step.name);
    if log.exists() {
        std::fs::remove_file(&log)
            .with_context(|| format!("could not remove the old log {}", log.display()))?;
    }
    let begun = Instant::now();
    let mut session = Session {
        workspace,
        slow,
        step: step.name,
        step_ends: (begun + step.budget * times).min(started + deadline),
        report: Report::default(),
    };
    if started.elapsed() >= deadline {
        session.fail(format!(
            "no time was left: the steps before it took {} minutes",
            deadline.as_secs() / 60
        ));
    } else if let Err(error) = (step.run)(&mut session) {
        session.fail(format!("{error:#}"));
    }
    Ok(Row {
        step,
        took: begun.elapsed(),
        report: session.report,
    })
}

/// The steps that the options ask for; none when they ask for the list.
fn choose(arguments: &[String]) -> Result<Option<Vec<&'static Step>>> {
    let mut only: Option<Vec<&str>> = None;
    let mut skip: Vec<&str> = Vec::new();
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value)),
            None => (word, None),
        };
        let mut names = || -> Result<Vec<&str>> {
            let list = value
                .or_else(|| words.next())
                .with_context(|| format!("{flag} needs names of steps, as `{flag} build,rust`"))?;
            let names: Vec<&str> = list.split(',').map(str::trim).collect();
            for name in &names {
                if !steps::ALL.iter().any(|step| step.name == *name) {
                    bail!("there is no step `{name}`; `cargo xtask test --list` names them");
                }
            }
            Ok(names)
        };
        match flag {
            "--list" => return Ok(None),
            "--only" => only.get_or_insert_default().extend(names()?),
            "--skip" => skip.extend(names()?),
            other => bail!("unknown option `{other}`; there are --only, --skip, --slow and --list"),
        }
    }
    let chosen = steps::ALL
        .iter()
        .filter(|step| only.as_ref().is_none_or(|names| names.contains(&step.name)))
        .filter(|step| !skip.contains(&step.name))
        .collect();
    Ok(Some(chosen))
}

fn log_file(workspace: &Workspace, step: &str) -> PathBuf {
    workspace
        .target
        .join("test-logs")
        .join(Path::new(step).with_extension("log"))
}

fn verdict(row: &Row) -> &'static str {
    if row.report.tally.failed > 0 {
        "FAILED"
    } else if row.report.skips.is_empty() {
        "ok"
    } else {
        "ok, with SKIPPED parts"
    }
}

fn print_table(rows: &[Row], took: Duration, workspace: &Workspace) {
    println!();
    println!("step            time s  budget s   passed  failed  skipped");
    for row in rows {
        let Tally {
            passed,
            failed,
            skipped,
        } = row.report.tally;
        println!(
            "{:<14} {:>7.1}  {:>8}  {passed:>7} {failed:>7} {skipped:>8}  {}",
            row.step.name,
            row.took.as_secs_f64(),
            row.step.budget.as_secs(),
            verdict(row),
        );
    }
    println!("{:<14} {:>7.1}", "all", took.as_secs_f64());
    for row in rows {
        for why in &row.report.problems {
            println!("FAILED  {}: {why}", row.step.name);
        }
        for why in &row.report.skips {
            println!("SKIPPED {}: {why}", row.step.name);
        }
    }
    println!("logs: {}", workspace.target.join("test-logs").display());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[&str]) -> Vec<&'static str> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let chosen = choose(&words).unwrap().unwrap();
        chosen.iter().map(|step| step.name).collect()
    }

    #[test]
    fn only_and_skip_keep_the_order_of_the_steps() {
        assert_eq!(names(&["--only", "rust,build"]), ["build", "rust"]);
        assert_eq!(names(&["--only=rust", "--skip", "rust"]), [""; 0]);
        assert_eq!(names(&["--skip", "editors"]).len(), steps::ALL.len() - 1);
    }

    #[test]
    fn a_step_that_does_not_exist_is_refused_by_name() {
        let error = choose(&["--only".into(), "rusty".into()]).err().unwrap();
        assert!(error.to_string().contains("`rusty`"), "{error}");
    }
}
