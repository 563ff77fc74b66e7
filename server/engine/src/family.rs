//! Runs that steps of other runs have started. Each gate of such a child stands
//! in its parent's log as well, from when it opens until it is closed, so that
//! whoever sees only the parent is asked, once, and can answer; and where all of
//! a child holds, its step holds. Says what to log; looks at no store.

use serde_json::Value;

use crate::draft::Entry;
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
    /// Whether it has not ended. A run that has may leave gates open, which nobody is asked for then.
    pub lives: bool,
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
    /// Whether a gate of the parent stands for one that this child has left.
    #[must_use]
    pub fn has_left(&self, gate: &Gate) -> bool {
        gate.stands_for().is_some_and(|(child, own)| {
            child == *self.run && !(self.lives && self.gates.iter().any(|g| g.gate == own))
        })
    }

    /// The gates of the parent that stand for what this child has left.
    pub fn left<'a>(&'a self, parent: &'a RunState) -> impl Iterator<Item = &'a OpenGate> {
        let open = parent.open_gates.iter();
        open.filter(|open| self.has_left(&open.gate))
    }

    /// The gates of this child that none of the parent stands for.
    fn untold<'a>(&'a self, parent: &'a RunState) -> impl Iterator<Item = &'a Gate> {
        let own = self.gates.iter().filter(|_| self.lives);
        own.filter(|own| {
            !parent.open_gates.iter().any(|open| {
                let stands_for = open.gate.stands_for();
                stands_for.is_some_and(|(child, gate)| child == *self.run && gate == own.gate)
            })
        })
    }

    /// The same question as that of its own gate, asked by the step at a path of the parent.
    fn stand_in(&self, own: &Gate, id: GateId, path: &StepPath, step: &str) -> Gate {
        let mut gate = own.clone();
        gate.gate = id;
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

/// What the log of a parent lacks about the child that carries out its attempt at this path, `below` being the child's
/// state: that it was started, gates that it has opened or left, and that all of it waits.
#[must_use]
pub fn missing(
    parent: &RunState,
    path: &StepPath,
    child: &RunId,
    below: &RunState,
    now: u64,
) -> Vec<Entry> {
    let Some(open) = parent.open.get(path) else {
        return Vec::new();
    };
    let (step, attempt) = (open.step.clone(), open.attempt);
    let gates: Vec<Gate> = below.open_gates.iter().map(|o| o.gate.clone()).collect();
    let kin = Kin {
        run: child,
        lives: below.status.is_live(),
        gates: &gates,
    };
    let mut bodies = Vec::new();
    if open.child.as_ref() != Some(child) {
        bodies.push((
            path.clone(),
            EventBody::ChildStarted {
                step: step.clone(),
                attempt,
                child: child.clone(),
            },
        ));
    }
    let left = kin.left(parent);
    bodies.extend(left.map(|open| (open.gate.path.clone(), closing(open, below, now))));
    let waits = open.child_waits && kin.left(parent).next().is_none();
    let ids = (parent.gates_opened + 1..).map(|number| GateId(format!("g{number}")));
    bodies.extend(kin.untold(parent).zip(ids).map(|(own, id)| {
        let gate = kin.stand_in(own, id, path, &step);
        (path.clone(), EventBody::GateOpened { gate })
    }));
    if below.held && !waits {
        let child = child.clone();
        let body = EventBody::ChildWaiting {
            step,
            attempt,
            child,
        };
        bodies.push((path.clone(), body));
    }
    let entry = |(path, body)| Entry {
        at: now,
        path,
        body,
    };
    bodies.into_iter().map(entry).collect()
}

/// What closes a gate that stands for one of the child's: the same answer, or that the child has left it.
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

/// The request for the run that comes after one that was cancelled: `nth` from 2. Names have no `#`, it is escaped.
#[must_use]
pub fn again(request: &str, nth: u32) -> String {
    format!("{request}#{nth}")
}

/// The step of a run that a child's request came from.
#[must_use]
pub fn step_of_request(parent: &RunId, request: &str) -> Option<StepPath> {
    let path = request.strip_prefix(parent.as_str())?.strip_prefix(':')?;
    let nth = path
        .rsplit_once('#')
        .filter(|(_, nth)| nth.bytes().all(|b| b.is_ascii_digit()));
    let path = nth.map_or(path, |(path, _)| path);
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
                let next = again(&request, 2);
                assert_eq!(step_of_request(&run, &next), Some(path.clone()));
            }
        }
        assert_eq!(step_of_request(&run, "01abd:sub"), None);
        assert_eq!(step_of_request(&run, "anything"), None);
    }
}
