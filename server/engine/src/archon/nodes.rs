//! One file per kind of node: what it renders, how it starts, what its result
//! is. A new kind plugs in at four places, all in this file: `start` (its
//! intent, or its whole result when it has no effect), `go_on` (what an open
//! attempt does when the graph is looked at: gates, rounds, attempts of a dead
//! worker), `effect` (what the worker carries out) and `conclude` (what becomes
//! of the outcome). Attempts that are open with a process need their kind in
//! `OpenAttempt::has_process`.

use serde_json::{Map, Value};

use super::evidence;
use super::node::Kind;
use super::place::{self, Place};
use super::{retry, rounds, sessions};
use crate::definition::Definition;
use crate::draft::failure;
use crate::effect::{AgentCall, Effect};
use crate::event::{EventBody, Failure, Payload};
use crate::fold::CUT_OFF;
use crate::ids::StepPath;
use crate::outcome::Outcome;
use crate::session::SessionCall;
use crate::state::{OpenAttempt, RunState};
use crate::turn::Turn;

pub(crate) mod approval;
pub(crate) mod bash;
mod bindings;
pub(crate) mod cancel;
pub(crate) mod environment;
pub(crate) mod fan_out;
pub(crate) mod prompt;
mod script;
pub(crate) mod workflow;

/// Starts a node that is free to run.
pub(crate) fn start(turn: &mut Turn<'_>, place: &Place<'_>) {
    match place.node.kind() {
        Kind::Bash => bash::start(turn, place),
        Kind::Cancel => cancel::start(turn, place),
        Kind::Script => script::start(turn, place),
        Kind::Prompt | Kind::Command => prompt::start(turn, place),
        Kind::Approval => approval::start(turn, place),
        Kind::Loop | Kind::LoopGroup => rounds::start(turn, place),
        Kind::Workflow if fan_out::is(place.node) => fan_out::start(turn, place),
        Kind::Workflow => workflow::start(turn, place),
    }
}

/// Looks after a node that is under way.
pub(crate) fn go_on(turn: &mut Turn<'_>, place: &Place<'_>) {
    if matches!(place.node.kind(), Kind::Loop | Kind::LoopGroup) {
        rounds::go_on(turn, place);
    } else if is_stale(turn, &place.path) {
        // Whoever carried it out is gone: it starts again with the next attempt number.
        turn.withdraw_gates(&place.path, "its attempt was interrupted and starts again");
        start(turn, place);
        return;
    }
    match place.node.kind() {
        Kind::Approval => approval::go_on(turn, place),
        Kind::Workflow if fan_out::is(place.node) => fan_out::go_on(turn, place),
        _ => {}
    }
}

/// Whether an attempt is open whose process or turn went with an earlier worker.
pub(crate) fn is_stale(turn: &Turn<'_>, path: &StepPath) -> bool {
    let state = &turn.draft.state;
    let open = state.open.get(path);
    open.is_some_and(|open| open.has_process() && !open.is_child() && open.fence < state.fence)
}

/// What the worker has to do for an open attempt.
pub(crate) fn effect(
    state: &RunState,
    definition: &Definition,
    place: &Place<'_>,
    open: &OpenAttempt,
) -> Option<Effect> {
    let setting = definition.archon()?.setting();
    match place.node.kind() {
        Kind::Bash => Some(Effect::Script(Box::new(bash::call(
            state, definition, place, open, setting,
        )))),
        Kind::Script => Some(Effect::Script(Box::new(script::call(
            state, definition, place, open, setting,
        )))),
        Kind::Prompt | Kind::Command => {
            let sessions = SessionCall {
                start: sessions::begun(open),
                stays_open: sessions::is_continued(place),
                kept_as: sessions::kept_as(place),
            };
            let call = prompt::call(state, &place.path, place.node, open, true);
            let call = AgentCall {
                session: sessions,
                ..call
            };
            Some(Effect::Agent(Box::new(call)))
        }
        Kind::Workflow if open.has_process() => {
            Some(Effect::Child(Box::new(workflow::call(&place.path, open))))
        }
        Kind::Loop | Kind::LoopGroup | Kind::Approval | Kind::Cancel | Kind::Workflow => None,
    }
}

