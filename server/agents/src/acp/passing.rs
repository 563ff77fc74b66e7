//! What a step asks for and the protocol has no place for is told, once a run; servers of tools go
//! into the opening of a session where the agent can reach them.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use fermata_runner::agent::{AgentSink, StepRequest, ToolServer, ToolServerWay};

use super::Launch;
use crate::wire::{
    AgentCapabilities, EnvVariable, HttpHeader, McpServer, McpServerHttp, McpServerSse,
    McpServerStdio,
};

/// What was told already, by agent and matter.
#[derive(Default)]
pub(crate) struct Told(Mutex<HashSet<(String, String)>>);

impl Told {
    fn first(&self, agent: &str, matter: &str) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert((agent.to_owned(), matter.to_owned()))
    }

    /// Tells which settings of a request stay without effect with this agent.
    pub(crate) fn settings(&self, agent: &str, request: &StepRequest, sink: &dyn AgentSink) {
        let mut unheard: Vec<String> = request
            .settings
            .keys()
            // The worker itself ends a turn that takes longer.
            .filter(|key| *key != "max_session_seconds")
            .cloned()
            .collect();
        if request.context_tier.is_some() {
            unheard.push("context_tier".to_owned());
        }
        unheard.retain(|key| self.first(agent, key));
        if !unheard.is_empty() {
            sink.warning(&format!(
                "agent `{agent}` cannot be told {}: it works with its own settings",
                list(&unheard)
            ));
        }
        if let Some(tools) = request.tools.as_ref().filter(|tools| !tools.is_empty())
            && self.first(agent, "tools")
        {
            sink.warning(&format!(
                "agent `{agent}` chooses its tools itself: the list ({}) is not enforced",
                tools.join(", ")
            ));
        }
    }

    /// Tells that steps which should each have a copy of a session share it.
    pub(crate) fn shared(&self, agent: &str, sink: &dyn AgentSink) {
        if self.first(agent, "fork") {
            sink.warning(&format!(
                "agent `{agent}` cannot copy a session: steps that begin with the same one go on in it one after another, and each sees what the others have said"
            ));
        }
    }

    /// Tells that a step has to do without its servers of tools.
    pub(crate) fn late_servers(&self, agent: &str, step: &str, sink: &dyn AgentSink) {
        if self.first(agent, &format!("servers of {step}")) {
            sink.warning(&format!(
                "`{step}` goes on in a session of agent `{agent}` that is open already, and does without its tool servers: they are named when a session is opened; `context: fresh` gives the step a session of its own"
            ));
        }
    }

    /// The servers of tools that this agent can reach; the others are told.
    pub(crate) fn servers(
        &self,
        launch: &Launch,
        can: &AgentCapabilities,
        wanted: &[ToolServer],
        sink: &dyn AgentSink,
    ) -> Vec<McpServer> {
        let agent = &launch.name;
        let can = &can.mcp_capabilities;
        let mut servers = Vec::new();
        for server in wanted {
            let reachable = match &server.way {
                ToolServerWay::Process { .. } => !launch.drops_process_servers,
                ToolServerWay::Address { events: true, .. } => can.sse,
                ToolServerWay::Address { events: false, .. } => can.http,
            };
            if !reachable {
                if self.first(agent, &format!("server {}", server.name)) {
                    sink.warning(&format!(
                        "agent `{agent}` cannot reach the tool server `{}`: it does not take servers of that type, so the step does without",
                        server.name
                    ));
                }
                continue;
            }
            if !server.other.is_empty() && self.first(agent, &format!("of {}", server.name)) {
                sink.warning(&format!(
                    "agent `{agent}` cannot be told {} of the tool server `{}`",
                    list(&server.other),
                    server.name
                ));
            }
            servers.push(passed(server));
        }
        servers
    }
}

fn list(keys: &[String]) -> String {
    keys.iter()
        .map(|key| format!("`{key}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn passed(server: &ToolServer) -> McpServer {
    match &server.way {
        ToolServerWay::Process { command, args, env } => {
            let env = env
                .iter()
                .map(|(name, value)| EnvVariable::new(name.clone(), value.clone()))
                .collect();
            McpServer::Stdio(
                McpServerStdio::new(server.name.clone(), PathBuf::from(command))
                    .args(args.clone())
                    .env(env),
            )
        }
        ToolServerWay::Address {
            url,
            events,
            headers,
        } => {
            let headers = headers
                .iter()
                .map(|(name, value)| HttpHeader::new(name.clone(), value.clone()))
                .collect();
            if *events {
                let server = McpServerSse::new(server.name.clone(), url.clone());
                McpServer::Sse(server.headers(headers))
            } else {
                let server = McpServerHttp::new(server.name.clone(), url.clone());
                McpServer::Http(server.headers(headers))
            }
        }
    }
}
