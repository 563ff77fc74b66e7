//! A second opinion on an output (specs/conductor.md 4.13): another call with
//! the author's criteria. Where it fails, the output stands.

use fermata_engine::{Failure, SessionStart, ValidatorCall};
use serde_json::{Map, Value, json};

use crate::agent::{Role, StepRequest};

use super::turns::{Conversation, Spent};
use super::words;

/// What the judge says.
pub(super) struct Opinion {
    pub(super) passed: bool,
    pub(super) issues: Vec<String>,
}

impl Conversation<'_> {
    /// Asks the judge.
    pub(super) async fn validate(
        &mut self,
        validator: &ValidatorCall,
        output: &Value,
        spent: &mut Spent,
    ) -> Result<Opinion, Failure> {
        let call = self.call();
        let step = format!("{} (validator)", call.shown);
        let task = call.bare_prompt.as_deref().unwrap_or(&call.prompt);
        let prompt = words::exhibit(&call.step, task, output);
        let system = Some(words::judge(&validator.criteria));
        let request = StepRequest {
            model: validator.model.clone().or_else(|| call.model.clone()),
            session_key: None,
            session: SessionStart::Fresh,
            stays_open: false,
            tool_servers: Vec::new(),
            ..self.request(Role::Validator, step, system)
        };
        let schema = schema();
        let verdict = self.retried(request, &prompt, Some(&schema), spent).await?;
        Ok(Opinion {
            passed: verdict.get("passed").and_then(Value::as_bool) == Some(true),
            issues: verdict
                .get("issues")
                .and_then(Value::as_array)
                .map(|list| {
                    list.iter()
                        .filter_map(|issue| issue.as_str().map(str::to_owned))
                        .collect()
                })
                .unwrap_or_default(),
        })
    }
}

fn schema() -> Map<String, Value> {
    Map::from_iter([
        ("passed".to_owned(), json!({"type": "boolean"})),
        (
            "issues".to_owned(),
            json!({"type": "array", "items": {"type": "string"}}),
        ),
    ])
}
