//! A run with all that lies outside of its worker: the log, the clock, people,
//! and what comes of what is carried out. A worker lives in it as the real one
//! does (`runner::worker`): it claims, recovers what is left, then decides,
//! appends, carries out; it may die after any commit, and all it knew is gone.

use fermata_engine::event::{EventBody, ProcessId, SCHEMA};
use fermata_engine::schedule;
use fermata_engine::state::OpenGate;
use fermata_engine::{
    Answer, Definition, Effect, Entry, Event, Fence, Outcome, RunId, RunState, Status, StepPath,
};

use crate::dice::Dice;
use crate::picture::{self, Deed};
use crate::support::ada;
use crate::{fates, people};

/// How a worker's life ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// There is nothing left for a worker to do.
    Over,
    /// It was killed.
    Killed,
    /// It gave its lock back at a gate.
    Parked,
}

/// Killed: nothing more is done.
#[derive(Debug)]
pub(crate) struct Killed;

/// What a worker does next.
enum Next {
    CarryOut(Effect),
    Ask(Box<OpenGate>, Answer),
    Wait(u64),
    Nothing,
}

/// What happens to a worker.
pub(crate) trait Harm {
    /// Whether it dies right after this commit, the how manieth of the run.
    fn kills(&mut self, commit: usize) -> bool;
    /// Whether it parks at a gate.
    fn parks(&mut self) -> bool;
}

/// Nothing happens to it.
pub(crate) struct Peace;

impl Harm for Peace {
    fn kills(&mut self, _: usize) -> bool {
        false
    }
    fn parks(&mut self) -> bool {
        false
    }
}

pub(crate) struct Story {
    pub(crate) definition: Definition,
    pub(crate) seed: u64,
    pub(crate) log: Vec<Event>,
    pub(crate) deeds: Vec<Deed>,
    /// Length of the log after each commit, the clock then, and whether it was a decision.
    pub(crate) commits: Vec<(usize, u64, bool)>,
    now: u64,
    fence: u64,
}

impl Story {
    pub(crate) fn new(definition: Definition, seed: u64, queued: EventBody) -> Self {
        let mut story = Self {
            definition,
            seed,
            log: Vec::new(),
            deeds: Vec::new(),
            commits: Vec::new(),
            now: 1_000,
            fence: 0,
        };
        story.write(vec![(StepPath::root(), queued)]);
        story
    }

    pub(crate) fn state(&self) -> RunState {
        RunState::fold_all(&self.log).unwrap()
    }

    /// One worker, from its claim to its end.
    pub(crate) fn live(&mut self, harm: &mut dyn Harm) -> Life {
        match self.work(harm) {
            Ok(life) => life,
            Err(Killed) => Life::Killed,
        }
    }

    fn work(&mut self, harm: &mut dyn Harm) -> Result<Life, Killed> {
        let mut state = self.state();
        match state.status {
            Status::Queued => {}
            Status::Running
            | Status::Waiting
            | Status::Completed
            | Status::Failed
            | Status::Cancelled => {
                // Left running by one that was killed.
                if let Some(end) = state.end_without_worker() {
                    self.fence += 1;
                    let last = state.ending(&end);
                    self.append(&mut state, last, harm)?;
                }
                return Ok(Life::Over);
            }
        }
        self.fence += 1;
        let started = EventBody::RunStarted {
            fence: Fence(self.fence),
            worker: ProcessId {
                pid: 1,
                started: 1,
                boot: "b".to_owned(),
            },
            version: "0".to_owned(),
            seed: 1,
            deadline: None,
        };
        self.append(&mut state, vec![(StepPath::root(), started)], harm)?;
        loop {
            let plan = schedule::advance(&mut state, &self.definition, self.now);
            self.commit(&state, plan.append, true, harm)?;
            let cancelled = !plan.cancel.is_empty();
            for path in plan.cancel {
                let Some(attempt) = state.open.get(&path).map(|open| open.attempt) else {
                    continue;
                };
                let ended = Outcome::Cancelled { elapsed: 1 };
                let entries = schedule::conclude(
                    &mut state,
                    &self.definition,
                    self.now,
                    &path,
                    attempt,
                    ended,
                );
                self.commit(&state, entries, false, harm)?;
            }
            if matches!(
                state.status,
                Status::Completed | Status::Failed | Status::Cancelled
            ) {
                return Ok(Life::Over);
            }
            if cancelled || !plan.idle {
                continue;
            }
            let next = self.next(&state);
            match next {
                Next::CarryOut(effect) => self.carry_out(&mut state, &effect, harm)?,
                Next::Ask(..) | Next::Nothing
                    if state.status == Status::Waiting && harm.parks() =>
                {
                    let parked = EventBody::RunParked {};
                    self.append(&mut state, vec![(StepPath::root(), parked)], harm)?;
                    return Ok(Life::Parked);
                }
                Next::Ask(open, answer) => {
                    let body = people::closing(&open, answer, self.now);
                    self.append(&mut state, vec![(open.gate.path.clone(), body)], harm)?;
                }
                Next::Wait(at) => self.now = self.now.max(at),
                Next::Nothing => return Ok(Life::Over),
            }
        }
    }

