//! `human_gate`: a question with fixed options; the chosen option names the way.

use fermata_workflow::model::HumanGateStep;
use serde_json::{Map, Value, json};

use crate::conductor::context::accumulated;
use crate::conductor::place::Place;
use crate::conductor::{Turn, eval};
use crate::event::EventBody;
use crate::gate::{AnswerField, AnswerSpec, Gate, GateKind};
use crate::ids::StepPath;

pub(in crate::conductor) fn start<'a>(
    turn: &mut Turn<'a>,
    place: &Place<'a>,
    path: &StepPath,
    attempt: u32,
    gate: &HumanGateStep,
) {
    let locals = place.item.as_ref().map(|item| item.locals.clone());
    let context =
        accumulated(place.source, turn.frame_state(&place.frame)).with(locals.unwrap_or_default());
    let prompt = match eval::prompt(&gate.prompt, &context) {
        Ok(prompt) => prompt,
        Err(error) => {
            turn.started(place, path, attempt, Map::new());
            turn.fail_step(path, place.step, attempt, error);
            return;
        }
    };
    let rendered = Map::from_iter([("prompt".to_owned(), Value::from(prompt.as_str()))]);
    turn.started(place, path, attempt, rendered);
    let answers = gate
        .options
        .iter()
        .map(|option| AnswerSpec {
            answer: json!({"kind": "human", "value": option.value.as_str()}),
            label: option.label.value.clone(),
            consequence: Some(if option.route.as_str() == fermata_workflow::model::END {
                "The workflow ends.".to_owned()
            } else {
                format!("Goes on with `{}`.", option.route.as_str())
            }),
            fields: option
                .prompt_for
                .iter()
                .map(|name| AnswerField {
                    name: name.value.clone(),
                    ty: "text".to_owned(),
                    minimum: None,
                    multiline: option.multiline,
                    optional: false,
                })
                .collect(),
        })
        .collect();
    let gate = Gate {
        gate: turn.next_gate(),
        kind: GateKind::Human,
        step: place.step.name.value.clone(),
        path: path.clone(),
        workflow: place.source.workflow.name.value.clone(),
        prompt,
        answers,
        limit: None,
        extra: Map::new(),
    };
    turn.draft.emit(path, EventBody::GateOpened { gate });
}

/// `{selected, additional_input}`. A text that was asked for and not given is empty; a policy gives none.
pub(in crate::conductor) fn output(gate: &HumanGateStep, answer: &Value, by_policy: bool) -> Value {
    let selected = answer.get("value").and_then(Value::as_str).unwrap_or("");
    let mut input = answer
        .get("input")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let asked = gate
        .options
        .iter()
        .find(|option| option.value.as_str() == selected)
        .and_then(|option| option.prompt_for.as_ref());
    if let Some(asked) = asked
        && !by_policy
    {
        input
            .entry(asked.value.clone())
            .or_insert_with(|| Value::from(""));
    }
    json!({"selected": selected, "additional_input": input})
}
