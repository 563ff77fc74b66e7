//! Outputs that were stored and cannot be read any more.

use fermata_engine::StepPath;
use fermata_engine::event::EventBody;
use fermata_engine::ids::Seq;

use super::Round;
use crate::worker::WorkerError;

impl Round {
    /// Steps whose outputs cannot be read any more are due again, with a warning that says so.
    pub(super) fn redo_lost(&mut self) -> Result<(), WorkerError> {
        for path in self.ledger.take_lost_nodes() {
            let Some(seq) = self.ledger.state.nodes.get(&path).map(|node| node.seq) else {
                continue;
            };
            let step = path.0.rsplit('/').next().unwrap_or_default().to_owned();
            self.redo(&path, step, seq, "depends on it")?;
        }
        for (frame, step) in self.ledger.take_lost() {
            let frames = &self.ledger.state.frames;
            let result = frames
                .get(&frame)
                .and_then(|f| f.journal.iter().rev().find(|r| r.name == step));
            if let Some(seq) = result.map(|result| result.seq) {
                self.redo(&frame, step, seq, "came after it")?;
            }
        }
        Ok(())
    }

    fn redo(
        &mut self,
        path: &StepPath,
        step: String,
        result: Seq,
        rest: &str,
    ) -> Result<(), WorkerError> {
        let now = self.around.clock.now();
        let message = format!(
            "the stored output of `{step}` is missing or damaged: it and what {rest} run again"
        );
        let warning = EventBody::Warning {
            code: None,
            message,
            step: Some(step.clone()),
        };
        self.ledger.write(now, path, &warning)?;
        let again = EventBody::StepsInvalidated {
            from: step,
            after: result - 1,
        };
        Ok(self.ledger.write(now, path, &again)?)
    }
}
