//! What the scheduler does with results: of attempts with an effect, and of
//! gates that were answered.

use fermata_workflow::StepKind;
use serde_json::{Map, Value};

use crate::draft::{failure, policy};
use crate::event::EventBody;
use crate::fold::CUT_OFF;
use crate::ids::StepPath;
use crate::outcome::Outcome;

use super::{Turn, steps};

impl Turn<'_> {
    /// Records what came of an attempt with an effect.
    pub(super) fn conclude(&mut self, path: &StepPath, outcome: Outcome) {
        let Some((step, attempt)) = self
            .draft
            .state
            .open
            .get(path)
            .map(|open| (open.step.clone(), open.attempt))
        else {
            return;
        };
        self.withdraw_gates(path, "the attempt that asked is over");
        match outcome {
            Outcome::Failed {
                error,
                detail,
                elapsed,
            } => self.failed(path, &step, attempt, error, elapsed, detail),
            Outcome::Cancelled { elapsed } => {
                let error = failure(CUT_OFF, "ended before it had a result", &[]);
                self.failed(path, &step, attempt, error, elapsed, Map::new());
            }
            Outcome::Agent {
                output,
                detail,
                elapsed,
            } => {
                self.step_completed(path, &step, attempt, output, elapsed, 1, detail);
            }
            Outcome::Process {
                stdout,
                stderr,
                exit_code,
                elapsed,
            } => {
                let Some(place) = self.place(path, &step) else {
                    return;
                };
                match steps::script::result(place.step, &stdout, &stderr, exit_code) {
                    Ok(output) => {
                        let mut detail = Map::new();
                        detail.insert("exit_code".to_owned(), Value::from(exit_code));
                        self.step_completed(path, &step, attempt, output, elapsed, 1, detail);
                    }
                    Err(error) => self.failed(path, &step, attempt, error, elapsed, Map::new()),
                }
            }
        }
    }

    /// An open human gate or questionnaire: asks if it does not, takes its answer if there is one.
    pub(super) fn look_at_gate(&mut self, path: &StepPath) {
        let Some(open) = self.draft.state.open.get(path) else {
            return;
        };
        let (step, attempt, started) = (open.step.clone(), open.attempt, open.started);
        let gate = open.gate.clone();
        let Some(place) = self.place(path, &step) else {
            return;
        };
        let Some(gate) = gate else {
            // Its gate was withdrawn while the run was down: it asks again.
            self.start(&place, path, attempt + 1);
            return;
        };
        if let Some(answer) = self.draft.state.answers.get(&gate).cloned() {
            let elapsed = self.draft.now.saturating_sub(started);
            let rendered = self
                .draft
                .state
                .open
                .get(path)
                .map(|open| open.rendered.clone())
                .unwrap_or_default();
            let output = match &place.step.kind {
                StepKind::HumanGate(gate) => {
                    let by_policy = self.answered_by_policy(&gate_of(self, path));
                    steps::human_gate::output(gate, &answer, by_policy)
                }
                StepKind::Questions(_) => steps::questions::output(&rendered, &answer),
                _ => return,
            };
            self.step_completed(path, &step, attempt, output, elapsed, 1, Map::new());
            return;
        }
        let decided = self
            .draft
            .state
            .open_gates
            .iter()
            .find(|open| open.gate.gate == gate)
            .and_then(|open| Some((self.policy.answer(&open.gate)?, open.opened)));
        if let Some((answer, opened)) = decided {
            self.draft.emit(
                path,
                EventBody::GateAnswered {
                    gate,
                    answer,
                    actor: policy(&self.policy.name()),
                    waited: self.draft.now.saturating_sub(opened),
                },
            );
        }
    }

    fn answered_by_policy(&self, gate: &Option<crate::ids::GateId>) -> bool {
        use crate::state::ClosedGate;
        gate.as_ref()
            .and_then(|gate| self.draft.state.closed_gates.get(gate))
            .is_some_and(
                |closed| matches!(closed, ClosedGate::Answered(by) if by.surface == "policy"),
            )
    }
}

fn gate_of(turn: &Turn<'_>, path: &StepPath) -> Option<crate::ids::GateId> {
    turn.draft.state.open.get(path)?.gate.clone()
}
