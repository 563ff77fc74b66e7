//! `workflow`: another workflow inside this run, with its own inputs, limits and
//! history under the step's path.

use fermata_workflow::model::SubWorkflowStep;
use serde_json::{Map, Value};

use crate::conductor::context::Context;
use crate::conductor::place::Place;
use crate::conductor::{Turn, eval, inputs};
use crate::draft::failure;
use crate::event::{EventBody, Failure};
use crate::ids::StepPath;

/// Workflows inside workflows, at most.
const DEEPEST: usize = 10;

pub(in crate::conductor) fn start<'a>(
    turn: &mut Turn<'a>,
    place: &Place<'a>,
    path: &StepPath,
    attempt: u32,
    sub: &SubWorkflowStep,
    context: &Context,
) {
    let again = turn.draft.state.frames.get(path).map(|frame| {
        (
            frame.workflow.clone(),
            frame.file.clone(),
            frame.inputs.clone(),
        )
    });
    let begun = match again {
        Some(known) => Ok(known),
        None => prepare(turn, place, sub, context),
    };
    let (workflow, file, mut inputs) = match begun {
        Ok(begun) => begun,
        Err(error) => {
            turn.started(place, path, attempt, Map::new());
            turn.fail_step(path, place.step, attempt, error);
            return;
        }
    };
    turn.draft.state.conceal(&mut inputs);
    let rendered = Map::from_iter([("inputs".to_owned(), Value::Object(inputs.clone()))]);
    turn.started(place, path, attempt, rendered);
    let deadline = turn
        .definition
        .file(&file)
        .and_then(|source| source.workflow.limits.timeout_seconds)
        .map(|seconds| {
            turn.draft
                .now
                .saturating_add(seconds.value.saturating_mul(1000))
        });
    turn.draft.emit(
        path,
        EventBody::SubworkflowStarted {
            step: place.step.name.value.clone(),
            workflow,
            file,
            inputs,
            deadline,
        },
    );
}

fn prepare(
    turn: &Turn<'_>,
    place: &Place<'_>,
    sub: &SubWorkflowStep,
    context: &Context,
) -> Result<(String, String, Map<String, Value>), Failure> {
    let name = place.step.name.as_str();
    let depth = depth(turn, &place.frame);
    let deepest = sub
        .max_depth
        .map_or(DEEPEST, |placed| (placed.value as usize).min(DEEPEST));
    if depth >= deepest {
        return Err(failure(
            "ExecutionError",
            format!(
                "`{name}` would be workflow number {} inside another; at most {deepest} are allowed",
                depth + 1
            ),
            &[name],
        ));
    }
    let from = place.source.file.to_string_lossy();
    let link = match &place.item {
        Some(item) => format!("{}[]", item.group),
        None => name.to_owned(),
    };
    let child = turn
        .definition
        .child(&from, &link)
        .map_err(|problem| failure("ConfigurationError", problem.to_string(), &[name]))?;
    let given = match &sub.input_mapping {
        Some(mapping) => {
            let mut given = Map::new();
            for (key, text) in mapping {
                given.insert(key.clone(), eval::maybe_json(eval::render(text, context)?));
            }
            given
        }
        None => turn.frame_state(&place.frame).inputs.clone(),
    };
    Ok((
        child.workflow.name.value.clone(),
        child.file.to_string_lossy().into_owned(),
        inputs::with_defaults(&child.workflow, &given),
    ))
}

/// How many workflows the frame lies in.
fn depth(turn: &Turn<'_>, frame: &StepPath) -> usize {
    let mut depth = 0;
    let mut at = frame.clone();
    while !at.is_root() {
        depth += 1;
        at = turn.draft.state.frame_of(&at);
    }
    depth
}
