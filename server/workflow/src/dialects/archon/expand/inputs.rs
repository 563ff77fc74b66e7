//! What the caller hands to an included workflow takes the place of `$INPUTS.name` in its texts.

use std::collections::BTreeSet;

use fermata_expr::archon::{condition, js, reference};
use indexmap::IndexMap;
use serde_json::Value;

use super::super::file::Parsed;
use super::super::structure::{self, id};
use super::ExpandError;
use super::texts::{self, Slot};

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

/// Puts the values into the texts of an outermost node of the include `at`. Inputs without a value are collected.
pub(super) fn substitute(
    node: &mut Value,
    at: &str,
    values: &Values,
    missing: &mut BTreeSet<String>,
) -> Result<(), ExpandError> {
    // A binding of the node itself hides an input of the same name in its prompt.
    let bindings = node.pointer("/source/with").and_then(Value::as_object);
    let bound: Vec<String> = bindings
        .into_iter()
        .flatten()
        .map(|(k, _)| k.clone())
        .collect();
    one(node, at, &bound, values, missing)?;
    hand_over(node, values);
    Ok(())
}

/// Texts that were handed on further inside, with the values in them; used there or not, they must be known.
pub(super) fn passed_on(
    texts: &[String],
    values: &Values,
    missing: &mut BTreeSet<String>,
) -> Vec<String> {
    let filled = texts
        .iter()
        .map(|text| typed(text, whole(text).as_deref(), values, missing));
    let texts = filled.filter_map(|value| value.as_str().map(str::to_owned));
    texts.collect()
}

/// The error for inputs that are read and have no value.
pub(super) fn missing(at: &str, target: &str, names: &BTreeSet<String>) -> Option<ExpandError> {
    let all: Vec<String> = names.iter().map(|name| format!("$INPUTS.{name}")).collect();
    let verb = if all.len() > 1 { "have" } else { "has" };
    let message = format!(
        "'{target}' reads {}, which {verb} no value; hand it over in `with`",
        all.join(", ")
    );
    (!all.is_empty()).then(|| {
        ExpandError::new(
            "include-input-missing",
            at,
            "with",
            &[at, target, "with:"],
            message,
        )
    })
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
    bound: &[String],
    values: &Values,
    missing: &mut BTreeSet<String>,
) -> Result<(), ExpandError> {
    let marks = node.get_mut("composed").and_then(Value::as_array_mut);
    for mark in marks.into_iter().flatten() {
        condition_text(&mut mark["when"], at, values, missing)?;
    }
    if let Some(when) = node.get_mut("when") {
        condition_text(when, at, values, missing)?;
    }
    texts::each(node, &mut |slot, value| {
        let Value::String(text) = value else {
            return Ok(());
        };
        match slot {
            Slot::From => {}
            Slot::Text => *text = replaced(text, &[], values, missing),
            Slot::Prompt => *text = replaced(text, bound, values, missing),
            Slot::Value | Slot::Binding | Slot::Default => {
                let input = whole(text);
                *value = typed(text, input.as_deref(), values, missing);
                if let Some(input) = input.filter(|_| slot == Slot::Binding && value.is_object()) {
                    return Err(object_binding(at, &input));
                }
            }
        }
        Ok(())
    })?;
    let body = node.pointer_mut("/loop_group/nodes");
    for node in body.and_then(Value::as_array_mut).into_iter().flatten() {
        one(node, at, bound, values, missing)?;
    }
    Ok(())
}

/// A binding that is nothing but an input keeps the value's type; a map would be read as a directive.
fn object_binding(at: &str, input: &str) -> ExpandError {
    let message = format!(
        "The input '{input}' is a map, which a binding would read as a directive; hand it over as JSON text"
    );
    ExpandError::new("include-object-binding", at, "with", &[], message)
}

/// The input that a text is, when it is nothing else.
fn whole(text: &str) -> Option<String> {
    let found = reference::input_refs(text).into_iter().next()?;
    (found.span == (0..text.len())).then_some(found.name)
}

/// The value of the input that a text is, else the text with its inputs replaced.
fn typed(
    text: &str,
    input: Option<&str>,
    values: &Values,
    missing: &mut BTreeSet<String>,
) -> Value {
    let value = input.and_then(|name| values.get(name)).cloned();
    value.unwrap_or_else(|| Value::String(replaced(text, &[], values, missing)))
}

fn replaced(
    text: &str,
    bound: &[String],
    values: &Values,
    missing: &mut BTreeSet<String>,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for found in reference::input_refs(text)
        .into_iter()
        .filter(|f| !bound.contains(&f.name))
    {
        let Some(value) = values.get(&found.name) else {
            missing.insert(found.name);
            continue;
        };
        out.push_str(&text[from..found.span.start]);
        out.push_str(&js::canonical(value));
        from = found.span.end;
    }
    out.push_str(&text[from..]);
    out
}

/// A condition whose pieces could be read before must still be readable after.
fn condition_text(
    when: &mut Value,
    at: &str,
    values: &Values,
    missing: &mut BTreeSet<String>,
) -> Result<(), ExpandError> {
    let Value::String(when) = when else {
        return Ok(());
    };
    let new = replaced(when, &[], values, missing);
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
