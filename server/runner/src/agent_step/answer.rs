//! Reading an answer: text as it is, or one JSON object of the declared shape.

use fermata_engine::Failure;
use fermata_expr::{extract, schema};
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
    fields: Option<&Map<String, Value>>,
    step: &str,
) -> Result<Value, Unfit> {
    let Some(fields) = fields else {
        return Ok(json!({"result": output.text}));
    };
    let value = match &output.value {
        Some(value) => value.clone(),
        None => extract::whole_then_fences(&output.text)
            .map_err(|error| Unfit::Unreadable(error.message))?,
    };
    let fields = Value::Object(fields.clone());
    let value = schema::unwrap_values(value, &fields);
    match schema::validate_output(&value, &fields) {
        Ok(()) => Ok(value),
        Err(error) => Err(Unfit::Shape(Failure {
            kind: "ValidationError".to_owned(),
            message: format!("the answer of `{step}`: {}", error.message),
            names: error.names,
        })),
    }
}
