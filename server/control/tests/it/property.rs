//! Random sequences of what people, workers and accidents do, against the
//! naive model: after every operation the store says what the model says. Any
//! call of the store may fail, before or after it took effect; whoever asked
//! tries again, and the outcome must be as if it had been asked once.
//!
//! `FERMATA_CASES` sets how many sequences (default below), `FERMATA_SEED`
//! which ones; a failure is shrunk and printed as operations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fermata_control::{
    Act, AnswerInput, AnswerOutcome, Control, ControlError, Outcome, ResumeOptions, StartRefusal,
};
use fermata_engine::{Actor, Cause, EventBody, Failure, GateId, RunId, Status, Surface};
use fermata_store::{Call, Fault, Faulty, MemStore, RunFilter, Store, StoreError, load_state};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::json;

use crate::model::{Deed, Model, Op, Said};
use crate::played::Played;
use crate::scene::{DAY, Scene};

const CASES: u32 = 400;
const SEED: u64 = 0x00fe_a7a0;

/// What goes wrong with the store during an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing.
    None,
    /// The call of that number fails; `after` says that it took effect all the same.
    Fails { at: u64, after: bool },
    /// Whoever acts dies at the call of that number, or right after it; somebody else asks for the same later.
    Dies { at: u64, after: bool },
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn ops() -> impl Strategy<Value = Vec<(Op, Trouble)>> {
    let run = || 0_usize..5;
    let answer = prop::sample::select(fermata_control::ChoiceAnswer::ABOUT_PRIOR.to_vec());
    let deed = prop::sample::select(vec![
        Deed::Begin,
        Deed::Begin,
        Deed::Gate,
        Deed::Gate,
        Deed::Hold,
        Deed::Continue,
        Deed::Park,
        Deed::Fail,
        Deed::Complete,
        Deed::Crash,
        Deed::Obey,
    ]);
    let op = prop_oneof![
        4 => prop::bool::weighted(0.25).prop_map(|force| Op::Start { force }),
        4 => (0_usize..5, answer).prop_map(|(start, answer)| Op::Choose { start, answer }),
        2 => run().prop_map(|run| Op::Answer { run }),
        2 => run().prop_map(|run| Op::Resume { run }),
        1 => run().prop_map(|run| Op::Abandon { run }),
        1 => run().prop_map(|run| Op::Stop { run }),
        1 => Just(Op::Tick),
        1 => Just(Op::Pass),
        1 => any::<bool>().prop_map(|back| Op::Jump { back }),
        10 => (run(), deed).prop_map(|(run, deed)| Op::Worker { run, deed }),
    ];
    let trouble = prop_oneof![
        6 => Just(Trouble::None),
        1 => (0_u64..14, any::<bool>()).prop_map(|(at, after)| Trouble::Fails { at, after }),
        1 => (0_u64..14, any::<bool>()).prop_map(|(at, after)| Trouble::Dies { at, after }),
    ];
    prop::collection::vec((op, trouble), 1..40)
}