    fn carry_out(
        &mut self,
        state: &mut RunState,
        effect: &Effect,
        harm: &mut dyn Harm,
    ) -> Result<(), Killed> {
        let (path, attempt) = effect.attempt();
        let place = picture::place(path);
        let times = self.deeds.iter().filter(|d| d.place == place).count();
        let came = fates::outcome(self.seed, effect, times);
        let alone = schedule::due(state, &self.definition).len() == 1;
        let mut entries = schedule::conclude(
            state,
            &self.definition,
            self.now,
            path,
            attempt,
            came.clone(),
        );
        assert!(!entries.is_empty(), "what came of {place} is nowhere");
        if alone {
            entries.extend(schedule::advance(state, &self.definition, self.now).append);
        }
        // Known to the log or not: whoever dies before the commit has died after the one before.
        self.deeds.push(Deed {
            place,
            what: picture::what(effect),
            came,
        });
        self.commit(state, entries, false, harm)
    }

    /// What comes next: the same in every life, since it is settled by what there is to do.
    fn next(&self, state: &RunState) -> Next {
        let rank = |what: &str, path: &StepPath| {
            Dice::of(self.seed, &["order", what, &picture::place(path)]).next()
        };
        let effects = schedule::due(state, &self.definition)
            .into_iter()
            .map(|effect| (rank("effect", effect.attempt().0), Next::CarryOut(effect)));
        let gates = state.open_gates.iter().filter_map(|open| {
            let answer = self.answer(open)?;
            let rank = rank("gate", &open.gate.path);
            Some((rank, Next::Ask(Box::new(open.clone()), answer)))
        });
        let first = effects.chain(gates).min_by_key(|(rank, _)| *rank);
        if let Some((_, next)) = first {
            return next;
        }
        match schedule::next_deadline(state, &self.definition) {
            Some(at) => Next::Wait(at),
            None => Next::Nothing,
        }
    }

    /// What people say to an open gate.
    fn answer(&self, open: &OpenGate) -> Option<Answer> {
        let place = picture::place(&open.gate.path);
        let asked = |event: &&Event| {
            matches!(
                event.body,
                EventBody::GateAnswered { .. } | EventBody::IterationLimitResolved { .. }
            ) && picture::place(&event.path) == place
        };
        let times = self.log.iter().filter(asked).count();
        people::answer(self.seed, &open.gate, times)
    }

    /// Somebody answers a run that has no worker, if an answer is what comes next; it goes back into the queue.
    pub(crate) fn answer_without_a_worker(&mut self) -> bool {
        let state = self.state();
        let Next::Ask(open, answer) = self.next(&state) else {
            return false;
        };
        let body = people::closing(&open, answer, self.now);
        let gate = open.gate.path.clone();
        self.write(vec![(gate, body), (StepPath::root(), self.queued_again())]);
        true
    }

    fn queued_again(&self) -> EventBody {
        EventBody::RunResumed {
            status: Status::Queued,
            actor: ada(),
            definition: None,
            from: None,
            agent: None,
        }
    }

    /// Somebody puts the run back into the queue.
    pub(crate) fn resume(&mut self) {
        self.write(vec![(StepPath::root(), self.queued_again())]);
    }

    /// Appends what nobody drafted and folds it.
    fn append(
        &mut self,
        state: &mut RunState,
        bodies: Vec<(StepPath, EventBody)>,
        harm: &mut dyn Harm,
    ) -> Result<(), Killed> {
        let from = self.log.len();
        self.write(bodies);
        for event in &self.log[from..] {
            state.fold(event).unwrap();
        }
        self.survives(harm)
    }

    /// Appends what the scheduler drafted and has folded.
    fn commit(
        &mut self,
        state: &RunState,
        entries: Vec<Entry>,
        decision: bool,
        harm: &mut dyn Harm,
    ) -> Result<(), Killed> {
        if entries.is_empty() {
            return Ok(());
        }
        let from = self.log.len();
        let bodies = entries.into_iter().map(|entry| (entry.path, entry.body));
        self.write(bodies.collect());
        assert_eq!(state.last_seq, self.log.len() as u64);
        if decision {
            self.commits.last_mut().unwrap().2 = true;
        }
        // The next worker folds what this one decided by.
        if from.is_multiple_of(5) {
            assert_eq!(&self.state(), state, "what is on disk is what is known");
        }
        self.survives(harm)
    }

    fn survives(&self, harm: &mut dyn Harm) -> Result<(), Killed> {
        if harm.kills(self.commits.len()) {
            return Err(Killed);
        }
        Ok(())
    }

    /// One transaction.
    fn write(&mut self, bodies: Vec<(StepPath, EventBody)>) {
        for (path, body) in bodies {
            let event = Event {
                run: RunId::from("r1"),
                seq: self.log.len() as u64 + 1,
                at: self.now,
                path,
                schema: SCHEMA,
                check: String::new(),
                body,
            };
            self.log.push(event);
        }
        self.commits.push((self.log.len(), self.now, false));
    }
}
