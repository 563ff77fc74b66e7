//! `cargo xtask demo`: the two stories that the project began with, in a
//! terminal, with no credentials: a review loop holds at its limit and is
//! answered from elsewhere; a second request never continues the first.
//! Drives the binary as a user would; knows nothing of its insides.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, Output};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace::Workspace;

const SAMPLE: &str = "workflows-samples/review-loop.yaml";
const FIRST_TASK: &str = "A rate limiter for the public API";
const SECOND_TASK: &str = "A parser for cron expressions";

/// Exit statuses of `fermata` that the demo meets.
const FINE: i32 = 0;
const CHOICE_NEEDED: i32 = 3;
const WAITING_AT_A_GATE: i32 = 4;

/// How long a change of status may take before the demo calls it broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// Plays the demo.
///
/// # Errors
/// At the first step that does not end as told, with everything it printed.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    if let Some(word) = arguments.first() {
        bail!("unknown option `{word}`; demo takes none");
    }
    let built = workspace
        .cargo(["build", "--package", "fermata"])
        .status()
        .context("cargo could not be started")?;
    if !built.success() {
        bail!("the binary could not be built ({built})");
    }
    let begun = Instant::now();
    let home = tempfile::tempdir().context("no temporary folder for the demo's state")?;
    let stage = Stage {
        workspace,
        home: home.path(),
    };
    stage.play()?;
    println!("\nAll of this took {:.1} s.", begun.elapsed().as_secs_f64());
    print_ways_on(workspace);
    Ok(ExitCode::SUCCESS)
}

/// The binary with a state folder of its own.
struct Stage<'a> {
    workspace: &'a Workspace,
    home: &'a Path,
}

impl Stage<'_> {
    fn play(&self) -> Result<()> {
        say("Every sample is checked before a token is spent.");
        self.show(&["check", "workflows-samples"], FINE)?;

        say("A review loop runs with the scripted agent, until its iteration limit holds it.");
        let started = self.json(
            &[
                "run", SAMPLE, FIRST_TASK, "--agent", "scripted", "--gates", "ask", "--json",
            ],
            WAITING_AT_A_GATE,
        )?;
        let run = text(&started, "run")?;
        let first = open_gate(&started).context("the run holds, but names no gate")?;
        print_gate(first);

        say("Any surface may answer. Here: five more iterations.");
        self.show(&["answer", "@last", "continue", "5"], FINE)?;
        let first = text(first, "gate")?;
        let held = self.until(run, "it holds again", |row| {
            open_gate(row).is_some_and(|gate| gate["gate"] != first)
        })?;
        print_gate(open_gate(&held).context("the run holds again, but names no gate")?);

        say("It is stopped: resumable, with nothing lost.");
        self.show(&["stop", "@last"], FINE)?;
        let stopped = self.until(run, "it has stopped", |row| row["status"] == "failed")?;
        println!(
            "{} · {}",
            text(&stopped, "status")?,
            text(&stopped, "cause")?
        );

        say("Another task for the same workflow. Nothing continues by itself: there is a choice.");
        let refused = self.json(
            &["run", SAMPLE, SECOND_TASK, "--agent", "scripted", "--json"],
            CHOICE_NEEDED,
        )?;
        print_choice(&refused)?;

        say("What happened is one log. Its end:");
        let log = self.fermata(&["events", "@last"], FINE)?;
        let log = String::from_utf8_lossy(&log.stdout).into_owned();
        let lines: Vec<&str> = log.lines().collect();
        for line in &lines[lines.len().saturating_sub(8)..] {
            println!("{line}");
        }
        Ok(())
    }

    /// Runs a verb and shows what a person would see.
    fn show(&self, words: &[&str], expected: i32) -> Result<()> {
        let output = self.fermata(words, expected)?;
        print!("{}", String::from_utf8_lossy(&output.stdout));
        Ok(())
    }

    /// Runs a verb that prints one JSON document.
    fn json(&self, words: &[&str], expected: i32) -> Result<Value> {
        let output = self.fermata(words, expected)?;
        parse(words, &output)
    }

    fn fermata(&self, words: &[&str], expected: i32) -> Result<Output> {
        println!("$ fermata {}", words.join(" "));
        let output = self.quietly(words)?;
        if output.status.code() != Some(expected) {
            bail!(
                "`fermata {}` should end with exit status {expected}, and ended with {}:\n{}{}",
                words.join(" "),
                output.status,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(output)
    }

    fn quietly(&self, words: &[&str]) -> Result<Output> {
        let mut command: Command = self.workspace.command(self.workspace.binary());
        command
            .args(words)
            .env("FERMATA_HOME", self.home)
            .env("XDG_CONFIG_HOME", self.home.join("config"))
            .stdin(std::process::Stdio::null())
            .output()
            .with_context(|| format!("`fermata {}` could not be started", words.join(" ")))
    }

    /// Asks for the run until `reached`, and returns it.
    fn until(&self, run: &str, what: &str, reached: impl Fn(&Value) -> bool) -> Result<Value> {
        let words = ["runs", "--json"];
        let begun = Instant::now();
        loop {
            let listed = parse(&words, &self.quietly(&words)?)?;
            let row = listed["runs"]
                .as_array()
                .and_then(|rows| rows.iter().find(|row| row["run"] == run))
                .with_context(|| format!("`fermata runs` does not list the run {run}"))?;
            if reached(row) {
                return Ok(row.clone());
            }
            if begun.elapsed() > PATIENCE {
                bail!("waited {} s for `{what}`, but: {row:#}", PATIENCE.as_secs());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn parse(words: &[&str], output: &Output) -> Result<Value> {
    serde_json::from_slice(&output.stdout).with_context(|| {
        format!(
            "`fermata {}` printed no JSON document: {}{}",
            words.join(" "),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

fn say(what: &str) {
    println!("\n# {what}");
}

/// The first open gate of a run, in the shapes of `run` and `runs`.
fn open_gate(run: &Value) -> Option<&Value> {
    run["gates"].as_array()?.first()
}

fn print_gate(gate: &Value) {
    let mut line = format!(
        "holds: {} at step {}",
        gate["kind"].as_str().unwrap_or("?"),
        gate["step"].as_str().unwrap_or("?")
    );
    if let (Some(current), Some(most)) = (
        gate["current_iteration"].as_u64(),
        gate["max_iterations"].as_u64(),
    ) {
        write!(line, ", iteration {current} of {most}").expect("a String takes any text");
    }
    println!("{line}");
}

fn print_choice(refused: &Value) -> Result<()> {
    let choice = &refused["choice"];
    let prior = &choice["prior"];
    println!(
        "the earlier run {} is {} ({}), and was about: {}",
        text(prior, "run")?,
        text(prior, "status")?,
        prior["cause"].as_str().unwrap_or("no cause"),
        text(prior, "message")?,
    );
    println!("answers to `fermata choose {}`:", text(choice, "start")?);
    for answer in choice["answers"].as_array().into_iter().flatten() {
        println!("  {}", answer.as_str().unwrap_or("?"));
    }
    Ok(())
}

fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str> {
    value[field]
        .as_str()
        .with_context(|| format!("expected a text field `{field}` in {value:#}"))
}

fn print_ways_on(workspace: &Workspace) {
    let vsix = workspace.vsix("linux-x64");
    println!(
        "\nIn VS Code:  cargo xtask dist && code --install-extension {}\n\
         In Neovim:   add editors/neovim to 'runtimepath', and have the binary `fermata` on PATH\n\
         then open {SAMPLE}.",
        vsix.display()
    );
}
