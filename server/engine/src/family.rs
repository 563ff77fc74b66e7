//! Runs that steps of other runs have started. While such a child holds, its
//! parent holds with it: each gate of the child stands in the parent's log as
//! well, so that whoever sees only the parent is asked, once, and can answer.
//! Says what to log; looks at no store.

use serde_json::Value;

use crate::event::{Actor, EventBody, Surface};
use crate::gate::{Answered, Gate};
use crate::ids::{GateId, RunId, StepPath};
use crate::state::{ClosedGate, OpenGate, RunState};

/// What `type` says in the extras of a gate that stands for a child's.
pub const CHILD_WORKFLOW: &str = "child_workflow";

/// A child as far as its parent's gates are concerned.
#[derive(Debug, Clone, Copy)]
pub struct Kin<'a> {
    /// The child.
    pub run: &'a RunId,
    /// Whether it waits for people.
    pub holds: bool,
    /// Its open gates.
    pub gates: &'a [Gate],
}

impl Gate {
    /// The child and its gate that this one stands for.
    #[must_use]
    pub fn stands_for(&self) -> Option<(RunId, GateId)> {
        let text = |key: &str| self.extra.get(key).and_then(Value::as_str);
        if text("type")? != CHILD_WORKFLOW {
            return None;
        }
        Some((
            RunId::from(text("child")?),
            GateId::from(text("child_gate")?),
        ))
    }
}

impl Kin<'_> {
    /// Whether a gate of the parent stands for one of this child that holds no longer.
    #[must_use]
    pub fn has_left(&self, gate: &Gate) -> bool {
        gate.stands_for().is_some_and(|(child, own)| {
            child == *self.run && !(self.holds && self.gates.iter().any(|g| g.gate == own))
        })
    }

    /// The gates of the parent that stand for what this child holds at no longer.
    pub fn left<'a>(&'a self, parent: &'a RunState) -> impl Iterator<Item = &'a OpenGate> {
        let open = parent.open_gates.iter();
        open.filter(|open| self.has_left(&open.gate))
    }

    /// The next gate that the parent has to open for the step at this path.
    #[must_use]
    pub fn due(&self, parent: &RunState, path: &StepPath) -> Option<Gate> {
        let stands = |own: &GateId| {
            parent.open_gates.iter().any(|open| {
                let stands_for = open.gate.stands_for();
                stands_for.is_some_and(|(child, gate)| child == *self.run && gate == *own)
            })
        };
        let own = self.gates.iter().find(|gate| !stands(&gate.gate))?;
        let step = &parent.open.get(path)?.step;
        self.holds.then(|| self.stand_in(own, parent, path, step))
    }

    /// The same question, asked by the step.
    fn stand_in(&self, own: &Gate, parent: &RunState, path: &StepPath, step: &str) -> Gate {
        let mut gate = own.clone();
        gate.gate = GateId(format!("g{}", parent.gates_opened + 1));
        step.clone_into(&mut gate.step);
        gate.path = path.clone();
        for (key, value) in [
            ("type", CHILD_WORKFLOW),
            ("child", self.run.as_str()),
            ("child_gate", own.gate.as_str()),
            ("child_step", own.step.as_str()),
        ] {
            gate.extra.insert(key.to_owned(), Value::from(value));
        }
        gate
    }
}

/// What closes a gate that stands for one of the child's: the same answer, or that the child holds there no longer.
#[must_use]
pub fn closing(open: &OpenGate, child: &RunState, now: u64) -> EventBody {
    let gate = open.gate.gate.clone();
    let (run, own) = open.gate.stands_for().unwrap_or_default();
    let short = run.short();
    let reason = match child.closed_gates.get(&own) {
        Some(ClosedGate::Answered(by)) => match answered(by) {
            Some((answer, actor)) => {
                return EventBody::GateAnswered {
                    gate,
                    answer,
                    actor,
                    waited: now.saturating_sub(open.opened),
                };
            }
            None => format!("gate {own} of run {short} was answered by {}", by.by),
        },
        Some(ClosedGate::Withdrawn(reason)) => {
            format!("gate {own} of run {short} was withdrawn: {reason}")
        }
        None => format!("run {short} is {}", child.status.as_str()),
    };
    EventBody::GateWithdrawn { gate, reason }
}

fn answered(by: &Answered) -> Option<(crate::gate::Answer, Actor)> {
    let surface: Surface = serde_json::from_value(Value::from(by.surface.as_str())).ok()?;
    let actor = Actor {
        by: by.by.clone(),
        surface,
    };
    Some((serde_json::from_value(by.answer.clone()).ok()?, actor))
}

/// The request that is the same for every attempt of a step: a child that is there already is gone on with, never
/// doubled. `mark` tells what is done at this path now from what was done there before.
#[must_use]
pub(crate) fn request(run: &RunId, path: &StepPath, mark: Option<u64>) -> String {
    match mark {
        None => format!("{run}:{path}"),
        Some(mark) => format!("{run}:{path}:{mark:016x}"),
    }
}

/// The step of a run that a child's request came from.
#[must_use]
pub fn step_of_request(parent: &RunId, request: &str) -> Option<StepPath> {
    let path = request.strip_prefix(parent.as_str())?.strip_prefix(':')?;
    let marked = path.rsplit_once(':').filter(|(path, mark)| {
        path.ends_with(']') && mark.len() == 16 && mark.bytes().all(|b| b.is_ascii_hexdigit())
    });
    Some(StepPath::from(marked.map_or(path, |(path, _)| path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_the_step_that_it_came_from() {
        let run = RunId::from("01abc");
        for path in ["sub", "inc__sub", "each[3]", "a%2Fb"] {
            let path = StepPath::from(path);
            for mark in [None, Some(7)] {
                if mark.is_some() && !path.as_str().ends_with(']') {
                    continue;
                }
                let request = request(&run, &path, mark);
                assert_eq!(step_of_request(&run, &request), Some(path.clone()));
            }
        }
        assert_eq!(step_of_request(&run, "01abd:sub"), None);
        assert_eq!(step_of_request(&run, "anything"), None);
    }
}
