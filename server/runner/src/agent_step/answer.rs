//! Reading an answer: text as it is, or one JSON object of the declared shape.

use fermata_engine::Failure;
use serde_json::{Map, Value, json};

use crate::agent::StepOutput;

/// Why an answer was not taken.
pub(super) enum Unfit {
    /// No JSON in it.
    Unreadable(String),
    /// JSON of another shape.
    Shape(Failure),
}

/// The output in an answer.
pub(super) fn read(
    output: &StepOutput,
    schema: Option<&Map<String, Value>>,
    step: &str,
) -> Result<Value, Unfit> {
    let Some(schema) = schema else {
        return Ok(json!({"result": output.text}));
    };
    let value = match &output.value {
        Some(value) => value.clone(),
        None => fermata_engine::agent_answer::extract(&output.text).map_err(Unfit::Unreadable)?,
    };
    fermata_engine::agent_answer::checked(value, schema, step).map_err(Unfit::Shape)
}
