//! `wait`: a deadline in the log, so that suspend and restart do not stretch it.
//! A clock that is put back makes the wait begin again, so that it never lasts
//! longer from there than it was to last at all.

use fermata_workflow::model::WaitStep;
use serde_json::{Map, Value, json};

use crate::conductor::context::Context;
use crate::conductor::place::Place;
use crate::conductor::{Turn, eval};
use crate::draft::failure;
use crate::event::{EventBody, Failure};
use crate::ids::StepPath;

/// Longest wait, seconds.
const LONGEST: f64 = 86_400.0;

pub(in crate::conductor) fn start<'a>(
    turn: &mut Turn<'a>,
    place: &Place<'a>,
    path: &StepPath,
    attempt: u32,
    wait: &WaitStep,
    context: &Context,
) {
    let name = place.step.name.as_str();
    let mut rendered = Map::new();
    let seconds = seconds(name, wait, context).and_then(|seconds| {
        rendered.insert("duration_seconds".to_owned(), json!(seconds));
        if let Some(reason) = &wait.reason {
            let reason = eval::render(reason, context)?;
            rendered.insert("reason".to_owned(), Value::from(reason));
        }
        Ok(seconds)
    });
    turn.started(place, path, attempt, rendered);
    match seconds {
        Ok(seconds) => set_timer(turn, path, name, seconds),
        Err(error) => turn.fail_step(path, place.step, attempt, error),
    }
}

fn set_timer(turn: &mut Turn<'_>, path: &StepPath, step: &str, seconds: f64) {
    // A dry run waits for nothing.
    let length = if turn.draft.state.request.dry_run {
        0
    } else {
        length(seconds)
    };
    let deadline = turn.draft.now.saturating_add(length);
    turn.draft.emit(
        path,
        EventBody::TimerStarted {
            step: step.to_owned(),
            deadline,
            seconds,
        },
    );
}

/// Milliseconds.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be positive and at most a day"
)]
fn length(seconds: f64) -> u64 {
    (seconds * 1000.0).ceil() as u64
}

fn seconds(step: &str, wait: &WaitStep, context: &Context) -> Result<f64, Failure> {
    let text = if wait.duration.contains("{{") {
        eval::render(&wait.duration, context)?
    } else {
        wait.duration.value.clone()
    };
    eval::duration(&text)
        .filter(|seconds| *seconds > 0.0 && *seconds <= LONGEST)
        .ok_or_else(|| {
            failure(
                "ValidationError",
                format!(
                    "`{step}` cannot wait for `{text}`: a number with its unit is expected, like 500ms, 60s, 5m or 1h, above 0 and at most 24 h"
                ),
                &[step, text.trim()],
            )
        })
}

/// Whether its time has come.
pub(in crate::conductor) fn look(turn: &mut Turn<'_>, path: &StepPath) {
    let Some(open) = turn.draft.state.open.get(path) else {
        return;
    };
    let Some(timer) = open.timer else {
        return;
    };
    let (step, attempt, started) = (open.step.clone(), open.attempt, open.started);
    let left = timer.deadline.saturating_sub(turn.draft.now);
    if left > 0 {
        // More than all of it: the clock was put back since, and nobody can tell what has passed.
        if left > length(timer.seconds) {
            set_timer(turn, path, &step, timer.seconds);
        }
        return;
    }
    turn.draft
        .emit(path, EventBody::TimerFired { step: step.clone() });
    let output = json!({"waited_seconds": timer.seconds});
    let elapsed = turn.draft.now.saturating_sub(started);
    turn.step_completed(path, &step, attempt, output, elapsed, 1, Map::new());
}
