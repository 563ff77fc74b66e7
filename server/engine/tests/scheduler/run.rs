//! A run in memory: the test answers effects and gates and says what time it is.

use std::path::Path;

use fermata_engine::conductor::{self, maximum_after};
use fermata_engine::event::{EventBody, ProcessId, SCHEMA, Surface};
use fermata_engine::gate::LimitDecision;
use fermata_engine::{
    Actor, Answer, Definition, Effect, Entry, Event, Failure, Fence, Outcome, RunId, RunState,
    Status, StepPath,
};
use fermata_workflow::MemoryWorld;
use serde_json::{Map, Value, json};

pub(crate) fn ada() -> Actor {
    Actor {
        by: "ada".to_owned(),
        surface: Surface::Terminal,
    }
}

/// A run in memory: its log, its state, its clock.
pub(crate) struct Run {
    pub(crate) definition: Definition,
    pub(crate) state: RunState,
    pub(crate) log: Vec<Event>,
    pub(crate) now: u64,
}

impl Run {
    pub(crate) fn new(files: &[(&str, &str)], gates: &str) -> Self {
        let mut world = MemoryWorld::new();
        for (name, text) in files {
            world.add_file(Path::new("/w").join(name), *text);
        }
        let definition = Definition::load(&world, Path::new("/w/main.yaml")).unwrap();
        let mut run = Self {
            definition,
            state: RunState::default(),
            log: Vec::new(),
            now: 1_000,
        };
        run.write(EventBody::RunQueued {
            workflow: "main".to_owned(),
            file: "/w/main.yaml".to_owned(),
            dialect: "conductor".to_owned(),
            scope: "/w".to_owned(),
            message: None,
            inputs: Map::new(),
            request: "r".to_owned(),
            parent: None,
            gates: gates.to_owned(),
            agent: None,
            actor: ada(),
            cwd: "/w".to_owned(),
            dry_run: false,
        });
        run.claim(1);
        run
    }

    pub(crate) fn claim(&mut self, fence: u64) {
        self.write(EventBody::RunStarted {
            fence: Fence(fence),
            worker: ProcessId {
                pid: 1,
                started: 1,
                boot: "b".to_owned(),
            },
            version: "0".to_owned(),
            seed: 1,
            deadline: None,
        });
    }

    /// Appends an event that the scheduler did not draft.
    pub(crate) fn write(&mut self, body: EventBody) {
        let event = self.event(StepPath::root(), self.now, body);
        self.state.fold(&event).unwrap();
        self.log.push(event);
    }

    pub(crate) fn event(&self, path: StepPath, at: u64, body: EventBody) -> Event {
        Event {
            run: RunId::from("r1"),
            seq: self.log.len() as u64 + 1,
            at,
            path,
            schema: SCHEMA,
            check: String::new(),
            body,
        }
    }

    /// Keeps what the scheduler drafted (and has folded).
    pub(crate) fn keep(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            let event = self.event(entry.path, entry.at, entry.body);
            self.log.push(event);
        }
    }

    /// Goes on until nothing follows.
    pub(crate) fn advance(&mut self) -> Vec<StepPath> {
        loop {
            let plan = conductor::advance(&mut self.state, &self.definition, self.now);
            self.keep(plan.append);
            if plan.idle {
                return plan.cancel;
            }
        }
    }

    pub(crate) fn due(&self) -> Vec<Effect> {
        conductor::due(&self.state, &self.definition)
    }

    pub(crate) fn conclude(&mut self, path: &str, outcome: Outcome) {
        let path = StepPath::from(path);
        let attempt = self.state.open[&path].attempt;
        let entries = conductor::conclude(
            &mut self.state,
            &self.definition,
            self.now,
            &path,
            attempt,
            outcome,
        );
        self.keep(entries);
    }

    pub(crate) fn say(&mut self, path: &str, output: Value) {
        self.conclude(
            path,
            Outcome::Agent {
                output,
                detail: Map::new(),
                elapsed: 1,
            },
        );
        self.advance();
    }

    pub(crate) fn answer_limit(&mut self, decision: LimitDecision, n: Option<u64>) {
        let open = self.state.open_gates[0].clone();
        let answer = Answer::IterationLimit { decision, n };
        self.state.check_answer(&open.gate.gate, &answer).unwrap();
        let maximum = maximum_after(&open.gate, &answer);
        self.write(EventBody::IterationLimitResolved {
            gate: open.gate.gate,
            answer,
            max_iterations: maximum,
            actor: ada(),
            waited: 1,
        });
        self.advance();
    }

    pub(crate) fn resume(&mut self, fence: u64) {
        self.write(EventBody::RunResumed {
            status: Status::Queued,
            actor: ada(),
            definition: None,
            from: None,
            agent: None,
        });
        self.claim(fence);
        self.advance();
    }

    pub(crate) fn started(&self) -> Vec<String> {
        self.log
            .iter()
            .filter(|event| matches!(event.body, EventBody::StepStarted { .. }))
            .map(|event| event.path.0.clone())
            .collect()
    }
}
pub(crate) const LOOP: &str = "
workflow: {name: loop, entry_point: write, limits: {max_iterations: 4}}
agents:
  - {name: write, prompt: 'Write.', routes: [{to: judge}]}
  - name: judge
    prompt: 'Judge {{ write.output.result }}'
    output: {score: {type: number}, approved: {type: boolean}, feedback: {type: string}}
    routes: [{to: $end, when: '{{ output.approved }}'}, {to: write}]
output: {text: '{{ write.output.result }}'}
";

pub(crate) fn verdict(score: u64, approved: bool) -> Value {
    json!({"score": score, "approved": approved, "feedback": "too long\nand dull"})
}

/// Two rounds of a loop with a limit of four: the gate is open.
pub(crate) fn at_limit() -> Run {
    let mut run = Run::new(&[("main.yaml", LOOP)], "ask");
    run.advance();
    run.say("write", json!({"result": "v1"}));
    run.say("judge", verdict(3, false));
    run.say("write#2", json!({"result": "v2"}));
    run.say("judge#2", verdict(5, false));
    run
}

pub(crate) fn fails() -> Outcome {
    Outcome::Failed {
        error: Failure {
            kind: "ProviderError".to_owned(),
            message: "no".to_owned(),
            names: Vec::new(),
        },
        detail: Map::new(),
        elapsed: 1,
    }
}
