//! Rounds of a `loop` or a `loop_group` (specs/archon.md 4.5 to 4.7): begin one,
//! see it through, decide whether it ends the loop, ask people where the author
//! or the limit says so. The two kinds differ in what a round does: a turn of
//! an agent (`turn`), or a graph of its own (`body`).
//!
//! A round of the loop `l` has the path `l[2]`, nodes of a body lie under it,
//! `until_bash` of the round is `l[2][until]`.

use serde_json::{Map, Value};

use super::node::Kind;
use super::place::{self, Place};
use super::{end, nodes};
use crate::definition::Definition;
use crate::draft::failure;
use crate::effect::Effect;
use crate::event::{EventBody, Failure, Payload};
use crate::ids::StepPath;
use crate::state::{LoopRecord, OpenAttempt, RunState};
use crate::turn::Turn;

mod body;
mod completion;
mod control;
mod gate;
mod limit;
pub(crate) mod scope;
mod turn;
mod until;
mod words;

pub(crate) use control::Control;
pub(crate) use until::is_until;

/// What a round has come to.
enum Came {
    /// It is under way.
    Open,
    /// It has an output.
    To(Output),
    /// It failed, and with it the loop.
    Failed(Failure),
    /// A `cancel` node of its body ran.
    Halted(String),
}

/// The output of a round.
struct Output {
    /// As it was said: what the signal is looked for in.
    said: String,
    /// What was said beside a structured answer: the signal may be in there as well.
    beside: Option<String>,
    /// The structured answer, if there is one.
    structured: Option<Value>,
    /// The structured answer where it is the output; else the text is kept, without tags round the signal.
    kept: Option<Value>,
}

impl Output {
    /// The text that is kept. A turn of an agent that is nothing but the signal stays as it is: an output is not empty.
    fn cleaned(&self, control: Control<'_>, kind: Kind) -> String {
        let text = completion::cleaned(control, &self.said);
        if text.is_empty() && kind == Kind::Loop {
            return self.said.clone();
        }
        text
    }
}

/// Starts a loop: its rounds follow at once.
pub(crate) fn start(turn: &mut Turn<'_>, place: &Place<'_>) {
    nodes::started(turn, place, Map::new());
    go_on(turn, place);
}

/// Looks after a loop that is under way.
pub(crate) fn go_on(turn: &mut Turn<'_>, place: &Place<'_>) {
    let Some(control) = Control::of(place.node) else {
        return;
    };
    let record = record(turn, &place.path);
    if record.gate.is_some() {
        gate::look(turn, &record);
    } else if record.stopped {
        let error = limit::exceeded(place.node.id(), &record, control);
        nodes::fail(turn, place, error, turn.age(&place.path), Map::new());
    } else if record.completed < record.round {
        see_through(turn, place, control, &record);
    } else {
        what_next(turn, place, control, &record);
    }
}

/// The memory of a loop.
pub(crate) fn record(turn: &Turn<'_>, path: &StepPath) -> LoopRecord {
    turn.draft
        .state
        .loops
        .get(path)
        .cloned()
        .unwrap_or_default()
}

/// The round of the innermost loop that a path lies in.
pub(crate) fn innermost(path: &StepPath) -> Option<u64> {
    let mut at = path.clone();
    while !at.is_root() {
        match scope::round_of(&at) {
            0 => at = at.parent(),
            round => return Some(round),
        }
    }
    None
}

/// The path of a round.
pub(crate) fn round_path(path: &StepPath, round: u64) -> StepPath {
    path.item(&round.to_string(), 1)
}

