//! `show`: one run whole.

use fermata_engine::RunId;
use fermata_engine::family::step_of_request;
use fermata_store::RunFilter;
use serde_json::{Value, json};

use super::VERSION;
use crate::control::Control;
use crate::error::ControlError;
use crate::views::RunSummary;

impl Control {
    /// The shape of `show`: the run as in lists, and its worker, steps, worktree and definition.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], [`ControlError::Store`].
    pub fn show(&self, run: &RunId) -> Result<Value, ControlError> {
        let row = self.store().run(run)?;
        let alive = self.store().is_locked(run)?;
        let worker = row
            .worker
            .as_ref()
            .filter(|_| alive)
            .map(|worker| json!({"pid": worker.pid, "fence": row.fence}));
        let definition: Vec<Value> = row
            .definition
            .iter()
            .map(|file| json!({"path": file.path, "hash": file.blob, "unsaved": file.unsaved}))
            .collect();
        let place = json!({
            "worktree": row.place.worktree,
            "branch": row.place.branch,
            "cwd": row.cwd,
            "policy": row.policy,
            "agent": row.agent,
            "damaged": row.damaged,
        });
        let worktree = row.place.worktree.clone();
        let error = row.error.clone();
        let cover = self.cover(run)?;
        // A damaged log cannot be folded; the row can still be shown.
        let state = if row.damaged {
            None
        } else {
            Some(self.state(run)?)
        };
        let steps: Vec<Value> = state.as_ref().map_or_else(Vec::new, |state| {
            state
                .steps
                .values()
                .map(|record| {
                    json!({
                        "path": record.path,
                        "step": record.step,
                        "kind": record.kind,
                        "attempt": record.attempt,
                        "status": record.status,
                        "started": record.started,
                        "ended": record.ended,
                        "error": cover.value(json!(record.error)),
                    })
                })
                .collect()
        });
        let output = state
            .as_ref()
            .and_then(|state| state.output.as_ref())
            .map(|payload| fermata_store::fetch(self.store().as_ref(), payload))
            .transpose();
        let children = self.family(run)?;
        let mut shown = json!(RunSummary::from(row));
        let more = json!({
            "version": VERSION,
            "worker": worker,
            "steps": steps,
            "children": children,
            "worktree": worktree,
            "definition": definition,
            "place": place,
            "error": cover.value(json!(error)),
            // A blob that is gone must not hide the rest of the run.
            "output": cover.value(json!(output.unwrap_or_default())),
        });
        if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
            shown.extend(more);
        }
        Ok(shown)
    }

    /// The runs that steps of a run have started, in that order.
    fn family(&self, run: &RunId) -> Result<Vec<Value>, ControlError> {
        let children = self.store().runs(&RunFilter {
            parent: Some(run.clone()),
            ..RunFilter::default()
        })?;
        let shown = children.iter().rev().map(|child| {
            json!({
                "run": child.run,
                "workflow": child.workflow,
                "status": child.status,
                "cause": child.cause,
                "path": step_of_request(run, &child.request),
            })
        });
        Ok(shown.collect())
    }
}
