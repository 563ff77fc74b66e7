//! Covers secrets in what is shown: values of this process's variables and of a
//! run's inputs whose names say that they are secret. Only what is shown; what
//! is stored, folded or handed to a step stays as it is.

use std::path::Path;

use fermata_engine::{Event, RunId};
use fermata_store::{RunFilter, RunRow};
use serde_json::Value;

use crate::control::Control;
use crate::error::ControlError;
use crate::inputs::is_secret;

/// What stands where a value was; as in events that are for looking only.
const BLOT: &str = "•••";
/// Shorter values are words that occur by chance.
const SHORTEST: usize = 6;
/// Fields of an event that say what it is and never hold what somebody typed.
const PLAIN: &[&str] = &[
    "run", "seq", "at", "type", "path", "schema", "check", "step",
];

/// Values to cover in one run.
#[derive(Debug, Default)]
pub struct Cover {
    values: Vec<String>,
}

impl Control {
    /// What is to be covered when a run is shown.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], [`ControlError::Store`].
    pub fn cover(&self, run: &RunId) -> Result<Cover, ControlError> {
        let row = self.store().run(run)?;
        let mut values: Vec<String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| is_secret(name))
            .map(|(_, value)| value)
            .collect();
        // A run says what its children ask.
        let mut runs = vec![row];
        while let Some(row) = runs.pop() {
            inputs(&row, &mut values);
            runs.extend(self.store().runs(&RunFilter {
                parent: Some(row.run),
                ..RunFilter::default()
            })?);
        }
        values.retain(|value| value.chars().count() >= SHORTEST);
        // A value inside another one is covered with it.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        Ok(Cover { values })
    }
}

/// The secrets among the inputs of a run.
fn inputs(row: &RunRow, values: &mut Vec<String>) {
    for (name, value) in &row.inputs {
        let Some(text) = value.as_str().filter(|_| is_secret(name)) else {
            continue;
        };
        if let Some(variable) = text.strip_prefix("env:") {
            values.extend(std::env::var(variable));
        } else if let Some(file) = text.strip_prefix("file:") {
            let held = std::fs::read_to_string(Path::new(&row.cwd).join(file));
            values.extend(held.map(|held| held.trim_end().to_owned()));
        } else {
            values.push(text.to_owned());
        }
    }
}

impl Cover {
    /// A text without the values.
    #[must_use]
    pub fn text(&self, mut text: String) -> String {
        for value in &self.values {
            if text.contains(value.as_str()) {
                text = text.replace(value.as_str(), BLOT);
            }
        }
        text
    }

    /// A document without the values, in whatever depth; names of fields stay.
    #[must_use]
    pub fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(name, value)| (name, self.value(value)))
                .collect(),
            other => other,
        }
    }

    /// An event as it is shown.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn event(&self, event: &Event) -> serde_json::Result<Value> {
        let shown = serde_json::to_value(event)?;
        let Value::Object(fields) = shown else {
            return Ok(self.value(shown));
        };
        Ok(fields
            .into_iter()
            .map(|(name, value)| {
                let value = if PLAIN.contains(&name.as_str()) {
                    value
                } else {
                    self.value(value)
                };
                (name, value)
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_covered_at_any_depth_and_names_stay() {
        let cover = Cover {
            values: vec!["abc-123-xyz".to_owned()],
        };
        let shown = cover.value(serde_json::json!({
            "abc-123-xyz": ["x abc-123-xyz", {"deep": "abc-123-xyz"}, 1],
        }));
        assert_eq!(
            shown,
            serde_json::json!({"abc-123-xyz": ["x •••", {"deep": "•••"}, 1]})
        );
    }
}
