//! What the caller hands to an included workflow takes the place of `$INPUTS.name` in its texts.

use fermata_expr::archon::{condition, js, reference};
use indexmap::IndexMap;
use serde_json::Value;

use super::super::file::Parsed;
use super::super::structure::{self, id};
use super::ExpandError;

/// Key of a node: the inputs of the workflow that it is written in.
const COMPOSED_INPUTS: &str = "composed_inputs";

/// Values by name; `None` for an input that is declared and has no value.
pub(super) type Values = IndexMap<String, Value>;

/// The values of an include: what it hands over, else the defaults.
pub(super) fn values(include: &Value, file: &Parsed) -> Result<Values, ExpandError> {
    let at = id(include);
    let given: Values = include
        .get("with")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    let Some(declared) = &file.inputs else {
        return Ok(given);
    };
    if let Some(name) = given.keys().find(|k| !declared.contains_key(*k)) {
        let message = structure::suggest(
            format!("'{}' has no input '{name}'", file.name),
            name,
            declared.keys().map(String::as_str),
        );
        return Err(ExpandError::new(
            "include-input-undeclared",
            at,
            "with",
            &[at, &file.name, name],
            message,
        ));
    }
    let mut values = Values::new();
    for (name, (required, default)) in declared {
        match given.get(name).or(default.as_ref()) {
            Some(value) => {
                values.insert(name.clone(), value.clone());
            }
            None if *required => {
                let message = format!(
                    "'{}' requires the input '{name}'; hand it over in `with`",
                    file.name
                );
                return Err(ExpandError::new(
                    "include-input-missing",
                    at,
                    "with",
                    &[at, &file.name, name, "with:"],
                    message,
                ));
            }
            None => {}
        }
    }
    Ok(values)
}

/// Puts the values into every text of the nodes.
pub(super) fn substitute(
    nodes: &mut [Value],
    include: &Value,
    target: &str,
    values: &Values,
) -> Result<(), ExpandError> {
    let at = id(include).to_owned();
    let missing = |name: &str| {
        let message =
            format!("'{target}' reads $INPUTS.{name}, which has no value; hand it over in `with`");
        ExpandError::new(
            "include-input-missing",
            &at,
            "with",
            &[&at, target, "with:"],
            message,
        )
    };
    for node in nodes {
        one(node, &at, values, &missing)?;
        hand_over(node, values);
    }
    Ok(())
}

/// A process finds the inputs in its environment, too: those of the workflow that its node is written in.
fn hand_over(node: &mut Value, values: &Values) {
    let exec = structure::text(node, "kind") == "exec";
    if exec
        && let Some(map) = node.as_object_mut()
        && !map.contains_key(COMPOSED_INPUTS)
    {
        let values = values.iter().map(|(k, v)| (k.clone(), v.clone()));
        map.insert(COMPOSED_INPUTS.to_owned(), values.collect());
    }
    let body = node.pointer_mut("/loop_group/nodes");
    for node in body.and_then(Value::as_array_mut).into_iter().flatten() {
        hand_over(node, values);
    }
}

fn one(
    node: &mut Value,
    at: &str,
    values: &Values,
    missing: &dyn Fn(&str) -> ExpandError,
) -> Result<(), ExpandError> {
    let command = node
        .get("source")
        .and_then(|s| s.get("with"))
        .and_then(Value::as_object);
    // A binding of the node itself hides an input of the same name in its prompt.
    let bound: Vec<String> = command
        .into_iter()
        .flatten()
        .map(|(k, _)| k.clone())
        .collect();
    let binds = command.is_some() || structure::text(node, "kind") == "exec";
    let Some(map) = node.as_object_mut() else {
        return Ok(());
    };
    for (key, value) in map.iter_mut() {
        match key.as_str() {
            "id" | "kind" | "depends_on" | "output_format" | "trigger_rule" => {}
            "composed" => {
                for mark in value.as_array_mut().into_iter().flatten() {
                    if let Some(Value::String(when)) = mark.get_mut("when") {
                        condition_text(when, at, values, missing)?;
                    }
                }
            }
            "when" => {
                if let Value::String(when) = value {
                    condition_text(when, at, values, missing)?;
                }
            }
            "with" => bindings(value, binds, at, values, missing)?,
            "loop_group" => {
                if let Some(Value::Array(body)) = value.get_mut("nodes") {
                    for node in body {
                        one(node, at, values, missing)?;
                    }
                }
                for (key, value) in value.as_object_mut().into_iter().flatten() {
                    if key != "nodes" {
                        texts(value, &[], values, missing)?;
                    }
                }
            }
            "source" => {
                for (key, value) in value.as_object_mut().into_iter().flatten() {
                    if key == "with" {
                        bindings(value, true, at, values, missing)?;
                    } else {
                        texts(value, &bound, values, missing)?;
                    }
                }
            }
            _ => texts(value, &[], values, missing)?,
        }
    }
    Ok(())
}