/// The same for what happens under a path of its own: a rework, or the look for evidence.
pub(crate) fn effect_within(
    state: &RunState,
    definition: &Definition,
    path: &StepPath,
    open: &OpenAttempt,
) -> Option<Effect> {
    if *path == evidence::path() {
        let call = evidence::call(open, definition.archon()?.setting());
        return Some(Effect::Script(Box::new(call)));
    }
    let Some(node) = approval::node_of_rework(path) else {
        return rounds::effect(state, definition, path, open);
    };
    let gate = place::find(definition, &node)?;
    let call = prompt::call(state, path, gate.node, open, true);
    Some(Effect::Agent(Box::new(call)))
}

/// Records what came of an attempt with an effect.
pub(crate) fn conclude(turn: &mut Turn<'_>, path: &StepPath, outcome: Outcome) {
    let definition = turn.definition;
    turn.withdraw_gates(path, "the attempt that asked is over");
    let Some(place) = place::find(definition, path) else {
        conclude_within(turn, path, outcome);
        return;
    };
    match outcome {
        Outcome::Failed {
            error,
            detail,
            elapsed,
        } => {
            let error = match place.node.kind() {
                Kind::Bash | Kind::Script => script::classed(place.node, error, &detail),
                Kind::Prompt
                | Kind::Command
                | Kind::Loop
                | Kind::LoopGroup
                | Kind::Approval
                | Kind::Cancel
                | Kind::Workflow => error,
            };
            fail(turn, &place, error, elapsed, detail);
        }
        Outcome::Cancelled { elapsed } => {
            let error = failure(CUT_OFF, "ended before it had a result", &[]);
            let attempt = attempt_of(turn, path);
            turn.failed(path, place.node.id(), attempt, error, elapsed, Map::new());
        }
        Outcome::Process {
            stdout,
            stderr,
            exit_code,
            elapsed,
        } => match bash::result(place.node, &stdout, &stderr, exit_code) {
            Ok(output) => {
                let mut detail = Map::new();
                detail.insert("exit_code".to_owned(), Value::from(exit_code));
                complete(turn, &place, output, elapsed, detail);
            }
            Err(error) => fail(turn, &place, error, elapsed, Map::new()),
        },
        Outcome::Agent {
            output,
            mut detail,
            elapsed,
        } => {
            sessions::keep(&place, &mut detail);
            if place.node.kind() == Kind::Workflow {
                workflow::facts(&output, &mut detail);
            }
            complete(turn, &place, output, elapsed, detail);
        }
    }
}

/// What came of something that a node does under a path of its own.
fn conclude_within(turn: &mut Turn<'_>, path: &StepPath, outcome: Outcome) {
    let Some(open) = turn.draft.state.open.get(path).cloned() else {
        return;
    };
    let (step, attempt) = (open.step.clone(), open.attempt);
    let completed = |output, elapsed, detail| EventBody::StepCompleted {
        step: open.step.clone(),
        attempt,
        output: Payload::Inline(output),
        elapsed,
        counted: 1,
        detail,
    };
    match outcome {
        Outcome::Agent {
            output,
            mut detail,
            elapsed,
        } => {
            if open.kind == Kind::Workflow.word() {
                workflow::facts(&output, &mut detail);
            }
            turn.draft.emit(path, completed(output, elapsed, detail));
        }
        // What the exit code says is for the loop to decide.
        Outcome::Process {
            stdout,
            exit_code,
            elapsed,
            ..
        } if rounds::is_until(path) => {
            let detail = Map::from_iter([("exit_code".to_owned(), Value::from(exit_code))]);
            turn.draft
                .emit(path, completed(Value::from(stdout), elapsed, detail));
        }
        Outcome::Failed {
            error,
            mut detail,
            elapsed,
        } => {
            let gate =
                approval::node_of_rework(path).and_then(|node| place::find(turn.definition, &node));
            let retries = turn.draft.state.nodes.get(path).map_or(0, |n| n.retries);
            if let Some(delay) =
                gate.and_then(|gate| retry::delay_of_turn(gate.node, &error, retries))
            {
                detail.insert("retry_at".to_owned(), Value::from(turn.draft.now + delay));
            }
            turn.failed(path, &step, attempt, error, elapsed, detail);
        }
        Outcome::Process {
            exit_code, elapsed, ..
        } => {
            if exit_code == 0 {
                turn.draft.emit(
                    path,
                    EventBody::StepCompleted {
                        step,
                        attempt,
                        output: Payload::Inline(Value::from("")),
                        elapsed,
                        counted: 1,
                        detail: Map::new(),
                    },
                );
            } else {
                let error = failure(
                    "exit",
                    format!("`{step}` ended with exit code {exit_code}"),
                    &[],
                );
                turn.failed(path, &step, attempt, error, elapsed, Map::new());
            }
        }
        Outcome::Cancelled { elapsed } => {
            let error = failure(CUT_OFF, "ended before it had a result", &[]);
            turn.failed(path, &step, attempt, error, elapsed, Map::new());
        }
    }
}

