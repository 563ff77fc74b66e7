//! The conformance door: one row of a Conductor function set in, its answer out, by the code engine and editor use.

use crate::coerce::{self, OutputType};
use crate::error::{EvalError, EvalErrorKind};
use crate::{condition, extract, schema, template};
use serde_json::{Map, Value, json};

/// Answers one row: `{id, ok: true, value}` or `{id, ok: false, error: {kind, message, names}}`.
///
/// `set` is the file's stem: `expressions`, `templates`, `coercions` or `agents_extraction`. `templates` rows carry
/// their context as an object; `value` has the shape of the row's `result` or `text`.
pub fn eval(set: &str, row: &Value) -> Value {
    let id = row.get("id").cloned().unwrap_or(Value::Null);
    match answer(set, row) {
        Ok(value) => json!({"id": id, "ok": true, "value": value}),
        Err(error) => json!({
            "id": id,
            "ok": false,
            "error": {"kind": kind_name(error.kind), "message": error.message, "names": error.names},
        }),
    }
}

/// The name of an error family in printed answers.
pub fn kind_name(kind: EvalErrorKind) -> &'static str {
    match kind {
        EvalErrorKind::Syntax => "syntax",
        EvalErrorKind::Undefined => "undefined",
        EvalErrorKind::Type => "type",
        EvalErrorKind::Value => "value",
        EvalErrorKind::Lookup => "lookup",
        EvalErrorKind::Arithmetic => "arithmetic",
        EvalErrorKind::Unsupported => "unsupported",
        EvalErrorKind::Unmatched => "unmatched",
        EvalErrorKind::Limit => "limit",
    }
}

fn text<'r>(row: &'r Value, key: &str) -> Result<&'r str, EvalError> {
    row.get(key).and_then(Value::as_str).ok_or_else(|| {
        EvalError::new(
            EvalErrorKind::Syntax,
            format!("expected the text '{key}' in the row"),
        )
        .named(key)
    })
}

fn answer(set: &str, row: &Value) -> Result<Value, EvalError> {
    let empty = Value::Object(Map::new());
    let context = row.get("context").unwrap_or(&empty);
    match set {
        "templates" => template::render(text(row, "template")?, context).map(Value::String),
        "expressions" => match row.get("kind").and_then(Value::as_str) {
            Some("route") => {
                let none = Vec::new();
                let routes = row.get("routes").and_then(Value::as_array).unwrap_or(&none);
                let output = row.get("output").unwrap_or(&Value::Null);
                let chosen = condition::choose_route(routes, output, context)?;
                let transform = chosen.transform.map_or(Value::Null, Value::Object);
                Ok(json!({"target": chosen.target, "transform": transform}))
            }
            _ => condition::evaluate(text(row, "when")?, context).map(Value::Bool),
        },
        "coercions" => coercion(text(row, "kind")?, row.get("input").unwrap_or(row)),
        "agents_extraction" => extraction(row),
        other => Err(EvalError::new(
            EvalErrorKind::Unsupported,
            format!("there is no set '{other}'"),
        )
        .named(other)),
    }
}

fn coercion(kind: &str, input: &Value) -> Result<Value, EvalError> {
    let value = input.get("value").unwrap_or(&Value::Null);
    match kind {
        "set_coerce" => {
            let name = text(input, "output_type")?;
            let wanted = OutputType::from_name(name).ok_or_else(|| {
                EvalError::new(
                    EvalErrorKind::Value,
                    format!("there is no output type '{name}'"),
                )
                .named(name)
            })?;
            coerce::set_coerce(text(input, "text")?, wanted)
        }
        "duration" => coerce::duration(value).map(crate::value::json::float_to_json),
        "maybe_json" => Ok(coerce::maybe_json(value)),
        "cli_coerce" => text(input, "value").map(coerce::cli_coerce),
        "validate_output" => {
            let content = input.get("content").unwrap_or(&Value::Null);
            let fields = input.get("schema").unwrap_or(&Value::Null);
            schema::validate_output(content, fields).map(|()| Value::Null)
        }
        other => Err(EvalError::new(
            EvalErrorKind::Unsupported,
            format!("there is no coercion '{other}'"),
        )
        .named(other)),
    }
}

/// Both readers, and with a schema the checked answer; a reading that fails is `{ok: false}`.
fn extraction(row: &Value) -> Result<Value, EvalError> {
    let source = text(row, "text")?;
    let part = |read: Result<Value, EvalError>| match read {
        Ok(result) => json!({"ok": true, "result": result}),
        Err(error) => json!({"ok": false, "error": error.message}),
    };
    let mut out = Map::new();
    out.insert(
        "copilot".to_owned(),
        part(extract::whole_then_fences(source)),
    );
    out.insert(
        "helper".to_owned(),
        part(extract::fences_then_rest(source).map(Value::Object)),
    );
    if let Some(fields) = row.get("schema").filter(|s| !s.is_null()) {
        out.insert("checked".to_owned(), part(extract::checked(source, fields)));
    }
    Ok(Value::Object(out))
}
