//! A run in memory, whatever dialect it is written in: the test answers what
//! is due and says what time it is.

use std::path::Path;

use fermata_engine::event::{EventBody, ProcessId, SCHEMA, Surface};
use fermata_engine::schedule;
use fermata_engine::{
    Actor, Definition, Effect, Entry, Event, Fence, Outcome, RunId, RunState, Status, StepPath,
};
use fermata_workflow::MemoryWorld;
use serde_json::{Map, Value};

pub(crate) fn ada() -> Actor {
    Actor {
        by: "ada".to_owned(),
        surface: Surface::Terminal,
    }
}

/// A run: its log, its state, its clock.
pub(crate) struct Run {
    pub(crate) definition: Definition,
    pub(crate) state: RunState,
    pub(crate) log: Vec<Event>,
    pub(crate) now: u64,
}

impl Run {
    /// Claimed by a first worker, which has not looked at it yet.
    pub(crate) fn claimed(
        files: &[(&str, &str)],
        file: &str,
        message: Option<&str>,
        inputs: Map<String, Value>,
        gates: &str,
    ) -> Self {
        let root = Path::new("/w");
        let mut world = MemoryWorld::new();
        for (name, text) in files {
            world.add_file(root.join(name), *text);
        }
        let file = root.join(file);
        let definition = Definition::load(&world, &file).unwrap();
        let dialect = definition.dialect().as_str().to_owned();
        let mut run = Self {
            definition,
            state: RunState::default(),
            log: Vec::new(),
            now: 1_000,
        };
        run.write(EventBody::RunQueued {
            workflow: "main".to_owned(),
            file: file.to_str().unwrap().to_owned(),
            dialect,
            scope: "/w".to_owned(),
            message: message.map(str::to_owned),
            inputs,
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

    /// Goes on until nothing follows; the attempts that are to be ended.
    pub(crate) fn advance(&mut self) -> Vec<StepPath> {
        loop {
            let plan = schedule::advance(&mut self.state, &self.definition, self.now);
            self.keep(plan.append);
            if plan.idle {
                return plan.cancel;
            }
        }
    }

    pub(crate) fn due(&self) -> Vec<Effect> {
        schedule::due(&self.state, &self.definition)
    }

    /// An attempt came to an end, and the run goes on.
    pub(crate) fn conclude(&mut self, path: &str, outcome: Outcome) -> Vec<StepPath> {
        let path = StepPath::from(path);
        let attempt = self.state.open[&path].attempt;
        let entries = schedule::conclude(
            &mut self.state,
            &self.definition,
            self.now,
            &path,
            attempt,
            outcome,
        );
        self.keep(entries);
        self.advance()
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
}
