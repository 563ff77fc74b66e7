//! The variables that templates and conditions see (specs/conductor.md 4.4).
//! Built from a frame's results; nothing is evaluated here.

use fermata_workflow::StepKind;
use fermata_workflow::model::ContextMode;
use serde_json::{Map, Value, json};

use crate::definition::Source;
use crate::event::{Failure, Payload};
use crate::state::Frame;

use super::explicit;
use super::place::Place;

/// The variables by name.
#[derive(Debug, Clone)]
pub(crate) struct Context(Value);

impl Context {
    fn new(variables: Map<String, Value>) -> Self {
        Self(Value::Object(variables))
    }

    /// As the evaluators take it.
    pub(crate) fn value(&self) -> &Value {
        &self.0
    }

    /// Adds variables, over those of the same name.
    pub(crate) fn with(mut self, more: impl IntoIterator<Item = (String, Value)>) -> Self {
        if let Value::Object(variables) = &mut self.0 {
            variables.extend(more);
        }
        self
    }
}

/// Everything that came before, whatever the mode: for routes, gates, terminate and final output.
pub(crate) fn accumulated(source: &Source, frame: &Frame) -> Context {
    let mut context = always(source, frame, Value::Object(frame.inputs.clone()));
    for (name, output) in &frame.outputs {
        insert(&mut context, name, output);
    }
    Context::new(context)
}

/// What a step's own templates see, in the workflow's mode.
pub(crate) fn of_step(place: &Place<'_>, frame: &Frame) -> Result<Context, Failure> {
    let source = place.source;
    let context = match source.workflow.context.mode {
        ContextMode::Accumulate => accumulated(source, frame),
        ContextMode::LastOnly => {
            let mut context = always(source, frame, Value::Object(frame.inputs.clone()));
            if let Some((name, output)) = frame
                .history
                .last()
                .and_then(|name| frame.outputs.get_key_value(name))
            {
                insert(&mut context, name, output);
            }
            Context::new(context)
        }
        ContextMode::Explicit => {
            let full = matches!(
                place.step.kind,
                StepKind::Script(_)
                    | StepKind::Set(_)
                    | StepKind::Wait(_)
                    | StepKind::SubWorkflow(_)
            );
            let inputs = if full {
                frame.inputs.clone()
            } else {
                Map::new()
            };
            let mut context = always(source, frame, Value::Object(inputs));
            explicit::add(&mut context, &place.step.input, frame)?;
            Context::new(context)
        }
    };
    Ok(match &place.item {
        Some(item) => context.with(item.locals.clone()),
        None => context,
    })
}

fn always(source: &Source, frame: &Frame, inputs: Value) -> Map<String, Value> {
    let mut workflow = Map::new();
    workflow.insert("input".to_owned(), inputs);
    workflow.insert(
        "dir".to_owned(),
        Value::from(source.dir().to_string_lossy().into_owned()),
    );
    workflow.insert(
        "file".to_owned(),
        Value::from(source.file.to_string_lossy().into_owned()),
    );
    workflow.insert(
        "name".to_owned(),
        Value::from(source.workflow.name.value.as_str()),
    );
    let mut context = Map::new();
    context.insert("workflow".to_owned(), Value::Object(workflow));
    context.insert(
        "context".to_owned(),
        json!({"iteration": frame.history.len(), "history": frame.history}),
    );
    context
}

fn insert(context: &mut Map<String, Value>, name: &str, output: &Payload) {
    let Payload::Inline(value) = output else {
        return;
    };
    let entry = if looks_like_group(value) {
        value.clone()
    } else {
        json!({"output": value})
    };
    context.insert(name.to_owned(), entry);
}

/// Groups are told by their shape, so a step's output with both keys passes for one (4.4).
pub(crate) fn looks_like_group(value: &Value) -> bool {
    value
        .as_object()
        .is_some_and(|o| o.contains_key("outputs") && o.contains_key("errors"))
}
