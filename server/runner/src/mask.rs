//! Values that nobody should read over a shoulder: what variables and inputs
//! with telling names hold is blotted out of everything that is for looking
//! only. State-bearing events are stored as they are, or resume would break.

use fermata_engine::{EventBody, RunState};
use serde_json::{Map, Value};

/// What stands where a value was.
const BLOT: &str = "•••";
/// Shorter values are words that occur by chance.
const SHORTEST: usize = 6;

/// Whether a variable or input of that name holds a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let name = name.to_lowercase();
    ["key", "token", "secret", "password"]
        .iter()
        .any(|word| name.contains(word))
}

/// Values to blot out.
#[derive(Debug, Default)]
pub(crate) struct Mask {
    values: Vec<String>,
}

impl Mask {
    /// Values of this process's environment and of a run's inputs.
    pub(crate) fn new(state: &RunState) -> Self {
        let mut values: Vec<String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| is_secret_name(name))
            .map(|(_, value)| value)
            .collect();
        values.extend(state.secrets.values().cloned());
        collect(&state.request.inputs, &mut values);
        values.retain(|value| value.chars().count() >= SHORTEST);
        // A value inside another one is blotted out with it.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        Self { values }
    }

    fn blot(&self, text: &mut String) {
        for value in &self.values {
            if text.contains(value.as_str()) {
                *text = text.replace(value.as_str(), BLOT);
            }
        }
    }

    /// Blots a looking-only event.
    pub(crate) fn apply(&self, body: &mut EventBody) {
        match body {
            EventBody::AgentMessage { text, .. }
            | EventBody::AgentThought { text, .. }
            | EventBody::ScriptOutput { text, .. } => self.blot(text),
            EventBody::AgentToolCall { title, .. } => self.blot(title),
            EventBody::Warning { message, .. } => self.blot(message),
            _ => {}
        }
    }
}

fn collect(inputs: &Map<String, Value>, values: &mut Vec<String>) {
    for (name, value) in inputs {
        if let Value::String(text) = value
            && is_secret_name(name)
        {
            values.push(text.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_inputs_with_telling_names_are_blotted_out() {
        let mut state = RunState::default();
        for (name, value) in [
            ("api_key", "abc-123-xyz"),
            ("title", "harmless"),
            ("token", "ab"),
        ] {
            state.request.inputs.insert(name.into(), value.into());
        }
        let mut body = EventBody::Warning {
            code: None,
            message: "sent abc-123-xyz with harmless and ab".to_owned(),
            step: None,
        };
        Mask::new(&state).apply(&mut body);
        let EventBody::Warning { message, .. } = body else {
            panic!("still a warning");
        };
        assert_eq!(message, "sent ••• with harmless and ab");
    }
}
