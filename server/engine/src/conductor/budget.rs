//! The budget of a workflow (specs/conductor.md 4.18): told when it is exceeded
//! and again with every further full budget; in enforce mode the workflow fails.

use crate::draft::failure;
use crate::event::EventBody;
use crate::ids::StepPath;

use super::Turn;

impl Turn<'_> {
    /// After a result: is the workflow over its budget?
    pub(super) fn check_budget(&mut self, path: &StepPath) {
        let frame_path = self.draft.state.frame_of(path);
        let Some(source) = self.source(&frame_path) else {
            return;
        };
        let Some(budget) = source.workflow.limits.budget_usd.map(|placed| placed.value) else {
            return;
        };
        let enforced = source.workflow.limits.budget_enforced;
        let frame = self.frame_state(&frame_path);
        let spent = frame.spent_usd;
        let told = frame.budget_told_usd;
        let due = match told {
            None => spent > budget,
            Some(told) => spent >= told + budget,
        };
        if due {
            self.draft.emit(
                &frame_path,
                EventBody::BudgetExceeded {
                    budget_usd: budget,
                    spent_usd: spent,
                    enforced,
                },
            );
        }
        if enforced && spent > budget {
            let error = failure(
                "BudgetExceededError",
                format!(
                    "spent {spent:.4} of {budget} US dollars; raise `limits.budget_usd` or set `budget_mode: audit`"
                ),
                &[],
            );
            self.fail(&frame_path, error, None);
        }
    }
}
