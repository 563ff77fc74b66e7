//! Events in words, for every surface that shows a log as lines. Reads the event and nothing else.

use std::time::Duration;

use serde::Serialize;

use crate::event::{Event, EventBody};
use crate::gate::Answer;

/// What an event says to people; `None` for those that say nothing to them.
#[must_use]
pub fn of(event: &Event) -> Option<String> {
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
        EventBody::IterationLimitReached { gate } => gate.held(&at(&gate.step))?,
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

fn short(answer: &Answer) -> String {
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

/// What an agent or a program says: said in the log by surfaces that show it
/// whole, and left out by those that show only how the run goes.
#[must_use]
pub fn spoken(event: &Event) -> Option<String> {
    match &event.body {
        EventBody::AgentMessage { step, text, .. } => Some(format!("{step}: {text}")),
        EventBody::AgentThought { step, text, .. } => Some(format!("{step} thinks: {text}")),
        EventBody::ScriptOutput {
            step, stream, text, ..
        } => Some(format!("{step} {stream}: {text}")),
        _ => None,
    }
}

/// The word of a value that serialises to one.
fn word<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
