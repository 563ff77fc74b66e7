//! What a run leaves open when it ends without its worker: which attempts have
//! no result and which gates went with them. Says what to log; decides nothing
//! about the run's end.

use serde_json::Map;

use crate::event::{EventBody, Failure};
use crate::fold::CUT_OFF;
use crate::gate::GateKind;
use crate::ids::StepPath;
use crate::state::RunState;

impl RunState {
    /// The events that close what is open: gates first, then attempts, innermost first.
    ///
    /// With `all` everything is closed, as when somebody ends the run. Otherwise only what lives in a process of this run:
    /// turns of agents, scripts, and the gates inside them; gates of people, timers and child runs hold until it goes on.
    #[must_use]
    pub fn cut_off(&self, all: bool, reason: &str) -> Vec<(StepPath, EventBody)> {
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