#[test]
fn every_sequence_of_requests_answers_and_accidents_ends_as_the_naive_model_says() {
    let config = Config {
        cases: number("FERMATA_CASES").map_or(CASES, |n| u32::try_from(n).unwrap_or(u32::MAX)),
        rng_seed: RngSeed::Fixed(number("FERMATA_SEED").unwrap_or(SEED)),
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&ops(), |ops| {
        World::new().play(&ops);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

pub(crate) struct World {
    scene: Scene,
    store: Arc<Faulty<MemStore>>,
    control: Control,
    model: Model,
    /// Ids by the model's numbers.
    runs: Vec<RunId>,
    starts: Vec<String>,
    workers: BTreeMap<usize, Played>,
    /// Calls of the store during the last operation in trouble.
    pub(crate) calls: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        let store = Arc::new(Faulty::new(MemStore::new()));
        let scene = Scene::with(Arc::clone(&store) as Arc<dyn Store>);
        // Late enough to go back from.
        scene.pass(1_000 * DAY);
        Self {
            control: scene.impatient(),
            scene,
            store,
            model: Model::default(),
            runs: Vec::new(),
            starts: Vec::new(),
            workers: BTreeMap::new(),
            calls: 0,
        }
    }

    /// Plays the operations that mean anything.
    pub(crate) fn play(&mut self, ops: &[(Op, Trouble)]) {
        for (index, (op, trouble)) in ops.iter().enumerate() {
            if !self.model.can(op) {
                continue;
            }
            let before = self.model.clone();
            let wanted = self.model.apply(op, index);
            let said = match trouble {
                Trouble::None => Some(self.act(op, index).expect("nothing fails here")),
                Trouble::Fails { .. } | Trouble::Dies { .. } => {
                    self.act_in_trouble(op, index, *trouble)
                }
            };
            self.learn();
            if let Some(said) = said {
                assert_eq!(self.named(said), wanted, "{op:?} on {before:#?}");
            }
            self.compare(op);
        }
    }

    /// The operation with a store that fails; then, if that was noticed, again: by the same person, or by another one
    /// after a restart.
    fn act_in_trouble(&mut self, op: &Op, index: usize, trouble: Trouble) -> Option<Heard> {
        if matches!(op, Op::Worker { .. } | Op::Pass | Op::Jump { .. }) {
            return Some(self.act(op, index).expect("nothing fails here"));
        }
        let error = StoreError::Full {
            path: "the store".to_owned(),
        };
        self.store.plan(move |call: Call, number| {
            let (hit, after) = match trouble {
                Trouble::None => return None,
                Trouble::Fails { at, after } => (number == at, after),
                Trouble::Dies { at, after } => (number >= at, after && number == at),
            };
            // A lock that is lost with the error is given back, as by a process that dies.
            hit.then(|| {
                if after && call != Call::TryLock {
                    Fault::After(error.clone())
                } else {
                    Fault::Before(error.clone())
                }
            })
        });
        let first = self.act(op, index);
        self.calls = self.store.heal();
        match first {
            Ok(said) => Some(said),
            Err(_) => {
                if matches!(trouble, Trouble::Dies { .. }) {
                    self.control = self.scene.impatient();
                }
                self.act(op, index).expect("the store is whole again");
                None
            }
        }
    }

    fn act(&mut self, op: &Op, index: usize) -> Result<Heard, ControlError> {
        Ok(match op {
            Op::Start { force } => {
                let mut request = self.scene.request("");
                request
                    .inputs
                    .insert("task".to_owned(), json!(index.to_string()));
                request.force = *force;
                request.request = Some(format!("request {index}"));
                heard(&self.control.start(request)?)
            }
            Op::Choose { start, answer } => {
                heard(&self.control.choose(&self.starts[*start].clone(), *answer)?)
            }
            Op::Answer { run } => {
                let words = AnswerInput::Words(vec!["approve".to_owned()]);
                match self.control.answer(&self.runs[*run].clone(), None, words)? {
                    AnswerOutcome::Accepted { .. } => Heard::Done,
                    AnswerOutcome::Refused(_) => Heard::Refused,
                }
            }
            Op::Resume { run } => heard(
                &self
                    .control
                    .resume(&self.runs[*run].clone(), ResumeOptions::default())?,
            ),
            Op::Abandon { run } => acted(&self.control.abandon(&self.runs[*run].clone())?),
            Op::Stop { run } => acted(&self.control.stop(&self.runs[*run].clone(), false)?),
            Op::Tick => {
                self.control.tick()?;
                // A tick that could not look after one run is not an error; the next one does it.
                self.store.heal();
                self.control.tick()?;
                Heard::Nothing
            }
            Op::Pass => {
                self.scene.pass(3_000);
                Heard::Nothing
            }
            Op::Jump { back } => {
                self.scene.jump(*back);
                Heard::Nothing
            }
            Op::Worker { run, deed } => {
                self.work(*run, *deed);
                Heard::Nothing
            }
        })
    }

    fn work(&mut self, run: usize, deed: Deed) {
        let store: Arc<dyn Store> = Arc::clone(&self.store) as Arc<dyn Store>;
        if deed == Deed::Begin {
            self.workers
                .insert(run, Played::begin(&store, &self.runs[run]));
            return;
        }
        let asked = store.run(&self.runs[run]).unwrap();
        let worker = self.workers.get_mut(&run).expect("it is alive");
        match deed {
            Deed::Begin => {}
            Deed::Gate => {
                worker.approval();
            }
            Deed::Hold => worker.add(EventBody::RunWaiting {
                gates: asked.gates.iter().map(|gate| gate.gate.clone()).collect(),
            }),
            Deed::Continue => worker.add(EventBody::RunResumed {
                status: Status::Running,
                actor: actor(),
                definition: None,
                from: None,
                agent: None,
            }),
            Deed::Park => worker.park(),
            Deed::Fail => worker.fail(),
            Deed::Complete => worker.complete(),
            Deed::Crash => worker.die(),
            Deed::Obey => {
                let open: Vec<GateId> = asked.gates.iter().map(|gate| gate.gate.clone()).collect();
                for gate in open {
                    worker.add(EventBody::GateWithdrawn {
                        gate,
                        reason: "stopped".to_owned(),
                    });
                }
                worker.add(if asked.aborting {
                    EventBody::RunCancelled {
                        actor: actor(),
                        reason: "asked".to_owned(),
                    }
                } else {
                    EventBody::RunFailed {
                        cause: Cause::Stopped,
                        error: Failure {
                            kind: "Stopped".to_owned(),
                            message: "asked".to_owned(),
                            names: Vec::new(),
                        },
                        step: None,
                        output: None,
                        actor: Some(actor()),
                    }
                });
                worker.die();
            }
        }
        if !self.model.runs[run].alive {
            self.workers.remove(&run);
        }
    }

    /// Ids of what is new, in the order of its creation.
    fn learn(&mut self) {
        let mut rows = self
            .store
            .runs(&RunFilter {
                children: true,
                ..RunFilter::default()
            })
            .unwrap();
        rows.reverse();
        self.runs = rows.into_iter().map(|row| row.run).collect();
        let mut open = self.store.starts().unwrap();
        open.reverse();
        for start in open {
            if !self.starts.contains(&start.start.0) {
                self.starts.push(start.start.0);
            }
        }
    }

    fn named(&self, heard: Heard) -> Said {
        match heard {
            Heard::Started(run) => {
                Said::Started(self.runs.iter().position(|id| *id == run).unwrap())
            }
            Heard::Choice => Said::Choice,
            Heard::Refused => Said::Refused,
            Heard::Dismissed => Said::Dismissed,
            Heard::Done => Said::Done,
            Heard::Nothing => Said::Nothing,
        }
    }

    /// The store says what the model says; every row says what its log says.
    fn compare(&self, op: &Op) {
        assert_eq!(self.runs.len(), self.model.runs.len(), "runs after {op:?}");
        for (id, wanted) in self.runs.iter().zip(&self.model.runs) {
            let row = self.store.run(id).unwrap();
            let found = (
                row.inputs["task"]
                    .as_str()
                    .unwrap()
                    .parse::<usize>()
                    .unwrap(),
                row.status,
                row.parked,
                !row.gates.is_empty(),
                row.kept,
                row.stopping,
                row.aborting,
                self.store.is_locked(id).unwrap(),
            );
            let wanted = (
                wanted.args,
                wanted.status,
                wanted.parked,
                wanted.gate,
                wanted.kept,
                wanted.stopping,
                wanted.aborting,
                wanted.alive,
            );
            assert_eq!(found, wanted, "run {id} after {op:?}");
            let state = load_state(self.store.as_ref(), id).unwrap();
            assert_eq!(state.status, row.status);
            assert_eq!(state.parked, row.parked);
            assert_eq!(state.cause, row.cause);
            assert_eq!(state.last_seq, row.last_seq);
            assert_eq!(state.open_gates.len(), row.gates.len());
            assert_eq!(state.stop_requested.is_some(), row.stopping);
            assert_eq!(state.abort_requested.is_some(), row.aborting);
            if row.status.is_final() {
                assert!(state.open_gates.is_empty(), "a final run holds no gate");
            }
        }
        // A list by time: its order is the clock's, and the clock may have jumped.
        let rows = self.store.starts().unwrap();
        let open: BTreeSet<&String> = rows.iter().map(|row| &row.start.0).collect();
        let wanted: BTreeSet<&String> = self
            .model
            .starts
            .iter()
            .zip(&self.starts)
            .filter(|(start, _)| start.open)
            .map(|(_, id)| id)
            .collect();
        assert_eq!(open, wanted, "open requests after {op:?}");
        assert_eq!(open.len(), rows.len());
        for (start, id) in self.model.starts.iter().zip(&self.starts) {
            let row = self
                .store
                .start(&fermata_store::StartId(id.clone()))
                .unwrap();
            assert_eq!(row.request["inputs"]["task"], start.args.to_string());
            assert_eq!(row.prior.as_ref(), Some(&self.runs[start.prior]));
        }
    }
}

/// What the real thing said.
enum Heard {
    Started(RunId),
    Choice,
    Refused,
    Dismissed,
    Done,
    Nothing,
}

fn heard(outcome: &Outcome) -> Heard {
    match outcome {
        Outcome::Started { run, .. } => Heard::Started(run.clone()),
        Outcome::Refused(StartRefusal::Choice(_)) => Heard::Choice,
        Outcome::Refused(_) => Heard::Refused,
        Outcome::Dismissed => Heard::Dismissed,
    }
}

fn acted(act: &Act) -> Heard {
    match act {
        Act::Done { .. } => Heard::Done,
        Act::Refused { .. } => Heard::Refused,
    }
}

fn actor() -> Actor {
    Actor {
        by: "worker".to_owned(),
        surface: Surface::Policy,
    }
}