/// Between two rounds: the loop is done, people are asked, or the next one begins.
fn what_next(turn: &mut Turn<'_>, place: &Place<'_>, control: Control<'_>, record: &LoopRecord) {
    let maximum = limit::maximum(control, record);
    if record.completed == 0 {
        begin(turn, place, 1, maximum);
        return;
    }
    if let Some(answer) = &record.answer {
        if answer.get("decision").and_then(Value::as_str) == Some("reject") {
            let reason = record.said().unwrap_or("rejected").to_owned();
            end::rejected(turn, place.node.id(), &reason);
            return;
        }
        // An approval without words accepts what was signalled.
        if record.done && record.said().is_none() {
            finish(turn, place, record);
            return;
        }
    } else if record.done
        && (!control.interactive() || control.signal_completes() || record.answered > 0)
    {
        finish(turn, place, record);
        return;
    } else if control.interactive() {
        gate::open(turn, place, control, record, maximum);
        return;
    }
    if record.completed < maximum {
        begin(turn, place, record.completed + 1, maximum);
    } else {
        limit::ask(turn, place, control, record, maximum);
    }
}

fn begin(turn: &mut Turn<'_>, place: &Place<'_>, round: u64, max: u64) {
    turn.draft.emit(
        &place.path,
        EventBody::LoopIterationStarted {
            step: place.node.id().to_owned(),
            round,
            max,
        },
    );
}

/// A round that has begun.
fn see_through(turn: &mut Turn<'_>, place: &Place<'_>, control: Control<'_>, record: &LoopRecord) {
    let came = match place.node.kind() {
        Kind::Loop => turn::look(turn, place, control, record),
        _ => body::look(turn, place, record),
    };
    let output = match came {
        Came::Open => return,
        Came::To(output) => output,
        Came::Failed(error) => {
            nodes::fail(turn, place, error, turn.age(&place.path), Map::new());
            return;
        }
        Came::Halted(reason) => {
            end::halt(turn, &reason);
            return;
        }
    };
    let texts = [Some(output.said.as_str()), output.beside.as_deref()];
    let texts = texts.into_iter().flatten();
    let done = match completion::of(control, texts, output.structured.as_ref()) {
        completion::Verdict::Done => Some(true),
        completion::Verdict::Goes => Some(false),
        completion::Verdict::AskBash => match until::look(turn, place, control, record) {
            Ok(said) => said,
            Err(error) => {
                nodes::fail(turn, place, error, turn.age(&place.path), Map::new());
                return;
            }
        },
    };
    if let Some(done) = done {
        let text = || Value::from(output.cleaned(control, place.node.kind()));
        let kept = output.kept.clone().unwrap_or_else(text);
        turn.draft.emit(
            &place.path,
            EventBody::LoopIterationCompleted {
                step: place.node.id().to_owned(),
                round: record.round,
                output: Payload::Inline(kept),
                done,
            },
        );
    }
}

/// The loop is done: its output is that of its last round.
fn finish(turn: &mut Turn<'_>, place: &Place<'_>, record: &LoopRecord) {
    let output = match &record.output {
        Some(Payload::Inline(value)) => value.clone(),
        Some(Payload::Blob { .. }) | None => Value::Null,
    };
    let mut detail = turn::facts(turn, place, record);
    detail.insert("rounds".to_owned(), Value::from(record.completed));
    nodes::complete(turn, place, output, turn.age(&place.path), detail);
}

/// What the worker has to do for an open attempt of a round, or of an item of a fan-out.
pub(crate) fn effect(
    state: &RunState,
    definition: &Definition,
    path: &StepPath,
    open: &OpenAttempt,
) -> Option<Effect> {
    let place = of_round(definition, path)?;
    match place.node.kind() {
        Kind::Workflow => nodes::fan_out::effect(path, open),
        _ if is_until(path) => until::effect(state, definition, &place, path, open),
        _ => Some(turn::effect(state, &place, path, open)),
    }
}

/// What `$LOOP_USER_INPUT` and `$LOOP_PREV_OUTPUT` are for a process at this place.
pub(crate) fn variables(state: &RunState, place: &Place<'_>) -> (String, String) {
    scope::variables(state, place)
}

/// The loop or group that a round, or something in it, belongs to.
fn of_round<'a>(definition: &'a Definition, path: &StepPath) -> Option<Place<'a>> {
    let round = if is_until(path) {
        path.parent()
    } else {
        path.clone()
    };
    place::find(definition, &round.parent())
}

/// A failure of a round itself.
fn broken(id: &str, message: &str) -> Failure {
    failure("other", format!("`{id}`: {message}"), &[id])
}
