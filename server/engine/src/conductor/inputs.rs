//! Defaults of declared inputs (specs/conductor.md 4.1): the default unless it
//! is null; else the type's zero value for an input that is not required; else
//! nothing, and the first template that needs it fails.

use fermata_workflow::Workflow;
use fermata_workflow::model::ValueType;
use serde_json::{Map, Value, json};

use crate::event::EventBody;
use crate::ids::StepPath;

use super::Turn;

/// Given inputs with defaults filled in.
pub(crate) fn with_defaults(workflow: &Workflow, given: &Map<String, Value>) -> Map<String, Value> {
    let mut inputs = given.clone();
    for (name, input) in &workflow.inputs {
        if inputs.contains_key(name) {
            continue;
        }
        let default = input.default.as_ref().map(|placed| &placed.value);
        let value = match default {
            Some(value) if !value.is_null() => value.clone(),
            _ if input.required => continue,
            _ => match input.ty {
                Some(ValueType::String) => json!(""),
                Some(ValueType::Number) => json!(0),
                Some(ValueType::Boolean) => json!(false),
                Some(ValueType::Array) => json!([]),
                Some(ValueType::Object) => json!({}),
                None => Value::Null,
            },
        };
        inputs.insert(name.clone(), value);
    }
    inputs
}

impl Turn<'_> {
    pub(super) fn resolve_inputs(&mut self) {
        let workflow = &self.definition.root().workflow;
        let inputs = with_defaults(workflow, &self.draft.state.request.inputs);
        self.draft
            .emit(&StepPath::root(), EventBody::InputsResolved { inputs });
    }
}
