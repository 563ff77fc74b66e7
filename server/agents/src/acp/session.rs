//! A conversation's session: opened at its first turn, as a new one or as a
//! copy of another; found again after its process was lost; closed at its end.

use std::sync::Arc;

use fermata_engine::SessionStart;
use fermata_runner::agent::{AgentError, AgentErrorKind, AgentSink, StepRequest, Usage};

use super::connection::Connection;
use super::failure;
use super::settings::{self, Defaults, Offers};
use crate::limits::Limits;
use crate::submit::Ticket;
use crate::wire::{
    CloseSessionRequest, ForkSessionRequest, HttpHeader, LoadSessionRequest, McpServer,
    McpServerHttp, NewSessionRequest, ResumeSessionRequest,
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
    /// What can be set in it, and what it is set to.
    offers: Offers,
    /// Tokens that the agent reported for the session so far, where it sums them up.
    pub tokens: Usage,
    /// US dollars that the agent reported for the session so far.
    pub cost: f64,
    /// Whether a later step may go on with it.
    pub stays_open: bool,
}

impl Session {
    /// The connection and session id, when both are still good.
    pub(crate) fn live(&self) -> Option<(Arc<Connection>, String)> {
        let connection = self.connection.clone().filter(|it| it.is_alive())?;
        Some((connection, self.id.clone()?))
    }

    /// One that was open in an earlier worker or run.
    pub(crate) fn known(id: &str) -> Self {
        Self {
            id: Some(id.to_owned()),
            ..Self::default()
        }
    }

    /// Forgets everything, for a conversation that starts again.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Whether it was open once.
    pub(crate) fn was_open(&self) -> bool {
        self.id.is_some()
    }

    /// Opens the session on a connection: finds one again that was open on another or in an earlier worker, copies the
    /// one that the request names, or begins a new one.
    ///
    /// # Errors
    /// The agent refused, or took too long; [`AgentErrorKind::Session`] when a needed one is lost.
    pub(crate) async fn open(
        &mut self,
        connection: Arc<Connection>,
        request: &StepRequest,
        sink: &dyn AgentSink,
        limits: &Limits,
    ) -> Result<String, AgentError> {
        let source = self.id.clone();
        let source = source.or_else(|| request.session.source().map(str::to_owned));
        let found = match &source {
            Some(id) if self.id.is_some() => self.reopen(&connection, id, request, limits).await?,
            Some(id) => self.fork(&connection, id, request, limits).await?,
            None => Ok(self.begin(&connection, request, limits).await?),
        };
        let fresh = source.is_none() || found.is_err();
        let (id, offers) = match found {
            Ok(found) => found,
            Err(why) => {
                let message = format!(
                    "agent `{}` cannot find the session `{}` again ({why})",
                    connection.launch().name,
                    source.unwrap_or_default()
                );
                if matches!(request.session, SessionStart::Fork { needed: true, .. }) {
                    return Err(failure::of(
                        AgentErrorKind::Session,
                        format!(
                            "`{}` has to go on with an earlier session, and {message}; run the step that the session comes from again (`fermata resume --from`)",
                            request.step
                        ),
                    ));
                }
                sink.warning(&format!(
                    "{message}: `{}` goes on without what was said before",
                    request.step
                ));
                self.begin(&connection, request, limits).await?
            }
        };
        let same = self.id.as_ref() == Some(&id);
        // One that is found again and offers nothing is as it was.
        if !(same && offers.is_empty()) {
            self.offers = offers;
            if !connection.launch().scripted {
                settings::set_mode(&connection, &id, &mut self.offers, sink, limits).await?;
            }
            let inherited = (!fresh).then(|| connection.defaults());
            self.settle(&connection, &id, inherited, request, sink, limits)
                .await?;
        }
        self.connection = Some(connection);
        // Agents count anew in a copy, and in another process.
        self.tokens = Usage::default();
        self.cost = 0.0;
        self.id = Some(id.clone());
        Ok(id)
    }

    /// Sets one that is open up for another step that goes on in it.
    ///
    /// # Errors
    /// The agent refused a value that it had offered.
    pub(crate) async fn adapt(
        &mut self,
        connection: &Connection,
        id: &str,
        request: &StepRequest,
        sink: &dyn AgentSink,
        limits: &Limits,
    ) -> Result<(), AgentError> {
        let inherited = Some(connection.defaults());
        self.settle(connection, id, inherited, request, sink, limits)
            .await
    }

    async fn settle(
        &mut self,
        connection: &Connection,
        id: &str,
        inherited: Option<Defaults>,
        request: &StepRequest,
        sink: &dyn AgentSink,
        limits: &Limits,
    ) -> Result<(), AgentError> {
        let (offers, inherited) = (&mut self.offers, inherited.as_ref());
        self.model =
            settings::settle(connection, id, offers, inherited, request, sink, limits).await?;
        Ok(())
    }

