//! Following a run on a terminal: lines as they come, a progress line, and a
//! prompt at each gate. Only a viewer: leaving it leaves the run alone.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result};
use fermata_control::{Control, ControlError, run_result};
use fermata_engine::answer::taken_words;
use fermata_engine::{Cause, EventBody, RunId, RunState, Seq, Status};
use fermata_store::StoreError;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::console::Console;
use crate::exit::Exit;
use crate::left;
use crate::prompt::{self, Asked};

/// How many events one look fetches.
const BATCH: usize = 500;

/// How long a run may say nothing before its worker is looked after.
const QUIET: Duration = Duration::from_millis(500);

/// Follows a run until it is over, holds where nobody here can answer, or the viewer leaves. Events up to `told` are
/// not printed.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn follow(control: &Control, run: &RunId, told: Seq, console: &Console) -> Result<Exit> {
    left::watch();
    let watcher = control.watch()?;
    watcher.subscribe(run)?;
    let progress = progress(console);
    let cover = control.cover(run)?;
    let mut state = RunState::default();
    loop {
        loop {
            let events = control.events(run, state.last_seq + 1, BATCH)?;
            for event in &events {
                state.fold(event)?;
                if event.seq <= told {
                    continue;
                }
                if let Some(text) = fermata_engine::words::of(event) {
                    let text = cover.text(text);
                    progress.suspend(|| console.line(&text));
                }
                if event.seq == 1
                    && let Some(text) = elsewhere(control, run)?
                {
                    progress.suspend(|| console.line(&text));
                }
            }
            if console.interactive() {
                progress.set_message(now(&state));
            }
            if events.len() < BATCH {
                break;
            }
        }
        match state.status {
            Status::Completed | Status::Failed | Status::Cancelled => {
                progress.finish_and_clear();
                return finish(control, &state, console);
            }
            Status::Waiting if !state.open_gates.is_empty() => {
                if !console.interactive() {
                    progress.finish_and_clear();
                    return Ok(held(control, &state, console));
                }
                progress.set_message("");
                if progress.suspend(|| prompt::gates(control, run, &state, console))? == Asked::Left
                {
                    progress.finish_and_clear();
                    console.line(&format!(
                        "detached; run {} holds until it is answered",
                        run.short()
                    ));
                    return Ok(held(control, &state, console));
                }
                continue;
            }
            Status::Waiting | Status::Queued | Status::Running => {}
        }
        if left::left() {
            progress.finish_and_clear();
            if console.machine() {
                console.json(&result(control, &state));
            }
            console.line(&format!(
                "detached; run {} goes on. Come back with `fermata events {} --follow`, end it with `fermata stop {}`",
                run.short(),
                run.short(),
                run.short()
            ));
            return Ok(Exit::Fine);
        }
        if watcher.next(QUIET).is_empty() {
            // A worker that died is noticed here: nobody else may be looking. One that writes is alive.
            tend(control, run)?;
        }
    }
}

/// Looks after the run that is followed, and after the others.
///
/// # Errors
/// When what became of its worker cannot be written down (a full disk): the run would be followed for ever.
pub(crate) fn tend(control: &Control, run: &RunId) -> Result<()> {
    match control.tend(run) {
        Ok(_) => {}
        // The next look comes soon.
        Err(ControlError::Store(StoreError::Busy { .. })) => return Ok(()),
        Err(error) => {
            return Err(error).with_context(|| {
                format!(
                    "run {} cannot be looked after; once that is mended, `fermata show {}` tells where it stands",
                    run.short(),
                    run.short()
                )
            });
        }
    }
    control.tick()?;
    Ok(())
}

/// Where a run works that does not work here.
fn elsewhere(control: &Control, run: &RunId) -> Result<Option<String>> {
    let place = control.store().run(run)?.place;
    Ok(place.worktree.map(|worktree| {
        format!(
            "it works in a worktree of its own, {worktree}{}",
            place
                .branch
                .map_or_else(String::new, |branch| format!(", on the branch {branch}"))
        )
    }))
}

