//! Carries out the actions of one answer: sends updates, asks for permission,
//! waits, ends the turn. It stops at once when the turn is cancelled.

use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;

use super::action::{Action, Fail, Stop, Tokens, Tool};
use crate::wire::{
    self, Client, ConnectionTo, ContentBlock, ContentChunk, PermissionOption, PermissionOptionKind,
    PromptResponse, RequestPermissionOutcome, RequestPermissionRequest, SessionNotification,
    SessionUpdate, StopReason, TextContent, ToolCall, ToolCallContent, ToolCallStatus,
    ToolCallUpdate, ToolCallUpdateFields,
};

/// How a turn ended.
pub(super) enum End {
    /// With a response.
    Answered(PromptResponse),
    /// With an error.
    Failed(wire::Error),
    /// The script says that the process dies here.
    Crash,
}

/// What one turn needs.
pub(super) struct Player {
    pub cx: ConnectionTo<Client>,
    pub session: String,
    /// Becomes true when the host cancels the turn.
    pub cancelled: watch::Receiver<bool>,
    /// Characters of a streamed piece.
    pub piece: usize,
    /// Whether the host shows notices.
    pub notices: bool,
    /// Number of the session's next tool call.
    pub next_call: u32,
}

/// Why the rest of an answer does not happen.
enum Break {
    Stop(StopReason),
    Fail(wire::Error),
    Crash,
}

impl From<wire::Error> for Break {
    fn from(error: wire::Error) -> Self {
        Self::Fail(error)
    }
}

impl Player {
    /// Plays an answer to its end.
    pub(super) async fn play(&mut self, actions: &[Action]) -> End {
        let mut tokens = None;
        let reason = match self.all(actions, &mut tokens).await {
            Ok(()) => StopReason::EndTurn,
            Err(Break::Stop(reason)) => reason,
            Err(Break::Fail(error)) => return End::Failed(error),
            Err(Break::Crash) => return End::Crash,
        };
        End::Answered(PromptResponse::new(reason).usage(tokens.as_ref().map(counts)))
    }

    async fn all(&mut self, actions: &[Action], tokens: &mut Option<Tokens>) -> Result<(), Break> {
        for action in actions {
            if *self.cancelled.borrow() {
                return Err(Break::Stop(StopReason::Cancelled));
            }
            match action {
                Action::Say(text) => self.stream(text, SessionUpdate::AgentMessageChunk)?,
                Action::Think(text) => self.stream(text, SessionUpdate::AgentThoughtChunk)?,
                Action::Json(value) => {
                    self.stream(&value.to_string(), SessionUpdate::AgentMessageChunk)?;
                }
                Action::Warn(text) => self.warn(text)?,
                Action::Tool(tool) => Box::pin(self.tool(tool, tokens)).await?,
                Action::Usage(report) => {
                    self.context(report)?;
                    *tokens = Some(report.clone());
                }
                Action::SleepMs(millis) => {
                    let mut cancelled = self.cancelled.clone();
                    tokio::select! {
                        () = tokio::time::sleep(Duration::from_millis(*millis)) => {}
                        _ = cancelled.wait_for(|it| *it) => {
                            return Err(Break::Stop(StopReason::Cancelled));
                        }
                    }
                }
                Action::Hang => {
                    let _ = self.cancelled.wait_for(|it| *it).await;
                    return Err(Break::Stop(StopReason::Cancelled));
                }
                Action::Stop(stop) => return Err(Break::Stop(reason(*stop))),
                Action::Fail(fail) => return Err(Break::Fail(failure(fail))),
                Action::Crash => return Err(Break::Crash),
            }
        }
        Ok(())
    }

    fn send(&self, update: SessionUpdate) -> Result<(), wire::Error> {
        self.cx
            .send_notification(SessionNotification::new(self.session.clone(), update))
    }