/// Whether an open attempt of the kind counts against how many may be open at once.
pub(crate) fn takes_room(kind: Kind) -> bool {
    match kind {
        Kind::Prompt | Kind::Command | Kind::Bash | Kind::Script => true,
        Kind::Loop | Kind::LoopGroup | Kind::Approval | Kind::Cancel | Kind::Workflow => false,
    }
}

/// The number of the attempt that comes next, from 1.
pub(crate) fn next_attempt(state: &RunState, path: &StepPath) -> u32 {
    state.nodes.get(path).map_or(0, |record| record.attempts) + 1
}

fn attempt_of(turn: &Turn<'_>, path: &StepPath) -> u32 {
    turn.draft
        .state
        .open
        .get(path)
        .map_or(1, |open| open.attempt)
}

/// The intent of a node.
pub(crate) fn started(turn: &mut Turn<'_>, place: &Place<'_>, rendered: Map<String, Value>) {
    let attempt = next_attempt(turn.draft.state, &place.path);
    turn.draft.emit(
        &place.path,
        EventBody::StepStarted {
            step: place.node.id().to_owned(),
            kind: place.node.kind().word().to_owned(),
            attempt,
            iteration: 0,
            rendered,
        },
    );
}

/// Starts and fails a node whose texts cannot be rendered.
pub(crate) fn refuse(turn: &mut Turn<'_>, place: &Place<'_>, error: Failure) {
    started(turn, place, Map::new());
    fail(turn, place, error, 0, Map::new());
}

/// The result of a node that is under way.
pub(crate) fn complete(
    turn: &mut Turn<'_>,
    place: &Place<'_>,
    output: Value,
    elapsed: u64,
    detail: Map<String, Value>,
) {
    let attempt = attempt_of(turn, &place.path);
    turn.draft.emit(
        &place.path,
        EventBody::StepCompleted {
            step: place.node.id().to_owned(),
            attempt,
            output: Payload::Inline(output),
            elapsed,
            counted: 1,
            detail,
        },
    );
}

/// The failure of a node that is under way; another attempt follows when its policy says so.
pub(crate) fn fail(
    turn: &mut Turn<'_>,
    place: &Place<'_>,
    error: Failure,
    elapsed: u64,
    mut detail: Map<String, Value>,
) {
    let attempt = attempt_of(turn, &place.path);
    let retries = turn
        .draft
        .state
        .nodes
        .get(&place.path)
        .map_or(0, |record| record.retries);
    if let Some(delay) = retry::delay(place.node, &error, retries) {
        detail.insert("retry_at".to_owned(), Value::from(turn.draft.now + delay));
    }
    turn.failed(
        &place.path,
        place.node.id(),
        attempt,
        error,
        elapsed,
        detail,
    );
}