/// What can be done with a run that is over.
fn afterwards(control: &Control, state: &RunState) -> Result<Option<String>> {
    let Some(run) = state.run.as_ref().filter(|_| !state.request.dry_run) else {
        return Ok(None);
    };
    let row = control.store().run(run)?;
    let short = run.short();
    Ok(match state.status {
        Status::Failed if row.parent.is_none() && row.cause != Some(Cause::StartFailed) => Some(
            format!("`fermata resume {short}` goes on with it: finished steps are not run again"),
        ),
        Status::Completed if row.place.worktree.is_some() => Some(format!(
            "its changes stay in its worktree: `fermata worktree {short} --diff` shows them, `--apply` brings them here"
        )),
        _ => None,
    })
}

fn progress(console: &Console) -> ProgressBar {
    if !console.interactive() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    // The template is a constant, so a failure would only cost the style.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} [{elapsed}]") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn now(state: &RunState) -> String {
    let done = state
        .steps
        .values()
        .filter(|step| step.ended.is_some())
        .count();
    let current: Vec<&str> = state
        .steps
        .values()
        .filter(|step| step.ended.is_none())
        .map(|step| step.step.as_str())
        .collect();
    if current.is_empty() {
        format!("{done} steps run")
    } else {
        format!("{} · {done} steps run", current.join(", "))
    }
}

/// The result of a run that is over, for people or as JSON.
pub(crate) fn finish(control: &Control, state: &RunState, console: &Console) -> Result<Exit> {
    let result = result(control, state);
    if console.machine() {
        console.json(&result);
        return Ok(exit(state));
    }
    let missing = missing_stubs_line(&result);
    if let Some(text) = missing {
        console.line(&text);
    }
    if let Some(output) = result.get("output").filter(|output| !output.is_null()) {
        console.line(&serde_json::to_string_pretty(output)?);
    }
    if let Some(text) = afterwards(control, state)? {
        console.line(&text);
    }
    Ok(exit(state))
}

fn exit(state: &RunState) -> Exit {
    if state.status == Status::Completed {
        Exit::Fine
    } else {
        Exit::Failed
    }
}

fn missing_stubs_line(result: &serde_json::Value) -> Option<String> {
    let names: Vec<&str> = result
        .get("missing_stubs")?
        .as_array()?
        .iter()
        .filter_map(serde_json::Value::as_str)
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "no stub for {}: give a rule for each in a file, `--stubs FILE`",
            names.join(", ")
        )
    })
}

/// The JSON of design/protocol.md for a run.
pub(crate) fn result(control: &Control, state: &RunState) -> serde_json::Value {
    let mut result = run_result(state, |payload| {
        fermata_store::fetch(control.store().as_ref(), payload)
            .unwrap_or_else(|error| json!({ "missing": error.to_string() }))
    });
    if state.request.dry_run {
        result["dry_run"] = json!(true);
        result["missing_stubs"] = json!(missing_stubs(control, state));
    }
    result
}

/// Agents, programs and second opinions that no stub answered for, by name.
fn missing_stubs(control: &Control, state: &RunState) -> BTreeSet<String> {
    let mut missing = BTreeSet::new();
    let Some(run) = &state.run else {
        return missing;
    };
    let mut from = 1;
    while let Ok(events) = control.events(run, from, BATCH) {
        let Some(last) = events.last() else { break };
        from = last.seq + 1;
        missing.extend(events.into_iter().filter_map(|event| match event.body {
            EventBody::Warning {
                code: Some(code),
                step,
                ..
            } if code == "missing-stub" => step,
            _ => None,
        }));
    }
    missing
}

/// Says how to answer, for whoever comes next.
fn held(control: &Control, state: &RunState, console: &Console) -> Exit {
    if console.machine() {
        console.json(&result(control, state));
    }
    let run = state.run.as_ref().map_or("@last", |run| run.short());
    for open in &state.open_gates {
        console.line(&format!(
            "holds at {}: {}",
            open.gate.step,
            open.gate.prompt.trim()
        ));
        for spec in &open.gate.answers {
            console.line(&format!("  {}", prompt::choice(spec)));
        }
        let gate = if state.open_gates.len() > 1 {
            format!(" --gate {}", open.gate.gate)
        } else {
            String::new()
        };
        console.line(&format!(
            "answer with: fermata answer {run}{gate} ANSWER, which is one of: {}",
            taken_words(&open.gate)
        ));
    }
    Exit::Waiting
}
