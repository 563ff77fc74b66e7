//! Sends one prompt to an agent by hand and shows on stderr what comes: for looking at
//! a real agent, never run by a test. `cargo run -p fermata-agents --example turn --
//! AGENT PROMPT [SCHEMA-JSON]`. Permissions are allowed once, unless `FERMATA_REJECT` is set.
//! Environment of the agent: this process's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use fermata_agents::{Agents, AgentsConfig};
use fermata_engine::event::ProcessId;
use fermata_runner::agent::{
    AgentProvider as _, AgentSink, PermissionDecision, PermissionOption, PermissionPolicy,
    PermissionRequest, Role, StepRequest, ToolCall,
};
use serde_json::{Map, Value};

struct Show(Instant);

impl Show {
    fn line(&self, what: &str, text: &dyn std::fmt::Debug) {
        eprintln!("{:>6} ms  {what}  {text:?}", self.0.elapsed().as_millis());
    }
}

#[async_trait]
impl AgentSink for Show {
    fn message(&self, text: &str) {
        self.line("message", &text);
    }
    fn thought(&self, text: &str) {
        self.line("thought", &text);
    }
    fn tool_call(&self, call: ToolCall) {
        self.line("tool", &call);
    }
    fn usage(&self, usage: Map<String, Value>) {
        self.line("usage", &usage);
    }
    fn warning(&self, text: &str) {
        self.line("warning", &text);
    }
    fn process(&self, process: ProcessId) {
        self.line("process", &process);
    }
    async fn permission(&self, request: PermissionRequest) -> PermissionDecision {
        self.line("permission", &request);
        PermissionDecision::Chosen(if std::env::var_os("FERMATA_REJECT").is_some() {
            PermissionOption::RejectOnce
        } else {
            PermissionOption::AllowOnce
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(agent), Some(prompt)) = (args.next(), args.next()) else {
        eprintln!("turn AGENT PROMPT [SCHEMA-JSON]");
        std::process::exit(2);
    };
    let schema = args
        .next()
        .map(|text| serde_json::from_str(&text).expect("the schema is JSON"));
    let agents = Agents::new(AgentsConfig {
        path: std::env::var_os("PATH"),
        ..AgentsConfig::default()
    });
    for status in agents.list() {
        eprintln!("{status:?}");
    }
    let timeout = std::env::var("FERMATA_TIMEOUT_MS")
        .ok()
        .and_then(|text| text.parse().ok())
        .map(Duration::from_millis);
    let mut request = StepRequest {
        run: "by-hand".into(),
        path: "step".into(),
        step: "step".to_owned(),
        item: None,
        role: Role::Agent,
        agent,
        attempt: 1,
        round: None,
        conversation: "step".to_owned(),
        turn: 1,
        session_key: None,
        session: fermata_engine::SessionStart::Fresh,
        stays_open: false,
        cwd: std::env::current_dir().expect("a folder"),
        prompt,
        system_prompt: None,
        schema,
        model: std::env::var("FERMATA_MODEL").ok(),
        effort: None,
        context_tier: None,
        tools: None,
        env: Vec::new(),
        permissions: PermissionPolicy::default(),
        tool_servers: Vec::new(),
        settings: serde_json::Map::new(),
        timeout,
    };
    let show = Arc::new(Show(Instant::now()));
    let output = agents.run_step(request.clone(), show.clone()).await;
    show.line("end", &output);
    request.turn = 2;
    "SCENARIO:hello".clone_into(&mut request.prompt);
    request.timeout = None;
    let output = agents.run_step(request, show.clone()).await;
    show.line("second turn", &output);
    agents.shutdown().await;
    show.line("shut down", &"");
}