/// A binding that is nothing but an input keeps the value's type; a map would be read as a directive.
fn bindings(
    value: &mut Value,
    binds: bool,
    at: &str,
    values: &Values,
    missing: &dyn Fn(&str) -> ExpandError,
) -> Result<(), ExpandError> {
    for (_, value) in value.as_object_mut().into_iter().flatten() {
        match value {
            Value::Object(directive) => {
                for (_, inner) in directive.iter_mut() {
                    typed(inner, values, missing)?;
                }
            }
            other => {
                let name = typed(other, values, missing)?;
                if let Some(name) = name.filter(|_| binds && other.is_object()) {
                    let message = format!(
                        "The input '{name}' is a map, which a binding would read as a directive; hand it over as JSON text"
                    );
                    return Err(ExpandError::new(
                        "include-object-binding",
                        at,
                        "with",
                        &[],
                        message,
                    ));
                }
            }
        }
    }
    Ok(())
}

/// Replaces a value that is nothing but one input by the input's value, other texts inside; says which input it was.
fn typed(
    value: &mut Value,
    values: &Values,
    missing: &dyn Fn(&str) -> ExpandError,
) -> Result<Option<String>, ExpandError> {
    let whole = value.as_str().and_then(|text| {
        let found = reference::input_refs(text).into_iter().next()?;
        (found.span == (0..text.len())).then_some(found.name)
    });
    match whole {
        Some(name) => {
            *value = values.get(&name).ok_or_else(|| missing(&name))?.clone();
            Ok(Some(name))
        }
        None => texts(value, &[], values, missing).map(|()| None),
    }
}

fn texts(
    value: &mut Value,
    bound: &[String],
    values: &Values,
    missing: &dyn Fn(&str) -> ExpandError,
) -> Result<(), ExpandError> {
    match value {
        Value::String(text) => *text = replaced(text, bound, values, missing)?,
        Value::Array(items) => {
            for item in items {
                texts(item, bound, values, missing)?;
            }
        }
        Value::Object(map) => {
            for (_, item) in map.iter_mut() {
                texts(item, bound, values, missing)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn replaced(
    text: &str,
    bound: &[String],
    values: &Values,
    missing: &dyn Fn(&str) -> ExpandError,
) -> Result<String, ExpandError> {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for found in reference::input_refs(text)
        .into_iter()
        .filter(|f| !bound.contains(&f.name))
    {
        out.push_str(&text[from..found.span.start]);
        out.push_str(&js::canonical(
            values
                .get(&found.name)
                .ok_or_else(|| missing(&found.name))?,
        ));
        from = found.span.end;
    }
    out.push_str(&text[from..]);
    Ok(out)
}

/// A condition whose pieces could be read before must still be readable after.
fn condition_text(
    when: &mut String,
    at: &str,
    values: &Values,
    missing: &dyn Fn(&str) -> ExpandError,
) -> Result<(), ExpandError> {
    let new = replaced(when, &[], values, missing)?;
    let readable = |text: &str| {
        condition::parse(text)
            .iter()
            .flatten()
            .all(|p| p.atom.is_some())
    };
    if new != *when && readable(when) && !readable(&new) {
        let message = format!("After its inputs are put in, the condition cannot be read: {new}");
        return Err(ExpandError::new(
            "include-when-broken-by-input",
            at,
            "when",
            &[],
            message,
        ));
    }
    *when = new;
    Ok(())
}
