//! `fermata events RUN`: a run's log, as lines or as JSON, an event each.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use fermata_engine::{Event, EventBody, Status};

use crate::console::Console;
use crate::exit::Exit;
use crate::open;
use crate::prompt::word;

/// Options of `events`.
#[derive(Debug, Args)]
pub(crate) struct Events {
    /// A run: any unique part of its id from either end, or @last.
    run: String,
    /// Go on until the run is over.
    #[arg(long)]
    follow: bool,
    /// The first event to print.
    #[arg(long, value_name = "SEQ", default_value_t = 1)]
    from: u64,
    /// An event a line as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the verb.
///
/// # Errors
/// When there is no such run or the store cannot be read.
pub(crate) fn run(options: &Events, home: Option<&Path>, console: &Console) -> Result<Exit> {
    let control = open::terminal(home)?;
    let run = control.find(&options.run)?;
    let watcher = control.watch()?;
    watcher.subscribe(&run)?;
    let cover = control.cover(&run)?;
    // A log can be long: what is not printed is not read.
    let mut next = options.from.max(1);
    loop {
        let row = control.store().run(&run)?;
        let events = control.events(&run, next, 500)?;
        for event in &events {
            next = event.seq + 1;
            if options.json {
                console.json(&cover.event(event)?);
            } else {
                console.line(&cover.text(line(event)));
            }
        }
        let over = matches!(
            row.status,
            Status::Completed | Status::Failed | Status::Cancelled
        );
        if events.is_empty() && (over || !options.follow) {
            return Ok(Exit::Fine);
        }
        if events.is_empty() {
            let _ = watcher.next(Duration::from_secs(1));
            control.tick()?;
        }
    }
}

/// An event as one line of the log: number, time of day (UTC), where, what.
fn line(event: &Event) -> String {
    let seconds = event.at / 1000;
    let (h, m, s) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let path = if event.path.as_str().is_empty() {
        String::new()
    } else {
        format!(" {}", event.path)
    };
    let what = words(event).unwrap_or_else(|| word(&serde_json::json!(kind(event))));
    format!("{:>5} {h:02}:{m:02}:{s:02}{path} {what}", event.seq)
}

fn kind(event: &Event) -> String {
    serde_json::to_value(&event.body)
        .ok()
        .and_then(|v| Some(v["type"].as_str()?.to_owned()))
        .unwrap_or_default()
}

/// What an event says to people; `None` for those that say nothing to them.
pub(crate) fn words(event: &Event) -> Option<String> {
    let seconds = |ms: u64| Duration::from_millis(ms).as_secs_f64();
    // Inside a group or a sub-workflow a name alone could be anybody's.
    let path = event.path.as_str();
    let nested = path.contains(['/', '[']);
    let at = |step: &str| {
        if nested {
            path.to_owned()
        } else {
            step.to_owned()
        }
    };
    Some(match &event.body {
        EventBody::RunQueued {
            workflow, actor, ..
        } => format!(
            "{workflow}: run {} requested by {}",
            event.run.short(),
            actor.by
        ),
        EventBody::RunResumed { actor, .. } => format!(
            "goes on, asked by {} from {}",
            actor.by,
            word(&actor.surface)
        ),
        EventBody::StepStarted { step, attempt, .. } if *attempt > 1 => {
            format!("{} started (attempt {attempt})", at(step))
        }
        EventBody::StepStarted { step, .. } => format!("{} started", at(step)),
        EventBody::ChildStarted { step, child, .. } => {
            format!("{} is run {}", at(step), child.short())
        }
        EventBody::StepCompleted { step, elapsed, .. } => {
            format!("{} done in {:.1} s", at(step), seconds(*elapsed))
        }
        EventBody::StepFailed { step, error, .. } => {
            format!("{} failed: {}", at(step), error.message)
        }
        EventBody::StepSkipped { step, reason } => format!("{} skipped: {reason}", at(step)),
        EventBody::RouteTaken { from, to, when, .. } => match when {
            Some(when) => format!("{} → {to} because {when}", at(from)),
            None => format!("{} → {to}", at(from)),
        },
        EventBody::IterationLimitReached { gate } => {
            let limit = gate.limit.as_ref();
            let (current, max) = limit.map_or((0, 0), |l| (l.current_iteration, l.max_iterations));
            format!("held at {current}/{max} before {}", at(&gate.step))
        }
        EventBody::GateOpened { gate } => format!(
            "held at {}: {}",
            gate.step,
            gate.prompt.lines().next().unwrap_or_default()
        ),
        EventBody::IterationLimitResolved {
            answer,
            actor,
            max_iterations,
            ..
        } => {
            let said = short(answer);
            let limit = if said.starts_with("continue") {
                format!("; the limit is {max_iterations} now")
            } else {
                String::new()
            };
            format!(
                "answered by {} from {}: {said}{limit}",
                actor.by,
                word(&actor.surface),
            )
        }
        EventBody::GateAnswered { answer, actor, .. } => format!(
            "answered by {} from {}: {}",
            actor.by,
            word(&actor.surface),
            short(answer)
        ),
        EventBody::GateWithdrawn { reason, .. } => format!("gate withdrawn: {reason}"),
        EventBody::StopRequested { actor } => format!("stop requested by {}", actor.by),
        EventBody::AbortRequested { actor, .. } => format!("abort requested by {}", actor.by),
        EventBody::GuidanceGiven { actor, text } => format!("{} says: {text}", actor.by),
        EventBody::RunCompleted { .. } => "completed".to_owned(),
        EventBody::RunFailed { cause, error, .. } => {
            format!("failed ({}): {}", word(cause), error.message)
        }
        EventBody::RunCancelled { actor, reason } => format!("cancelled by {}: {reason}", actor.by),
        EventBody::Warning { message, .. } => format!("warning: {message}"),
        _ => return None,
    })
}

fn short(answer: &fermata_engine::Answer) -> String {
    let mut value = serde_json::to_value(answer).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.remove("kind");
    }
    let mut fields: Vec<_> = value.as_object().into_iter().flatten().collect();
    // What is done comes before how much of it.
    fields
        .sort_by_key(|(name, _)| !matches!(name.as_str(), "do" | "value" | "decision" | "option"));
    let words: Vec<String> = fields
        .into_iter()
        .map(|(_, value)| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        })
        .collect();
    words.join(" ")
}
