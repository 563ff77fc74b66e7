//! How a run ends that has no worker: what was asked of it, else it counts as
//! interrupted; which attempts have no result and which gates went with them.
//! Says what to log, for whoever holds the lock.

use serde_json::Map;

use crate::event::{Actor, Cause, EventBody, Failure, Status};
use crate::fold::CUT_OFF;
use crate::gate::GateKind;
use crate::ids::StepPath;
use crate::state::RunState;

/// How a run ends without its worker.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// Resumable, because somebody asked.
    Stop(Actor),
    /// For good.
    Cancel(Actor, String),
    /// Resumable, because its worker is gone.
    Interrupt,
    /// Resumable, because no worker came.
    NeverStarted(String),
}

impl RunState {
    /// What becomes of a run whose worker is gone; nothing when it needs none.
    #[must_use]
    pub fn end_without_worker(&self) -> Option<End> {
        let works = match self.status {
            Status::Running => true,
            Status::Waiting => !self.parked,
            Status::Queued | Status::Completed | Status::Failed | Status::Cancelled => false,
        };
        if !works {
            return None;
        }
        if let Some((actor, reason)) = &self.abort_requested {
            return Some(End::Cancel(actor.clone(), reason.clone()));
        }
        if let Some(actor) = &self.stop_requested {
            return Some(End::Stop(actor.clone()));
        }
        Some(End::Interrupt)
    }

    /// The events that end the run, for one transaction: its gates withdrawn and its attempts cut off (an interruption
    /// leaves what needs no process), then the terminal event.
    #[must_use]
    pub fn ending(&self, end: &End) -> Vec<(StepPath, EventBody)> {
        let (reason, body) = match end {
            End::Stop(actor) => (
                format!("the run was stopped by {}", actor.by),
                failed(
                    Cause::Stopped,
                    "Stopped",
                    format!("stopped by {}; `fermata resume` goes on from here", actor.by),
                    Some(actor.clone()),
                ),
            ),
            End::Cancel(actor, reason) => (
                format!("the run was cancelled by {}", actor.by),
                EventBody::RunCancelled {
                    actor: actor.clone(),
                    reason: reason.clone(),
                },
            ),
            End::Interrupt => (
                "its worker is gone; the next attempt begins anew".to_owned(),
                failed(
                    Cause::Interrupted,
                    "Interrupted",
                    "its worker is gone without a word; `fermata resume` goes on from the last finished step".to_owned(),
                    None,
                ),
            ),
            End::NeverStarted(why) => (
                "no worker came".to_owned(),
                failed(Cause::StartFailed, "StartFailed", why.clone(), None),
            ),
        };
        let all = matches!(end, End::Stop(_) | End::Cancel(..));
        let mut events = self.cut_off(all, &reason);
        events.push((StepPath::root(), body));
        events
    }

    /// The events that close what is open: gates first, then attempts, innermost first.
    ///
    /// With `all` everything is closed, as when somebody ends the run. Otherwise only what lives in a process of this run:
    /// turns of agents, scripts, and the gates inside them; gates of people, timers and child runs hold until it goes on.
    #[must_use]
    fn cut_off(&self, all: bool, reason: &str) -> Vec<(StepPath, EventBody)> {
        let gates = self.open_gates.iter().filter(|open| {
            let in_turn =
                open.gate.kind == GateKind::Permission || open.gate.extra.contains_key("dialog");
            all || (in_turn && open.gate.stands_for().is_none())
        });
        let mut events: Vec<(StepPath, EventBody)> = gates
            .map(|open| {
                let body = EventBody::GateWithdrawn {
                    gate: open.gate.gate.clone(),
                    reason: reason.to_owned(),
                };
                (open.gate.path.clone(), body)
            })
            .collect();
        let mut attempts: Vec<_> = self
            .open
            .iter()
            .filter(|(_, open)| all || (open.has_process() && !open.is_child()))
            .collect();
        attempts.sort_by_key(|(path, _)| std::cmp::Reverse(path.0.len()));
        events.extend(attempts.into_iter().map(|(path, open)| {
            let body = EventBody::StepFailed {
                step: open.step.clone(),
                attempt: open.attempt,
                error: Failure {
                    kind: CUT_OFF.to_owned(),
                    message: format!("ended before it had a result: {reason}"),
                    names: Vec::new(),
                },
                elapsed: 0,
                detail: Map::new(),
            };
            (path.clone(), body)
        }));
        events
    }
}

fn failed(cause: Cause, kind: &str, message: String, actor: Option<Actor>) -> EventBody {
    EventBody::RunFailed {
        cause,
        error: Failure {
            kind: kind.to_owned(),
            message,
            names: Vec::new(),
        },
        step: None,
        output: None,
        actor,
    }
}
