//! Outcomes as JSON and as exit codes.

use fermata_engine::Status;
use serde_json::{Value, json};

use super::VERSION;
use crate::outcome::{Act, AnswerOutcome, Choice, Outcome, StartRefusal};
use crate::text::quote;
use crate::views::masked;

impl Outcome {
    /// The `run` shapes: `{version, run, status, …}`, or `{version, ok: false, reason, message, …}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Started {
                run,
                existing,
                worker,
            } => json!({
                "version": VERSION,
                "ok": true,
                "run": run,
                "status": worker.status,
                "existing": existing,
                "worker": {"ready": worker.ready, "pid": worker.pid, "log": worker.log},
            }),
            Self::Dismissed => json!({"version": VERSION, "ok": true, "dismissed": true}),
            Self::Refused(refusal) => refusal.to_json(),
        }
    }

    /// What the terminal exits with when it does not follow the run.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Started { worker, .. } if worker.ready => 0,
            Self::Started { .. } => 1,
            Self::Dismissed => 0,
            Self::Refused(StartRefusal::Choice(_) | StartRefusal::DefinitionChanged { .. }) => 3,
            Self::Refused(_) => 1,
        }
    }
}

impl StartRefusal {
    /// The word in `reason`.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Choice(_) => "choice",
            Self::InputsNeeded { .. } => "inputs_needed",
            Self::Untrusted { .. } => "untrusted",
            Self::CheckoutBusy { .. } => "checkout_busy",
            Self::Rejected { .. } => "rejected",
            Self::NoAgent { .. } => "no_agent",
            Self::DefinitionChanged { .. } => "definition_changed",
            Self::NotFound { .. } => "not_found",
            Self::NotResumable { .. } => "not_resumable",
        }
    }

    /// One sentence: what was expected, what was found, what to do.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Choice(choice) => choice.message(),
            Self::InputsNeeded { missing } => format!(
                "required inputs are missing: {}; give each with --input NAME=VALUE",
                missing
                    .iter()
                    .map(|input| format!("{} ({})", input.name, input.ty))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            Self::Untrusted { root } => format!(
                "nothing runs in {} until you trust it: `fermata trust {}`",
                root.display(),
                quote(&root.display().to_string())
            ),
            Self::CheckoutBusy { message, .. }
            | Self::DefinitionChanged { message, .. }
            | Self::NotFound { message } => message.clone(),
            Self::Rejected { problems } => {
                let Some(first) = problems.first() else {
                    return "the workflow has errors; `fermata check` shows them".to_owned();
                };
                let (file, line) = (first.path.display(), first.line + 1);
                let place = format!(
                    "{} ({file}:{line}); `fermata check` shows {}",
                    first.message,
                    if problems.len() == 1 {
                        "it"
                    } else {
                        "them all"
                    }
                );
                match problems.len() {
                    1 => format!("the workflow has an error: {place}"),
                    n => format!("the workflow has {n} errors; the first: {place}"),
                }
            }
            Self::NoAgent {
                agent,
                why,
                scripted,
            } => {
                let script = scripted.as_ref().map_or_else(String::new, |script| {
                    format!(
                        "; or run it with --agent scripted, which answers from {}",
                        script.display()
                    )
                });
                format!(
                    "no agent `{agent}` can be used here: looked for {}; {}{script}",
                    why.looked_for.join(", "),
                    why.hint
                )
            }
            Self::NotResumable { reason, .. } => reason.clone(),
        }
    }

    /// `{version, ok: false, reason, message, …}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut value = json!({
            "version": VERSION,
            "ok": false,
            "reason": self.reason(),
            "message": self.message(),
        });
        let more = match self {
            Self::Choice(choice) => json!({"choice": choice.to_json()}),
            Self::InputsNeeded { missing } => json!({
                "inputs": missing
                    .iter()
                    .map(|input| json!({"name": input.name, "type": input.ty, "description": input.description}))
                    .collect::<Vec<_>>()
            }),
            Self::Untrusted { root } => json!({"root": root}),
            Self::CheckoutBusy { run, checkout, .. } => json!({"run": run, "checkout": checkout}),
            Self::Rejected { problems } => json!({
                "problems": problems
                    .iter()
                    .map(|problem| json!({
                        "code": problem.code,
                        "upstream": problem.upstream,
                        "message": problem.message,
                        "path": problem.path,
                        "line": problem.line,
                        "step": problem.step,
                    }))
                    .collect::<Vec<_>>()
            }),
            Self::NoAgent {
                agent,
                why,
                scripted,
            } => json!({
                "agent": agent,
                "looked_for": why.looked_for,
                "hint": why.hint,
                "scripted": scripted,
            }),
            Self::DefinitionChanged {
                run, steps, edited, ..
            } => json!({"run": run, "steps": steps, "edited": edited}),
            Self::NotFound { .. } => json!({}),
            Self::NotResumable { run, status, .. } => json!({"run": run, "status": status}),
        };
        if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
            value.extend(more);
        }
        value
    }
}

