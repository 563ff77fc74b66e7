//! The client's settings: section `fermata`, and the same names in
//! `initializationOptions`. Unknown keys are left alone; a value of the wrong
//! type counts as absent.

use fermata_analysis::RuleSettings;
use fermata_workflow::Severity;
use serde_json::Value;

/// How gates are brought to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GatePrompt {
    /// `window/showMessageRequest` with the answers.
    Request,
    /// A plain message.
    Message,
    /// The plugin shows them.
    None,
}

/// Settings in force.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) gate_prompt: GatePrompt,
    pub(crate) rules: RuleSettings,
    /// Lenses about the last run.
    pub(crate) last_run: bool,
    /// The editor's own trust in the workspace, where it has one.
    pub(crate) trusted: Option<bool>,
}

impl Settings {
    /// Defaults for a client that said nothing: known clients take requests, others plain messages.
    pub(crate) fn new(known_client: bool) -> Self {
        let gate_prompt = if known_client {
            GatePrompt::Request
        } else {
            GatePrompt::Message
        };
        Self {
            gate_prompt,
            rules: RuleSettings::new(),
            last_run: true,
            trusted: None,
        }
    }

    /// Takes over what a settings object says.
    pub(crate) fn apply(&mut self, value: &Value) {
        // A client may send the section itself or an object that holds it.
        let section = value.get("fermata").unwrap_or(value);
        match section.get("gatePrompt").and_then(Value::as_str) {
            Some("request") => self.gate_prompt = GatePrompt::Request,
            Some("message") => self.gate_prompt = GatePrompt::Message,
            Some("none") => self.gate_prompt = GatePrompt::None,
            _ => {}
        }
        if let Some(trusted) = section.get("trusted").and_then(Value::as_bool) {
            self.trusted = Some(trusted);
        }
        if let Some(last_run) = section.get("lastRun").and_then(Value::as_bool) {
            self.last_run = last_run;
        }
        if let Some(rules) = section.get("rules").and_then(Value::as_object) {
            self.rules = rules
                .iter()
                .filter_map(|(code, word)| Some((code.clone(), severity(word.as_str()?)?)))
                .collect();
        }
    }
}

/// `Some(None)` is off; `None` is a word that says nothing.
fn severity(word: &str) -> Option<Option<Severity>> {
    match word {
        "off" => Some(None),
        "hint" => Some(Some(Severity::Hint)),
        "information" => Some(Some(Severity::Information)),
        "warning" => Some(Some(Severity::Warning)),
        "error" => Some(Some(Severity::Error)),
        _ => None,
    }
}
