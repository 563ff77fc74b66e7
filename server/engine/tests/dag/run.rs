//! Runs of Archon graphs.

use fermata_engine::event::EventBody;
use fermata_engine::schedule;
use fermata_engine::state::NodeState;
use fermata_engine::{
    AgentCall, Answer, Effect, End, Failure, GateKind, Outcome, Payload, RunState, ScriptCall,
    Session, SessionStart, StepPath,
};
use serde_json::{Map, Value};

pub(crate) use crate::support::{Run, ada};

/// Nodes as they stand under `nodes:`, with the rest of a workflow around them.
pub(crate) fn workflow(nodes: &str) -> String {
    format!("name: main\ndescription: A graph.\nnodes:\n{nodes}")
}

impl Run {
    pub(crate) fn new(text: &str) -> Self {
        Self::asked(text, None, Map::new())
    }

    pub(crate) fn asked(text: &str, message: Option<&str>, inputs: Map<String, Value>) -> Self {
        Self::of(&[(".archon/workflows/main.yaml", text)], message, inputs)
    }

    pub(crate) fn of(
        files: &[(&str, &str)],
        message: Option<&str>,
        inputs: Map<String, Value>,
    ) -> Self {
        let file = ".archon/workflows/main.yaml";
        let mut run = Self::claimed(files, file, message, inputs, "ask");
        run.advance();
        run
    }

    /// Ids of the nodes that are under way.
    pub(crate) fn under_way(&self) -> Vec<&str> {
        self.state.open.keys().map(StepPath::as_str).collect()
    }

    pub(crate) fn call(&self, id: &str) -> ScriptCall {
        self.due()
            .into_iter()
            .find_map(|effect| match effect {
                Effect::Script(call) if call.path.as_str() == id => Some(*call),
                _ => None,
            })
            .unwrap_or_else(|| panic!("`{id}` is not due"))
    }

    pub(crate) fn prompt(&self, path: &str) -> AgentCall {
        self.due()
            .into_iter()
            .find_map(|effect| match effect {
                Effect::Agent(call) if call.path.as_str() == path => Some(*call),
                _ => None,
            })
            .unwrap_or_else(|| panic!("`{path}` asks no agent"))
    }

    /// An agent answered.
    pub(crate) fn speaks(&mut self, path: &str, output: Value) {
        let detail = match output {
            Value::String(_) => Map::new(),
            _ => Map::from_iter([("structured".to_owned(), Value::Bool(true))]),
        };
        self.conclude(
            path,
            Outcome::Agent {
                output,
                detail,
                elapsed: 1,
            },
        );
    }

    /// An agent answered in a session of that id.
    pub(crate) fn speaks_in(&mut self, path: &str, session: &str) {
        let provider = self.prompt(path).provider.unwrap();
        let session = Session {
            id: session.to_owned(),
            agent: provider,
            from: None,
            key: None,
            cwd: None,
        };
        self.conclude(
            path,
            Outcome::Agent {
                output: Value::from("said"),
                detail: Map::from_iter([session.fact()]),
                elapsed: 1,
            },
        );
    }

    /// How the turn at a path begins.
    pub(crate) fn begins(&self, path: &str) -> SessionStart {
        self.prompt(path).session.start
    }

    /// An agent's turn failed.
    pub(crate) fn fails(&mut self, path: &str, kind: &str, message: &str) {
        self.conclude(
            path,
            Outcome::Failed {
                error: Failure {
                    kind: kind.to_owned(),
                    message: message.to_owned(),
                    names: Vec::new(),
                },
                detail: Map::new(),
                elapsed: 1,
            },
        );
    }

    /// Somebody answers the only open gate.
    pub(crate) fn decide(&mut self, decision: &str, text: Option<&str>) {
        let open = self.state.open_gates[0].clone();
        let answer = Answer::Approval {
            decision: decision.to_owned(),
            text: text.map(str::to_owned),
        };
        self.state.check_answer(&open.gate.gate, &answer).unwrap();
        self.write(EventBody::GateAnswered {
            gate: open.gate.gate,
            answer,
            actor: ada(),
            waited: 1,
        });
        self.advance();
    }

    /// A process of the node ended.
    pub(crate) fn ends(&mut self, path: &str, exit_code: i64, stdout: &str) {
        self.conclude(
            path,
            Outcome::Process {
                stdout: stdout.to_owned(),
                stderr: String::new(),
                exit_code,
                elapsed: 1,
            },
        );
    }

    pub(crate) fn says(&mut self, path: &str, stdout: &str) {
        self.ends(path, 0, stdout);
    }

    /// Ada answers the only open gate, whichever kind it is.
    pub(crate) fn rules(&mut self, answer: Answer) {
        let gate = self.state.only_gate().unwrap().clone();
        self.state.check_answer(&gate.gate, &answer).unwrap();
        let body = match gate.kind {
            GateKind::IterationLimit => EventBody::IterationLimitResolved {
                gate: gate.gate.clone(),
                max_iterations: schedule::maximum_after(&gate, &answer),
                answer,
                actor: ada(),
                waited: 0,
            },
            _ => EventBody::GateAnswered {
                gate: gate.gate.clone(),
                answer,
                actor: ada(),
                waited: 0,
            },
        };
        let event = self.event(gate.path, self.now, body);
        self.state.fold(&event).unwrap();
        self.log.push(event);
        self.advance();
    }

    pub(crate) fn state_of(&self, id: &str) -> NodeState {
        self.state
            .nodes
            .get(&StepPath::from(id))
            .map_or(NodeState::Pending, |node| node.state)
    }

    pub(crate) fn reason_of(&self, id: &str) -> Option<&str> {
        self.state.nodes[&StepPath::from(id)].reason.as_deref()
    }

    pub(crate) fn error_of(&self, id: &str) -> &str {
        let node = &self.state.nodes[&StepPath::from(id)];
        node.error.as_ref().map_or("", |error| error.kind.as_str())
    }

    pub(crate) fn output_of(&self, id: &str) -> Value {
        match &self.state.nodes[&StepPath::from(id)].output {
            Some(Payload::Inline(value)) => value.clone(),
            other => panic!("`{id}` has the output {other:?}"),
        }
    }

    /// Its worker dies, and somebody notices.
    pub(crate) fn interrupt(&mut self) {
        for (path, body) in self.state.ending(&End::Interrupt) {
            let event = self.event(path, self.now, body);
            self.state.fold(&event).unwrap();
            self.log.push(event);
        }
    }

    /// What the log folds to is what the scheduler has.
    pub(crate) fn folds_to_itself(&self) {
        assert_eq!(RunState::fold_all(&self.log).unwrap(), self.state);
    }
}