impl Choice {
    fn message(&self) -> String {
        let Some(prior) = &self.prior else {
            return format!(
                "{} runs in a worktree of its own and {} with uncommitted changes: begin with them, from the last commit without them, or dismiss the request",
                self.workflow,
                match self.changes.as_slice() {
                    [file] => format!("there is {file}"),
                    files => format!("there are {} files", files.len()),
                }
            );
        };
        format!(
            "the last run of {}, {}, is {}: resume it, abandon it and run, run fresh and keep it, or dismiss the request",
            self.workflow,
            prior.run.short(),
            match (prior.status, prior.cause) {
                (Status::Failed, Some(cause)) => {
                    format!("failed ({})", json!(cause).as_str().unwrap_or_default())
                }
                (status, _) => status.as_str().to_owned(),
            }
        )
    }

    /// The choice of `run`'s refusal; `commands` are what one would type.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut request = self.request.clone();
        if let Some(Value::Object(inputs)) = request.get_mut("inputs") {
            *inputs = masked(std::mem::take(inputs));
        }
        json!({
            "start": self.start,
            "workflow": self.workflow,
            "prior": self.prior.as_ref().map(|prior| json!({
                "run": prior.run,
                "status": prior.status,
                "cause": prior.cause,
                "started": prior.started,
                "progress": prior.progress,
                "message": prior.message,
                "changed": prior.changed,
                "gate": prior.gate,
            })),
            "changes": self.changes,
            "request": request,
            "answers": self.answers,
            "commands": self.commands(),
        })
    }

    /// The answers as commands to type, the message quoted.
    fn commands(&self) -> Value {
        let Some(prior) = &self.prior else {
            return self
                .answers
                .iter()
                .map(|answer| {
                    let word = answer.as_str();
                    let command = format!("fermata choose {} {word}", self.start);
                    (word.to_owned(), Value::from(command))
                })
                .collect::<serde_json::Map<_, _>>()
                .into();
        };
        let message = self
            .request
            .get("message")
            .and_then(Value::as_str)
            .map_or_else(String::new, |message| format!(" {}", quote(message)));
        let workflow = quote(
            self.request
                .get("path")
                .and_then(Value::as_str)
                .unwrap_or(&self.workflow),
        );
        json!({
            "resume": format!("fermata resume {}", prior.run),
            "abandon_and_run": format!("fermata choose {} abandon_and_run", self.start),
            "run_fresh": format!("fermata run {workflow} --force{message}"),
            "dismiss": format!("fermata choose {} dismiss", self.start),
        })
    }
}

impl Act {
    /// `{version, ok, status}` and, when refused, `reason` and `message`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Done { status } => json!({"version": VERSION, "ok": true, "status": status}),
            Self::Refused { reason, status } => json!({
                "version": VERSION,
                "ok": false,
                "reason": reason,
                "status": status,
            }),
        }
    }

    /// 0 done, 1 refused.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Done { .. } => 0,
            Self::Refused { .. } => 1,
        }
    }
}

impl AnswerOutcome {
    /// `{"ok": true}`, or `{"ok": false, reason, answered, needed}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Accepted { run, gate, .. } => json!({"ok": true, "run": run, "gate": gate}),
            Self::Refused(refusal) => json!({
                "ok": false,
                "reason": refusal.reason,
                "answered": refusal.answered,
                "needed": refusal.needed,
            }),
        }
    }

    /// 0 taken, 1 refused.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Accepted { .. } => 0,
            Self::Refused(_) => 1,
        }
    }
}
