//! Inputs of a request: what the message fills, what is missing, what must not
//! be stored.

use fermata_workflow::model::ValueType;
use fermata_workflow::{Dialect, Workflow};
use serde_json::{Map, Value};

use crate::error::ControlError;
use crate::outcome::InputNeeded;

/// Inputs as given, with the message put where the dialect wants it.
///
/// # Errors
/// [`ControlError::BadRequest`] when a Conductor workflow has no single place for the message.
pub(crate) fn with_message(
    workflow: &Workflow,
    mut inputs: Map<String, Value>,
    message: Option<&str>,
) -> Result<Map<String, Value>, ControlError> {
    let Some(message) = message.filter(|text| !text.trim().is_empty()) else {
        return Ok(inputs);
    };
    match workflow.dialect {
        // `$ARGUMENTS`: the run has it beside its inputs.
        Dialect::Archon => Ok(inputs),
        Dialect::Conductor => {
            let mut open = workflow.inputs.values().filter(|input| {
                let text = input.ty.is_none_or(|ty| ty == ValueType::String);
                input.required && text && !inputs.contains_key(input.name.as_str())
            });
            match (open.next(), open.next()) {
                (Some(only), None) => {
                    inputs.insert(only.name.as_str().to_owned(), Value::from(message));
                    Ok(inputs)
                }
                (first, _) => Err(ControlError::bad(
                    "message",
                    format!(
                        "a message fills the one required text input that is not given otherwise, and `{}` has {}; its inputs: {}",
                        workflow.name.as_str(),
                        if first.is_some() { "several" } else { "none" },
                        listed(workflow)
                    ),
                )),
            }
        }
    }
}

fn listed(workflow: &Workflow) -> String {
    if workflow.inputs.is_empty() {
        return "none".to_owned();
    }
    workflow
        .inputs
        .values()
        .map(|input| {
            let ty = input.ty.map_or("string", ValueType::word);
            let need = if input.required { ", required" } else { "" };
            format!("{} ({ty}{need})", input.name.as_str())
        })
        .collect::<Vec<_>>()
        .join(", ")
}

/// Required inputs without a value.
pub(crate) fn missing(workflow: &Workflow, inputs: &Map<String, Value>) -> Vec<InputNeeded> {
    workflow
        .inputs
        .values()
        .filter(|input| {
            let default = input
                .default
                .as_ref()
                .is_some_and(|default| !default.value.is_null());
            input.required && !default && !inputs.contains_key(input.name.as_str())
        })
        .map(|input| InputNeeded {
            name: input.name.as_str().to_owned(),
            ty: input.ty.map_or("string", ValueType::word).to_owned(),
            description: input
                .description
                .as_ref()
                .map(|text| text.as_str().to_owned()),
        })
        .collect()
}

/// Refuses inputs that an Archon workflow with declared inputs does not declare: its run would fail for them at once.
/// One that declares none takes everything; Conductor's have their own rule.
///
/// # Errors
/// [`ControlError::BadRequest`] with what it has.
pub(crate) fn declared(
    workflow: &Workflow,
    inputs: &Map<String, Value>,
) -> Result<(), ControlError> {
    if workflow.dialect != Dialect::Archon || workflow.inputs.is_empty() {
        return Ok(());
    }
    match inputs
        .keys()
        .find(|name| !workflow.inputs.contains_key(name.as_str()))
    {
        Some(name) => Err(ControlError::bad(
            &format!("inputs.{name}"),
            format!(
                "`{}` has no such input; it has {}",
                workflow.name.as_str(),
                listed(workflow)
            ),
        )),
        None => Ok(()),
    }
}

/// Refuses literal values of inputs whose names say that they are secret.
///
/// # Errors
/// [`ControlError::BadRequest`] with what to give instead.
pub(crate) fn no_secrets(inputs: &Map<String, Value>) -> Result<(), ControlError> {
    for (name, value) in inputs {
        let reference = match value {
            Value::String(text) => {
                text.is_empty() || text.starts_with("env:") || text.starts_with("file:")
            }
            Value::Null | Value::Bool(_) => true,
            Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
        };
        if is_secret(name) && !reference {
            return Err(ControlError::bad(
                &format!("inputs.{name}"),
                "its name says that it is secret, and inputs are stored: give `env:NAME` or `file:PATH`, which is read again on resume, or --allow-secret-input to store it as it is",
            ));
        }
    }
    Ok(())
}

/// Whether a name says key, token, secret or password: as a word of its own, in any common spelling.
#[must_use]
pub(crate) fn is_secret(name: &str) -> bool {
    const WORDS: &[&str] = &["key", "apikey", "token", "secret", "password", "passwd"];
    let mut words: Vec<String> = vec![String::new()];
    let mut lower_before = false;
    for character in name.chars() {
        if !character.is_alphanumeric() {
            words.push(String::new());
            lower_before = false;
            continue;
        }
        if character.is_uppercase() && lower_before {
            words.push(String::new());
        }
        lower_before = character.is_lowercase() || character.is_numeric();
        if let Some(word) = words.last_mut() {
            word.extend(character.to_lowercase());
        }
    }
    words.iter().any(|word| WORDS.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_names_are_told_by_whole_words() {
        for name in [
            "API_KEY",
            "apiKey",
            "github-token",
            "dbPassword",
            "secret",
            "OPENAI_APIKEY",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "monkey",
            "keyboard",
            "tokens_used",
            "max_tokens",
            "secretary",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn a_literal_secret_is_refused_and_a_reference_is_not() {
        let inputs = |value: &str| {
            let mut map = Map::new();
            map.insert("api_key".to_owned(), Value::from(value));
            map
        };
        let error = no_secrets(&inputs("sk-123")).unwrap_err();
        assert!(error.to_string().contains("env:NAME"), "{error}");
        assert!(!error.to_string().contains("sk-123"));
        no_secrets(&inputs("env:OPENAI")).unwrap();
        no_secrets(&inputs("file:/k")).unwrap();
    }
}