    fn stream(
        &self,
        text: &str,
        chunk: fn(ContentChunk) -> SessionUpdate,
    ) -> Result<(), wire::Error> {
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest
                .char_indices()
                .nth(self.piece)
                .map_or(rest.len(), |(at, _)| at);
            let (piece, after) = rest.split_at(end);
            self.send(chunk(ContentChunk::new(text_block(piece))))?;
            rest = after;
        }
        Ok(())
    }

    fn warn(&self, text: &str) -> Result<(), wire::Error> {
        if !self.notices {
            return Ok(());
        }
        self.send(SessionUpdate::Notice(wire::Notice::new(
            wire::NoticeSeverity::Warning,
            text,
        )))
    }

    fn context(&self, report: &Tokens) -> Result<(), wire::Error> {
        if report.context_used.is_none() && report.cost_usd.is_none() {
            return Ok(());
        }
        let mut update = json!({
            "sessionUpdate": "usage_update",
            "used": report.context_used.unwrap_or(0),
            "size": report.context_size.unwrap_or(0),
        });
        if let Some(cost) = report.cost_usd {
            update["cost"] = json!({"amount": cost, "currency": "USD"});
        }
        self.send(serde_json::from_value(update)?)
    }

    async fn tool(&mut self, tool: &Tool, tokens: &mut Option<Tokens>) -> Result<(), Break> {
        self.next_call += 1;
        let id = format!("call_{}", self.next_call);
        let kind = tool.kind.map_or(wire::ToolKind::Other, |kind| kind.0);
        self.send(SessionUpdate::ToolCall(
            ToolCall::new(id.clone(), tool.title.clone())
                .kind(kind)
                .status(ToolCallStatus::Pending)
                .raw_input(tool.input.clone()),
        ))?;
        if tool.permission && !self.ask(&id, tool, kind).await? {
            self.change(&id, ToolCallStatus::Failed, None)?;
            if let Some(instead) = &tool.on_reject {
                self.all(&instead.0, tokens).await?;
                return Err(Break::Stop(StopReason::EndTurn));
            }
            return Ok(());
        }
        self.change(&id, ToolCallStatus::InProgress, None)?;
        let end = if tool.fails {
            ToolCallStatus::Failed
        } else {
            ToolCallStatus::Completed
        };
        self.change(&id, end, tool.result.as_deref())?;
        Ok(())
    }

    fn change(
        &self,
        id: &str,
        status: ToolCallStatus,
        result: Option<&str>,
    ) -> Result<(), wire::Error> {
        let mut fields = ToolCallUpdateFields::new().status(status);
        if let Some(text) = result {
            fields = fields.content(vec![ToolCallContent::from(text_block(text))]);
        }
        self.send(SessionUpdate::ToolCallUpdate(ToolCallUpdate::new(
            id.to_owned(),
            fields,
        )))
    }

    /// Asks for permission; `Ok(true)` when allowed.
    async fn ask(&self, id: &str, tool: &Tool, kind: wire::ToolKind) -> Result<bool, Break> {
        let fields = ToolCallUpdateFields::new()
            .title(tool.title.clone())
            .kind(kind)
            .status(ToolCallStatus::Pending)
            .raw_input(tool.input.clone());
        let options = vec![
            PermissionOption::new("yes", "Allow once", PermissionOptionKind::AllowOnce),
            PermissionOption::new("always", "Allow always", PermissionOptionKind::AllowAlways),
            PermissionOption::new("no", "Reject once", PermissionOptionKind::RejectOnce),
        ];
        let request = RequestPermissionRequest::new(
            self.session.clone(),
            ToolCallUpdate::new(id.to_owned(), fields),
            options,
        );
        let mut cancelled = self.cancelled.clone();
        let answer = tokio::select! {
            answer = self.cx.send_request(request).block_task() => answer?,
            _ = cancelled.wait_for(|it| *it) => {
                return Err(Break::Stop(StopReason::Cancelled));
            }
        };
        match answer.outcome {
            RequestPermissionOutcome::Selected(chosen) => Ok(&*chosen.option_id.0 != "no"),
            _ => Err(Break::Stop(StopReason::Cancelled)),
        }
    }
}

fn text_block(text: &str) -> ContentBlock {
    ContentBlock::Text(TextContent::new(text))
}

fn counts(tokens: &Tokens) -> wire::Usage {
    wire::Usage::new(tokens.input + tokens.output, tokens.input, tokens.output)
        .cached_read_tokens(tokens.cache_read)
        .cached_write_tokens(tokens.cache_write)
}

fn reason(stop: Stop) -> StopReason {
    match stop {
        Stop::EndTurn => StopReason::EndTurn,
        Stop::MaxTokens => StopReason::MaxTokens,
        Stop::MaxTurnRequests => StopReason::MaxTurnRequests,
        Stop::Refusal => StopReason::Refusal,
        Stop::Cancelled => StopReason::Cancelled,
    }
}

fn failure(fail: &Fail) -> wire::Error {
    wire::Error::new(fail.code, fail.message.clone()).data(json!({
        "fermata": {"retryable": fail.retryable, "status": fail.status}
    }))
}
