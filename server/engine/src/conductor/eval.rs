//! Every evaluation of the scheduler goes through here, into the code that the
//! editor uses too. Errors become failures in upstream's classes.

use fermata_expr::coerce::{self, OutputType};
use fermata_expr::{EvalError, condition, schema, template};
use fermata_workflow::Text;
use fermata_workflow::model::Route;
use serde_json::{Map, Value};

use crate::draft::failure;
use crate::event::Failure;

use super::context::Context;

fn failed(kind: &str, error: EvalError) -> Failure {
    Failure {
        kind: kind.to_owned(),
        message: error.message,
        names: error.names,
    }
}

/// A rendered template.
pub(super) fn render(text: &str, context: &Context) -> Result<String, Failure> {
    template::render(text, context.value()).map_err(|error| failed("TemplateError", error))
}

/// A rendered prompt, which may take in templates from beside its file.
pub(super) fn prompt(text: &Text, context: &Context) -> Result<String, Failure> {
    template::render_with(text, context.value(), &text.partials)
        .map_err(|error| failed("TemplateError", error))
}

/// The first route whose condition holds.
pub(super) fn choose_route(routes: &[Route], context: &Context) -> Result<usize, Failure> {
    for (at, route) in routes.iter().enumerate() {
        let Some(when) = &route.when else {
            return Ok(at);
        };
        let kind = match condition::language(when) {
            condition::Language::Template => "TemplateError",
            condition::Language::Plain => "ValueError",
        };
        let holds = condition::evaluate(when, context.value()).map_err(|error| {
            let mut failure = failed(kind, error);
            failure.message = format!(
                "the condition `{}` failed: {}",
                when.as_str(),
                failure.message
            );
            failure
        })?;
        if holds {
            return Ok(at);
        }
    }
    Err(failure(
        "ValueError",
        format!(
            "none of the {} routes applies; add a last route without `when`",
            routes.len()
        ),
        &["when"],
    ))
}

/// Final outputs and sub-workflow inputs: JSON and Python spellings become values.
pub(super) fn maybe_json(text: String) -> Value {
    coerce::maybe_json(&Value::String(text))
}

/// The value of a `set` text.
pub(super) fn set_coerce(step: &str, text: &str, ty: &str) -> Result<Value, Failure> {
    let wanted = OutputType::from_name(ty).unwrap_or(OutputType::Auto);
    coerce::set_coerce(text, wanted).map_err(|error| {
        let mut failure = failed("ExecutionError", error);
        failure.names.insert(0, step.to_owned());
        failure
    })
}

/// Seconds of a duration text.
pub(super) fn duration(text: &str) -> Option<f64> {
    coerce::duration(&Value::from(text)).ok()
}

/// Checks an output against declared fields.
pub(super) fn validate(
    step: &str,
    output: &Value,
    fields: &Map<String, Value>,
) -> Result<(), Failure> {
    schema::validate_output(output, &Value::Object(fields.clone())).map_err(|error| {
        let mut failure = failed("ValidationError", error);
        failure.names.insert(0, step.to_owned());
        failure
    })
}

/// The value that a dotted path names.
pub(super) fn dotted<'a>(context: &'a Context, path: &str) -> Option<&'a Value> {
    let mut found = context.value();
    for part in path.trim().split('.') {
        found = match found {
            Value::Array(list) => list.get(part.parse::<usize>().ok()?)?,
            other => other.get(part)?,
        };
    }
    Some(found)
}

/// A value as Python writes it.
pub(super) fn python_str(value: &Value) -> Option<String> {
    coerce::str(value).ok()
}
