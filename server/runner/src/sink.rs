//! What a provider reports during a turn, on its way to the worker. The
//! permission policy is applied here, so that every provider obeys it alike.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use fermata_engine::event::ProcessId;
use fermata_engine::{EventBody, StepPath};
use serde_json::{Map, Value};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::agent::{
    AgentSink, PermissionDecision, PermissionOption, PermissionPolicy, PermissionRequest,
    PermissionRule, ToolCall,
};
use crate::task::{Report, Reports};

/// Sink of one attempt.
pub(crate) struct Sink {
    pub(crate) path: StepPath,
    pub(crate) step: String,
    pub(crate) attempt: u32,
    pub(crate) policy: PermissionPolicy,
    pub(crate) reports: Reports,
    pub(crate) heard: Heard,
}

/// What was heard of an agent so far.
#[derive(Default)]
pub(crate) struct Heard {
    last: Mutex<Option<Instant>>,
    text: Mutex<String>,
    asking: AtomicUsize,
}

impl Heard {
    /// When something was heard last; `None` before the first. While somebody is asked, it is now.
    pub(crate) fn last(&self) -> Option<Instant> {
        if self.asking.load(Ordering::Relaxed) > 0 {
            return Some(Instant::now());
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer as far as it came.
    pub(crate) fn text(&self) -> String {
        self.text
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Forgets what was said: another turn begins.
    pub(crate) fn clear(&self) {
        self.text
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.now();
    }

    fn now(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

impl Sink {
    fn look(&self, body: EventBody) {
        self.heard.now();
        let _ = self.reports.send(Report::Look {
            path: self.path.clone(),
            body: Box::new(body),
        });
    }

    /// A dry run's script had no answer; `name` as a script would name it.
    pub(crate) fn missing_stub(&self, name: &str, why: &str) {
        self.look(EventBody::Warning {
            code: Some("missing-stub".to_owned()),
            message: format!("no stub for `{name}`: {why}"),
            step: Some(name.to_owned()),
        });
    }
}

/// The choice of the wished kind that the agent offers, once before always.
fn offered(request: &PermissionRequest, allow: bool) -> Option<PermissionOption> {
    let wished = if allow {
        [PermissionOption::AllowOnce, PermissionOption::AllowAlways]
    } else {
        [PermissionOption::RejectOnce, PermissionOption::RejectAlways]
    };
    wished.into_iter().find(|option| {
        request
            .options
            .iter()
            .any(|choice| choice.option == *option)
    })
}

#[async_trait]
impl AgentSink for Sink {
    fn message(&self, text: &str) {
        self.heard
            .text
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_str(text);
        self.look(EventBody::AgentMessage {
            step: self.step.clone(),
            attempt: self.attempt,
            text: text.to_owned(),
        });
    }

    fn thought(&self, text: &str) {
        self.look(EventBody::AgentThought {
            step: self.step.clone(),
            attempt: self.attempt,
            text: text.to_owned(),
        });
    }

    fn tool_call(&self, call: ToolCall) {
        self.look(EventBody::AgentToolCall {
            step: self.step.clone(),
            attempt: self.attempt,
            call: call.call,
            title: call.title,
            status: call.status,
            kind: call.kind,
        });
    }

    fn usage(&self, usage: Map<String, Value>) {
        self.look(EventBody::AgentUsage {
            step: self.step.clone(),
            attempt: self.attempt,
            usage,
        });
    }

    fn warning(&self, text: &str) {
        self.look(EventBody::Warning {
            code: None,
            message: text.to_owned(),
            step: Some(self.step.clone()),
        });
    }

    fn process(&self, process: ProcessId) {
        let _ = self.reports.send(Report::Process {
            path: self.path.clone(),
            step: self.step.clone(),
            attempt: self.attempt,
            process,
        });
    }

    async fn permission(&self, request: PermissionRequest) -> PermissionDecision {
        let rule = self.policy.rule(request.kind.as_deref());
        let decided = match rule {
            PermissionRule::Ask => None,
            PermissionRule::Allow => offered(&request, true),
            PermissionRule::Reject => offered(&request, false),
        };
        if let Some(option) = decided {
            self.look(EventBody::Warning {
                code: None,
                message: format!(
                    "the permission policy decided `{}`: {}",
                    option.as_str(),
                    request.title
                ),
                step: Some(self.step.clone()),
            });
            return PermissionDecision::Chosen(option);
        }
        let (reply, decision) = oneshot::channel();
        let asked = self.reports.send(Report::Permission {
            path: self.path.clone(),
            attempt: self.attempt,
            request: Box::new(request),
            reply,
        });
        if asked.is_err() {
            return PermissionDecision::Cancelled;
        }
        self.heard.asking.fetch_add(1, Ordering::Relaxed);
        let decision = decision.await.unwrap_or(PermissionDecision::Cancelled);
        self.heard.asking.fetch_sub(1, Ordering::Relaxed);
        self.heard.now();
        decision
    }
}
