//! Events being drafted: each is folded at once, so that the next decision sees
//! it, and all are appended in one transaction. When the append is refused the
//! state is read again from the log.

use crate::event::{Actor, Event, EventBody, Failure, SCHEMA, Status, Surface};
use crate::ids::{RunId, StepPath};
use crate::state::{ClosedGate, RunState};

/// An event that still has to be appended.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// UTC ms.
    pub at: u64,
    /// Where in the run.
    pub path: StepPath,
    /// Type and payload.
    pub body: EventBody,
}

/// A transaction in the making.
pub(crate) struct Draft<'a> {
    pub(crate) state: &'a mut RunState,
    pub(crate) now: u64,
    entries: Vec<Entry>,
    run: RunId,
}

/// How many events a transaction may hold before the draft is closed.
pub(crate) const FULL: usize = 192;

impl<'a> Draft<'a> {
    pub(crate) fn new(state: &'a mut RunState, now: u64) -> Self {
        let run = state.run.clone().unwrap_or_default();
        Self {
            state,
            now,
            entries: Vec::new(),
            run,
        }
    }

    /// Adds an event. A run that waits goes back to work by it.
    pub(crate) fn emit(&mut self, path: &StepPath, body: EventBody) {
        let ends = matches!(
            body,
            EventBody::RunFailed { .. }
                | EventBody::RunCancelled { .. }
                | EventBody::RunResumed { .. }
                | EventBody::RunParked {}
                | EventBody::GateWithdrawn { .. }
        );
        if self.state.status == Status::Waiting && !ends && !body.looking_only() {
            self.resume();
        }
        self.push(path, body);
    }

    /// Back to work, on behalf of whoever answered last.
    pub(crate) fn resume(&mut self) {
        let actor = self.last_answerer();
        self.push(
            &StepPath::root(),
            EventBody::RunResumed {
                status: Status::Running,
                actor,
                definition: None,
                from: None,
                agent: None,
            },
        );
    }

    pub(crate) fn last_answerer(&self) -> Actor {
        if let Some(actor) = &self.state.stop_requested {
            return actor.clone();
        }
        if let Some((actor, _)) = &self.state.abort_requested {
            return actor.clone();
        }
        self.state
            .closed_gates
            .values()
            .rev()
            .find_map(|closed| match closed {
                ClosedGate::Answered(by) => Some(Actor {
                    by: by.by.clone(),
                    surface: serde_json::from_value(serde_json::Value::from(by.surface.as_str()))
                        .unwrap_or(Surface::Policy),
                }),
                ClosedGate::Withdrawn(_) => None,
            })
            .unwrap_or_else(|| policy("worker"))
    }

    fn push(&mut self, path: &StepPath, body: EventBody) {
        let event = Event {
            run: self.run.clone(),
            seq: self.state.last_seq + 1,
            at: self.now,
            path: path.clone(),
            schema: SCHEMA,
            check: String::new(),
            body,
        };
        self.state
            .fold(&event)
            .expect("a draft numbers its events densely and adds nothing after the end");
        self.entries.push(Entry {
            at: event.at,
            path: event.path,
            body: event.body,
        });
    }

    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= FULL
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn finish(self) -> Vec<Entry> {
        self.entries
    }
}

/// A decision that no person made.
pub(crate) fn policy(name: &str) -> Actor {
    Actor {
        by: name.to_owned(),
        surface: Surface::Policy,
    }
}

/// A failure in upstream's terms.
pub(crate) fn failure(kind: &str, message: impl Into<String>, names: &[&str]) -> Failure {
    Failure {
        kind: kind.to_owned(),
        message: message.into(),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
    }
}
