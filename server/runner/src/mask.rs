//! Values that nobody should read over a shoulder: what variables and inputs
//! with telling names hold is blotted out of everything that is for looking
//! only. State-bearing events are stored as they are, or resume would break.

use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

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

/// What is blotted out of a panic's message: the values of the run that this process works on.
static CRASH: Mutex<Option<Mask>> = Mutex::new(None);

/// Makes a panic of this process print its message with secrets blotted out: the log of a run is shown to people.
pub fn blot_panics() {
    let masked = |text: &str| {
        let mut text = text.to_owned();
        let mask = CRASH.try_lock();
        match mask.as_ref().map(|mask| mask.as_ref()) {
            Ok(Some(mask)) => mask.blot(&mut text),
            // Before the run is known only the environment can have leaked.
            Ok(None) => Mask::new(&RunState::default()).blot(&mut text),
            Err(_) => "the message is kept back: it could hold a secret".clone_into(&mut text),
        }
        text
    };
    std::panic::set_hook(Box::new(move |panic| {
        let message = panic.payload_as_str().unwrap_or("(no message)");
        let place = panic
            .location()
            .map_or_else(String::new, |place| format!(" at {place}"));
        let _ = writeln!(
            std::io::stderr().lock(),
            "the worker panicked{place}: {}",
            masked(message)
        );
    }));
}

/// From now on a panic blots out what this run must not show.
pub(crate) fn cover_panics(state: &RunState) {
    *CRASH.lock().unwrap_or_else(PoisonError::into_inner) = Some(Mask::new(state));
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
    fn a_panic_of_a_worker_is_printed_without_the_secrets_of_its_run() {
        // In a process of its own: a hook is the whole program's.
        const INSIDE: &str = "FERMATA_TEST_PANICS";
        if std::env::var_os(INSIDE).is_some() {
            let mut state = RunState::default();
            state
                .request
                .inputs
                .insert("api_key".to_owned(), Value::from("planted-input-4e"));
            blot_panics();
            cover_panics(&state);
            let told = std::env::var("PLANTED_TOKEN").unwrap_or_default();
            panic!("cannot log in with {told} or planted-input-4e");
        }
        let name = "mask::tests::a_panic_of_a_worker_is_printed_without_the_secrets_of_its_run";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", name])
            .env(INSIDE, "1")
            .env("PLANTED_TOKEN", "planted-token-7c")
            .output()
            .unwrap();
        let printed = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(
            printed.contains("cannot log in with ••• or •••"),
            "{printed}"
        );
        assert!(!printed.contains("planted-token-7c"), "{printed}");
        assert!(!printed.contains("planted-input-4e"), "{printed}");
    }

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
