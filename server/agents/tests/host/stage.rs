//! What the tests stand on: agents from a script, a sink that writes everything down,
//! requests. No assertion is here.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fermata_agents::{Agents, AgentsConfig, Limits, UserAgent};
use fermata_engine::event::ProcessId;
use fermata_runner::agent::{
    AgentError, AgentProvider, AgentSink, PermissionDecision, PermissionPolicy, PermissionRequest,
    Role, StepOutput, StepRequest, ToolCall,
};
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::sync::watch;

/// The binary with the scripted agent and the misbehaving ones.
pub(crate) const AGENT: &str = env!("CARGO_BIN_EXE_test-agent");

/// A folder, agents that work in it, and what they reported.
pub(crate) struct Stage {
    pub folder: TempDir,
    pub agents: Arc<Agents>,
    pub sink: Arc<Record>,
}

impl Stage {
    /// With the scripted agent answering from that script.
    pub(crate) fn scripted(script: &str) -> Self {
        Self::new(script, BTreeMap::new(), Limits::default())
    }

    /// With an agent `own` started by that command.
    pub(crate) fn own(command: &str, args: &[&str], limits: Limits) -> Self {
        let own = UserAgent {
            command: Some(command.to_owned()),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            ..UserAgent::default()
        };
        Self::new(
            "rules: []",
            BTreeMap::from([("own".to_owned(), own)]),
            limits,
        )
    }

    pub(crate) fn new(script: &str, user: BTreeMap<String, UserAgent>, limits: Limits) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.script.yaml");
        std::fs::write(&file, script).expect("writes");
        let agents = Agents::new(AgentsConfig {
            user,
            script: Some(file),
            exe: PathBuf::from(AGENT),
            path: std::env::var_os("PATH"),
            limits,
        });
        Self {
            folder,
            agents: Arc::new(agents),
            sink: Arc::default(),
        }
    }

    /// A shell script in the folder, executable.
    pub(crate) fn shell(folder: &Path, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let file = folder.join("agent.sh");
        std::fs::write(&file, format!("#!/bin/sh\n{text}\n")).expect("writes");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("sets");
        file
    }

    /// A request to the scripted agent for the first turn of a step.
    pub(crate) fn request(&self, step: &str, prompt: &str) -> StepRequest {
        StepRequest {
            run: "01run".into(),
            path: step.into(),
            step: step.to_owned(),
            item: None,
            role: Role::Agent,
            agent: "scripted".to_owned(),
            attempt: 1,
            round: None,
            conversation: step.to_owned(),
            turn: 1,
            session_key: None,
            session: fermata_engine::SessionStart::Fresh,
            stays_open: false,
            cwd: self.folder.path().to_owned(),
            prompt: prompt.to_owned(),
            system_prompt: None,
            schema: None,
            model: None,
            effort: None,
            context_tier: None,
            tools: None,
            env: Vec::new(),
            permissions: PermissionPolicy::default(),
            tool_servers: Vec::new(),
            settings: serde_json::Map::new(),
            timeout: Some(Duration::from_secs(60)),
        }
    }

    /// The same to the agent `own`.
    pub(crate) fn own_request(&self, step: &str, prompt: &str) -> StepRequest {
        StepRequest {
            agent: "own".to_owned(),
            ..self.request(step, prompt)
        }
    }

    pub(crate) async fn run(&self, request: StepRequest) -> Result<StepOutput, AgentError> {
        self.agents.run_step(request, self.sink.clone()).await
    }

    /// Runs the turn in the background; dropping the handle does not drop the turn, aborting it does.
    pub(crate) fn start(
        &self,
        request: StepRequest,
    ) -> tokio::task::JoinHandle<Result<StepOutput, AgentError>> {
        let (agents, sink) = (self.agents.clone(), self.sink.clone());
        tokio::spawn(async move { agents.run_step(request, sink).await })
    }
}

/// Limits of an agent's end that a test need not wait for; for its beginning it has all the time that it needs.
pub(crate) fn short() -> Limits {
    Limits {
        cancel: Duration::from_millis(100),
        close: Duration::from_millis(100),
        terminate: Duration::from_millis(500),
        quiet: Duration::from_millis(100),
        ..Limits::default()
    }
}

/// Everything that was reported, and how permissions are decided.
#[derive(Default)]
pub(crate) struct Record {
    state: Mutex<State>,
    changed: Changed,
}

struct Changed(watch::Sender<u64>);

impl Default for Changed {
    fn default() -> Self {
        Self(watch::channel(0).0)
    }
}

#[derive(Default)]
pub(crate) struct State {
    pub messages: Vec<String>,
    pub thoughts: Vec<String>,
    pub calls: Vec<ToolCall>,
    pub usage: Vec<Map<String, Value>>,
    pub warnings: Vec<String>,
    pub processes: Vec<ProcessId>,
    pub asked: Vec<PermissionRequest>,
    /// Decisions in order; without one, a request waits for ever.
    pub decisions: VecDeque<PermissionDecision>,
}

impl Record {
    pub(crate) fn with<T>(&self, read: impl FnOnce(&mut State) -> T) -> T {
        let result = read(&mut self.state.lock().expect("no test panics inside"));
        self.changed.0.send_modify(|count| *count += 1);
        result
    }

    pub(crate) fn decide(&self, decision: PermissionDecision) {
        self.with(|state| state.decisions.push_back(decision));
    }

    /// Waits until something holds of what was reported; a test that waits in vain fails in a minute.
    pub(crate) async fn until(&self, holds: impl Fn(&State) -> bool) {
        let mut changes = self.changed.0.subscribe();
        let change = async {
            while !holds(&self.state.lock().expect("no test panics inside")) {
                changes.changed().await.expect("the sender is ours");
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), change).await;
        assert!(waited.is_ok(), "what the test waits for never came");
    }
}

#[async_trait]
impl AgentSink for Record {
    fn message(&self, text: &str) {
        self.with(|state| state.messages.push(text.to_owned()));
    }
    fn thought(&self, text: &str) {
        self.with(|state| state.thoughts.push(text.to_owned()));
    }
    fn tool_call(&self, call: ToolCall) {
        self.with(|state| state.calls.push(call));
    }
    fn usage(&self, usage: Map<String, Value>) {
        self.with(|state| state.usage.push(usage));
    }
    fn warning(&self, text: &str) {
        self.with(|state| state.warnings.push(text.to_owned()));
    }
    fn process(&self, process: ProcessId) {
        self.with(|state| state.processes.push(process));
    }
    async fn permission(&self, request: PermissionRequest) -> PermissionDecision {
        self.with(|state| state.asked.push(request));
        self.until(|state| !state.decisions.is_empty()).await;
        self.with(|state| state.decisions.pop_front())
            .expect("one is there")
    }
}
