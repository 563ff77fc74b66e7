//! A conversation's session: opened at its first turn, found again after its
//! process was lost, closed at its end.

use std::sync::Arc;

use fermata_runner::agent::{AgentError, AgentSink, StepRequest, Usage};

use super::connection::Connection;
use super::settings::{self, Offers};
use crate::limits::Limits;
use crate::submit::Ticket;
use crate::wire::{
    CloseSessionRequest, HttpHeader, LoadSessionRequest, McpServer, McpServerHttp,
    NewSessionRequest, ResumeSessionRequest,
};

/// One conversation. Its turns come one after another.
#[derive(Default)]
pub(crate) struct Session {
    connection: Option<Arc<Connection>>,
    id: Option<String>,
    /// Takes the structured result, where the agent can hand one in.
    pub ticket: Option<Ticket>,
    /// Servers of tools that the workflow gives it.
    pub tool_servers: Vec<McpServer>,
    /// The model that answers, if the agent says so.
    pub model: Option<String>,
    /// Tokens that the agent reported for the session so far, where it sums them up.
    pub tokens: Usage,
    /// US dollars that the agent reported for the session so far.
    pub cost: f64,
}

impl Session {
    /// The connection and session id, when both are still good.
    pub(crate) fn live(&self) -> Option<(Arc<Connection>, String)> {
        let connection = self.connection.clone().filter(|it| it.is_alive())?;
        Some((connection, self.id.clone()?))
    }

    /// Forgets everything, for a conversation that starts again.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Whether it was open once.
    pub(crate) fn was_open(&self) -> bool {
        self.id.is_some()
    }

    /// Opens the session on a connection; one that was open on another is found again if the
    /// agent can do that.
    ///
    /// # Errors
    /// The agent refused, or took too long.
    pub(crate) async fn open(
        &mut self,
        connection: Arc<Connection>,
        request: &StepRequest,
        sink: &dyn AgentSink,
        limits: &Limits,
    ) -> Result<String, AgentError> {
        if let Some(id) = self.id.clone() {
            if self.reopen(&connection, &id, request, limits).await? {
                self.connection = Some(connection);
                return Ok(id);
            }
            sink.warning(&format!(
                "agent `{}` was started again and cannot find the conversation `{}` again: it goes on without what was said before",
                connection.launch().name,
                request.conversation
            ));
        }
        let new = NewSessionRequest::new(request.cwd.clone())
            .mcp_servers(self.servers())
            .meta(connection.launch().session_meta.clone());
        let response = connection
            .ask("the opening of a session", new, limits.session)
            .await?;
        let id = response.session_id.0.to_string();
        let offers = Offers {
            modes: response.modes,
            options: response.config_options.unwrap_or_default(),
        };
        self.model = settings::settle(&connection, &id, &offers, request, sink, limits).await?;
        self.connection = Some(connection);
        self.id = Some(id.clone());
        self.tokens = Usage::default();
        self.cost = 0.0;
        Ok(id)
    }

    async fn reopen(
        &self,
        connection: &Connection,
        id: &str,
        request: &StepRequest,
        limits: &Limits,
    ) -> Result<bool, AgentError> {
        let can = &connection.greeting().agent_capabilities;
        let meta = connection.launch().session_meta.clone();
        if can.session_capabilities.resume.is_some() {
            let resume = ResumeSessionRequest::new(id.to_owned(), request.cwd.clone())
                .mcp_servers(self.servers())
                .meta(meta);
            let result = connection
                .ask("the resumption of a session", resume, limits.session)
                .await;
            return found(result.map(|_| ()));
        }
        if !can.load_session {
            return Ok(false);
        }
        // Some agents replay the history only after they have answered: it must not be taken
        // for the next turn's text, so it is listened to until it is quiet, and thrown away.
        let mut replay = connection.routes().open(id);
        let load =
            LoadSessionRequest::new(id.to_owned(), request.cwd.clone()).mcp_servers(self.servers());
        let result = connection
            .ask("the loading of a session", load, limits.session)
            .await;
        let loaded = found(result.map(|_| ()));
        let quiet = async {
            while let Ok(Some(_)) = tokio::time::timeout(limits.quiet, replay.recv()).await {}
        };
        if matches!(loaded, Ok(true)) {
            let _ = tokio::time::timeout(limits.session, quiet).await;
        }
        connection.routes().close(id);
        loaded
    }

    fn servers(&self) -> Vec<McpServer> {
        self.ticket
            .iter()
            .map(|ticket| {
                let authorization = HttpHeader::new("Authorization", ticket.authorization());
                McpServer::Http(
                    McpServerHttp::new(crate::submit::SERVER, ticket.url())
                        .headers(vec![authorization]),
                )
            })
            .chain(self.tool_servers.iter().cloned())
            .collect()
    }

    /// The tokens of one turn, out of a report over the whole session.
    pub(crate) fn since_last(&mut self, total: Usage) -> Usage {
        let before = std::mem::replace(&mut self.tokens, total.clone());
        let grown = |now: Option<u64>, before: Option<u64>| {
            now.map(|now| now.saturating_sub(before.unwrap_or(0)))
        };
        Usage {
            input: grown(total.input, before.input),
            output: grown(total.output, before.output),
            cache_read: grown(total.cache_read, before.cache_read),
            cache_write: grown(total.cache_write, before.cache_write),
            cost_usd: total.cost_usd,
        }
    }

    /// Closes the session where the agent can do that. Failing is no harm: the process ends with the run.
    pub(crate) async fn close(&mut self, limits: &Limits) {
        if let Some((connection, id)) = self.live()
            && connection
                .greeting()
                .agent_capabilities
                .session_capabilities
                .close
                .is_some()
        {
            let request = CloseSessionRequest::new(id);
            let _ = connection
                .ask("the closing of a session", request, limits.close)
                .await;
        }
        self.reset();
    }
}

/// A refusal to find a session again is an answer; a dead agent is not.
fn found(result: Result<(), AgentError>) -> Result<bool, AgentError> {
    use fermata_runner::agent::AgentErrorKind::{Auth, Timeout};
    match result {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.kind, Auth | Timeout) => Err(error),
        Err(error) => {
            tracing::debug!(%error, "a session could not be found again");
            Ok(false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_over_the_session_gives_each_turn_its_own_tokens() {
        let total = |input| Usage {
            input: Some(input),
            ..Usage::default()
        };
        let mut session = Session::default();
        let turns: Vec<_> = [11, 22, 55]
            .into_iter()
            .map(|input| session.since_last(total(input)).input)
            .collect();
        assert_eq!(turns, [Some(11), Some(11), Some(33)]);
    }
}
