//! A talk about an output (specs/conductor.md 4.13): a side call decides whether
//! the person should be asked; the answer goes back to the agent. Where
//! anything fails, the output stands.

use fermata_engine::{Failure, SessionStart};
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use crate::agent::{Role, StepRequest};
use crate::task::{Report, Reports};

use super::turns::{Conversation, Spent};
use super::words;

/// Questions asked at most about one output.
const ROUNDS: usize = 5;

impl Conversation<'_> {
    /// Talks for as long as the side call wants to and the person answers.
    pub(super) async fn talk(
        &mut self,
        trigger: &str,
        mut output: Value,
        reports: &Reports,
        spent: &mut Spent,
    ) -> Value {
        let mut said: Vec<(String, String)> = Vec::new();
        for _ in 0..ROUNDS {
            let Ok(Some(question)) = self.question(trigger, &output, &said, spent).await else {
                return output;
            };
            let (reply, answer) = oneshot::channel();
            let asked = reports.send(Report::Dialog {
                path: self.call().path.clone(),
                attempt: self.call().attempt,
                question: question.clone(),
                reply,
            });
            let Some(answer) = (match asked {
                Ok(()) => answer.await.ok().flatten(),
                Err(_) => None,
            }) else {
                return output;
            };
            said.push((question, answer));
            let prompt = format!("{}{}", self.call().prompt, words::transcript(&said));
            match self.agent(&prompt, spent).await {
                Ok(again) => output = again,
                Err(_) => return output,
            }
        }
        output
    }

    /// What to ask, if anything.
    async fn question(
        &mut self,
        trigger: &str,
        output: &Value,
        said: &[(String, String)],
        spent: &mut Spent,
    ) -> Result<Option<String>, Failure> {
        let call = self.call();
        let request = StepRequest {
            model: call.model.clone(),
            session_key: None,
            session: SessionStart::Fresh,
            stays_open: false,
            tools: Some(Vec::new()),
            tool_servers: Vec::new(),
            ..self.request(
                Role::Dialog,
                format!("{} (dialog)", call.shown),
                Some(words::doubt(trigger)),
            )
        };
        let prompt = words::draft(&call.step, output, said);
        let schema = Map::from_iter([
            ("trigger".to_owned(), json!({"type": "boolean"})),
            (
                "question".to_owned(),
                json!({"type": "string", "required": false}),
            ),
        ]);
        let verdict = self.retried(request, &prompt, Some(&schema), spent).await?;
        let wanted = verdict.get("trigger").and_then(Value::as_bool) == Some(true);
        Ok(verdict
            .get("question")
            .and_then(Value::as_str)
            .filter(|text| wanted && !text.trim().is_empty())
            .map(str::to_owned))
    }
}
