//! `terminate`: ends its workflow on purpose. In a sub-workflow, success is an
//! ordinary result and failure an ordinary failure of the parent's step.

use fermata_workflow::StepKind;
use fermata_workflow::model::TerminateStep;
use serde_json::{Map, Value, json};

use crate::conductor::context::{Context, accumulated};
use crate::conductor::place::Place;
use crate::conductor::{Turn, eval, route};
use crate::draft::failure;
use crate::event::{Cause, Failure, Payload};
use crate::ids::StepPath;

pub(in crate::conductor) fn run<'a>(
    turn: &mut Turn<'a>,
    place: &Place<'a>,
    path: &StepPath,
    attempt: u32,
    terminate: &TerminateStep,
    context: &Context,
) {
    let name = place.step.name.as_str();
    turn.started(place, path, attempt, Map::new());
    match eval::render(&terminate.reason, context) {
        Ok(reason) => {
            let output = json!({
                "status": if terminate.success { "success" } else { "failed" },
                "reason": reason,
                "terminated_by": name,
            });
            turn.step_completed(path, name, attempt, output, 0, 1, Map::new());
        }
        Err(error) => turn.failed(path, name, attempt, error, 0, Map::new()),
    }
}

/// After its result: the workflow ends.
pub(in crate::conductor) fn end(
    turn: &mut Turn<'_>,
    frame_path: &StepPath,
    path: &StepPath,
    name: &str,
) {
    let Some(place) = turn.place(path, name) else {
        return;
    };
    let StepKind::Terminate(terminate) = &place.step.kind else {
        return;
    };
    let frame = turn.frame_state(frame_path);
    let reason = match frame.outputs.get(name) {
        Some(Payload::Inline(value)) => value
            .get("reason")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        Some(Payload::Blob { .. }) | None => String::new(),
    };
    let output: Result<Value, Failure> = match &terminate.output_template {
        Some(texts) => {
            route::templates(texts, &accumulated(place.source, frame)).map(Value::Object)
        }
        None => route::final_output(place.source, frame),
    };
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            turn.fail(frame_path, error, Some(path));
            return;
        }
    };
    if terminate.success {
        turn.completed(frame_path, output, Some(name.to_owned()), Some(reason));
        return;
    }
    let message = format!("`{name}` ended the workflow: {reason}");
    if frame_path.is_root() {
        let error = failure("WorkflowTerminated", message, &[]);
        turn.run_failed(
            Cause::Terminated,
            error,
            Some(name.to_owned()),
            Some(output),
        );
    } else {
        let file = place
            .source
            .file
            .file_name()
            .map(|file| file.to_string_lossy().into_owned())
            .unwrap_or_default();
        let step = turn
            .draft
            .state
            .open
            .get(frame_path)
            .map(|open| open.step.clone())
            .unwrap_or_default();
        let error = failure("SubworkflowTerminatedError", message, &[&file, &step]);
        turn.fail(frame_path, error, Some(path));
    }
}