    /// A new one.
    async fn begin(
        &self,
        connection: &Connection,
        request: &StepRequest,
        limits: &Limits,
    ) -> Result<(String, Offers), AgentError> {
        let new = NewSessionRequest::new(request.cwd.clone())
            .mcp_servers(self.servers())
            .meta(connection.launch().session_meta.clone());
        let response = connection
            .ask("the opening of a session", new, limits.session)
            .await?;
        let offers = Offers {
            modes: response.modes,
            options: response.config_options.unwrap_or_default(),
        };
        connection.begun_with(offers.defaults());
        Ok((response.session_id.0.to_string(), offers))
    }

    /// A copy of another one, or why that one is lost.
    async fn fork(
        &self,
        connection: &Connection,
        source: &str,
        request: &StepRequest,
        limits: &Limits,
    ) -> Result<Found, AgentError> {
        let ask = || {
            let fork = ForkSessionRequest::new(source.to_owned(), request.cwd.clone())
                .mcp_servers(self.servers())
                .meta(connection.launch().session_meta.clone());
            connection.ask("the copying of a session", fork, limits.session)
        };
        let copy = match found(connection, ask().await)? {
            Ok(copy) => Ok(copy),
            // Some know only what is open.
            Err(_) => match self.reopen(connection, source, request, limits).await? {
                Ok(_) => found(connection, ask().await)?,
                Err(why) => Err(why),
            },
        };
        Ok(copy.and_then(|copy| {
            let id = copy.session_id.0.to_string();
            // Going on with the original would change it for everybody else.
            if id == source {
                return Err("it answered with the original instead of a copy".to_owned());
            }
            let offers = Offers {
                modes: copy.modes,
                options: copy.config_options.unwrap_or_default(),
            };
            Ok((id, offers))
        }))
    }

    /// The same one again, or why it is lost.
    async fn reopen(
        &self,
        connection: &Connection,
        id: &str,
        request: &StepRequest,
        limits: &Limits,
    ) -> Result<Found, AgentError> {
        let can = &connection.greeting().agent_capabilities;
        let meta = connection.launch().session_meta.clone();
        if can.session_capabilities.resume.is_some() {
            let resume = ResumeSessionRequest::new(id.to_owned(), request.cwd.clone())
                .mcp_servers(self.servers())
                .meta(meta);
            let result = connection
                .ask("the resumption of a session", resume, limits.session)
                .await;
            return Ok(found(connection, result)?.map(|response| {
                let offers = Offers {
                    modes: response.modes,
                    options: response.config_options.unwrap_or_default(),
                };
                (id.to_owned(), offers)
            }));
        }
        if !can.load_session {
            return Ok(Err(
                "it keeps none beyond its own process: it offers neither `session/resume` nor `session/load`"
                    .to_owned(),
            ));
        }
        // Some agents replay the history only after they have answered: it must not be taken
        // for the next turn's text, so it is listened to until it is quiet, and thrown away.
        let mut replay = connection.routes().open(id);
        let load = LoadSessionRequest::new(id.to_owned(), request.cwd.clone())
            .mcp_servers(self.servers())
            .meta(meta);
        let result = connection
            .ask("the loading of a session", load, limits.session)
            .await;
        let loaded = found(connection, result);
        let quiet = async {
            while let Ok(Some(_)) = tokio::time::timeout(limits.quiet, replay.recv()).await {}
        };
        if matches!(loaded, Ok(Ok(_))) {
            let _ = tokio::time::timeout(limits.session, quiet).await;
        }
        connection.routes().close(id);
        Ok(loaded?.map(|response| {
            let offers = Offers {
                modes: response.modes,
                options: response.config_options.unwrap_or_default(),
            };
            (id.to_owned(), offers)
        }))
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

/// A session with what it offers, or why it was not found.
type Found = Result<(String, Offers), String>;

/// A refusal to find a session again is an answer; a dead agent is not.
fn found<T>(
    connection: &Connection,
    result: Result<T, AgentError>,
) -> Result<Result<T, String>, AgentError> {
    use AgentErrorKind::{Auth, Timeout};
    match result {
        Ok(found) => Ok(Ok(found)),
        Err(error) if matches!(error.kind, Auth | Timeout) || !connection.is_alive() => Err(error),
        Err(error) => {
            let named = format!("agent `{}` ", connection.launch().name);
            let words = error.message.strip_prefix(&named);
            Ok(Err(words.map_or_else(
                || error.message.clone(),
                |words| format!("it {words}"),
            )))
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
