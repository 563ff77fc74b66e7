//! How a run ends (specs/archon.md 4.1): any failed node fails it, even one
//! that a later node has absorbed; so does a run in which nothing completed. A
//! `cancel` node cancels it.

use fermata_expr::archon::js;
use serde_json::Value;

use super::evidence;
use super::outputs;
use super::place::Place;
use crate::draft::{failure, policy};
use crate::event::{Cause, EventBody, Payload};
use crate::ids::StepPath;
use crate::state::NodeState;
use crate::turn::Turn;

/// Every node of the workflow has come to an end.
pub(crate) fn finish(turn: &mut Turn<'_>) {
    let root = StepPath::root();
    let definition = turn.definition;
    let Some(graph) = definition.archon().and_then(|project| project.graph(&root)) else {
        return;
    };
    let mut completed = 0_usize;
    let mut failed: Vec<(String, String, String)> = Vec::new();
    for at in 0..graph.len() {
        let place = Place::new(&root, graph, at);
        let Some(record) = turn.draft.state.nodes.get(&place.path) else {
            continue;
        };
        match record.state {
            NodeState::Completed => completed += 1,
            NodeState::Failed => {
                let (kind, message) = record
                    .error
                    .as_ref()
                    .map(|error| (error.kind.clone(), error.message.clone()))
                    .unwrap_or_default();
                failed.push((place.node.id().to_owned(), kind, message));
            }
            NodeState::Skipped | NodeState::Pending | NodeState::Running => {}
        }
    }
    let output = result(turn, graph);
    if let Some((first, kind, _)) = failed.first() {
        let names: Vec<&str> = failed.iter().map(|(id, _, _)| id.as_str()).collect();
        let each: Vec<String> = failed
            .iter()
            .map(|(id, _, message)| {
                // Many name it themselves.
                let name = format!("`{id}`");
                if message.starts_with(&name) {
                    message.clone()
                } else {
                    format!("{name}: {message}")
                }
            })
            .collect();
        let error = failure("nodes-failed", each.join("; "), &names);
        let cause = match kind.as_str() {
            "max-iterations" => Cause::IterationLimit,
            "timeout" | "idle-timeout" => Cause::Timeout,
            "budget" => Cause::Budget,
            "schema-invalid" | "schema-missing" => Cause::OutputInvalid,
            _ => Cause::StepFailed,
        };
        turn.run_failed(cause, error, Some(first.clone()), output);
        return;
    }
    if completed == 0 {
        let error = failure(
            "nothing-completed",
            "every node was skipped: no condition and no trigger rule let one run",
            &[],
        );
        turn.run_failed(Cause::StepFailed, error, None, output);
        return;
    }
    if !evidence::is_there(turn) {
        return;
    }
    let outcome = outcome(turn, output.as_ref());
    turn.draft.emit(
        &root,
        EventBody::RunCompleted {
            output: Payload::Inline(output.unwrap_or(Value::Null)),
            outcome,
            terminated_by: None,
            reason: None,
        },
    );
}

/// The run's result: the output of the node that `returns` names, nothing when that is blank; else of the first end of
/// the graph that has something to say (specs/archon.md 4.10).
fn result(turn: &Turn<'_>, graph: &super::graph::Graph) -> Option<Value> {
    let root = StepPath::root();
    let settings = turn.definition.root().workflow.archon.as_ref()?;
    let output = |at: usize| {
        let record = turn.draft.state.nodes.get(&graph.path(&root, at))?;
        match (record.state, &record.output) {
            (NodeState::Completed, Some(Payload::Inline(value))) => Some(value.clone()),
            _ => None,
        }
    };
    match settings.result.as_deref().or(settings.returns.as_deref()) {
        Some(name) => output(graph.find(name)?).filter(|value| !is_blank(value)),
        None => output(outputs::spoken(turn.draft.state, graph, &root)?),
    }
}

fn is_blank(value: &Value) -> bool {
    value.as_str().is_some_and(|text| js::trim(text).is_empty())
}

/// `succeeded` or `failed`, where the workflow names a field that says so.
fn outcome(turn: &Turn<'_>, output: Option<&Value>) -> Option<String> {
    let settings = turn.definition.root().workflow.archon.as_ref()?;
    let field = settings.outcome_field.as_ref()?;
    let said = output?.get(field.as_str())?.as_bool()?;
    Some(if said { "succeeded" } else { "failed" }.to_owned())
}

/// A person rejected what a node asked about: the run is cancelled, in that person's name.
pub(crate) fn rejected(turn: &mut Turn<'_>, id: &str, reason: &str) {
    let actor = turn.draft.last_answerer();
    turn.cancel_run(
        &format!("`{id}` was rejected"),
        actor,
        format!("`{id}` was rejected: {reason}"),
    );
}

/// A `cancel` node ran; at the top, everything beside it has come to an end.
pub(crate) fn halt(turn: &mut Turn<'_>, reason: &str) {
    turn.cancel_run(
        &format!("the run was cancelled: {reason}"),
        policy("workflow"),
        reason.to_owned(),
    );
}
