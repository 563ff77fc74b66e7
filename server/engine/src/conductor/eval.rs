//! Every evaluation of the scheduler goes through here.

use fermata_workflow::{Text, model::Route};
use serde_json::{Map, Value};

use crate::draft::failure;
use crate::event::Failure;

use super::context::Context;

fn env() -> minijinja::Environment<'static> {
    let mut env = minijinja::Environment::new();
    env.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    env.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    env.set_keep_trailing_newline(true);
    env.add_filter("json", |v: minijinja::Value| {
        serde_json::to_string_pretty(&v).unwrap_or_default()
    });
    env
}

pub(super) fn render(text: &str, context: &Context) -> Result<String, Failure> {
    env()
        .render_str(text, context)
        .map_err(|e| failure("TemplateError", e.to_string(), &[]))
}

pub(super) fn choose_route(
    routes: &[Route],
    output: &Value,
    context: &Context,
) -> Result<usize, Failure> {
    for (at, route) in routes.iter().enumerate() {
        let Some(when) = route.when.as_ref().map(Text::as_str) else {
            return Ok(at);
        };
        let yes = if when.contains("{{") {
            let t = render(when, context)?.trim().to_lowercase();
            !matches!(t.as_str(), "false" | "0" | "no" | "")
        } else {
            let mut flat = Map::new();
            for (k, v) in context {
                if let Value::Object(o) = v {
                    for (s, v) in o {
                        flat.insert(format!("{k}_{s}"), v.clone());
                    }
                } else {
                    flat.insert(k.clone(), v.clone());
                }
            }
            if let Value::Object(o) = output {
                flat.extend(o.clone());
            }
            let e = env();
            e.compile_expression(when)
                .and_then(|x| x.eval(&flat))
                .map_err(|e| failure("ValueError", e.to_string(), &[]))?
                .is_true()
        };
        if yes {
            return Ok(at);
        }
    }
    Err(failure("ValueError", "no route matches", &["when"]))
}

pub(super) fn maybe_json(text: &str) -> Value {
    let t = text.trim();
    match t {
        "True" => return true.into(),
        "False" => return false.into(),
        "None" => return Value::Null,
        _ => {}
    }
    if t.starts_with(['{', '[', '"']) || matches!(t, "true" | "false" | "null") {
        if let Ok(v) = serde_json::from_str(t) {
            return v;
        }
    }
    if t.contains('.') {
        if let Ok(f) = t.parse::<f64>() {
            return f.into();
        }
    } else if let Ok(i) = t.parse::<i64>() {
        return i.into();
    }
    Value::from(text)
}

pub(super) fn set_coerce(step: &str, text: &str, ty: &str) -> Result<Value, Failure> {
    let t = text.trim();
    match ty {
        "string" => Ok(text.into()),
        "integer" => t
            .parse::<i64>()
            .map(Value::from)
            .map_err(|_| failure("ExecutionError", "not an integer", &[step, t])),
        _ => Ok(maybe_json(t)),
    }
}

pub(super) fn duration(text: &str) -> Option<f64> {
    fermata_workflow::dialects::conductor::duration::parse(text)
}

pub(super) fn validate(
    step: &str,
    output: &Value,
    schema: &Map<String, Value>,
) -> Result<(), Failure> {
    for k in schema.keys() {
        if output.get(k).is_none() {
            return Err(failure(
                "ValidationError",
                format!("`{k}` is missing"),
                &[step, k],
            ));
        }
    }
    Ok(())
}

pub(super) fn dotted<'a>(context: &'a Context, path: &str) -> Option<&'a Value> {
    let mut parts = path.trim().split('.');
    let mut found = context.get(parts.next()?)?;
    for part in parts {
        found = match found {
            Value::Array(list) => list.get(part.parse::<usize>().ok()?)?,
            other => other.get(part)?,
        };
    }
    Some(found)
}

pub(super) fn python_str(value: &Value) -> String {
    match value {
        Value::String(t) => t.clone(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Null => "None".into(),
        v => v.to_string(),
    }
}
