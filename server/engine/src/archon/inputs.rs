//! The inputs that a run has: what was given, with the declared defaults
//! (specs/archon.md 1.1). A workflow that declares none takes everything.

use fermata_expr::archon::inputs::{Declared, resolve as resolved};
use indexmap::IndexMap;

use crate::draft::failure;
use crate::event::{Cause, EventBody};
use crate::ids::StepPath;
use crate::turn::Turn;

/// Records them, or fails the run.
pub(crate) fn resolve(turn: &mut Turn<'_>) {
    let workflow = &turn.definition.root().workflow;
    let declared: IndexMap<String, Declared> = workflow
        .inputs
        .iter()
        .map(|(name, input)| {
            let declared = Declared {
                required: input.required,
                default: input.default.as_ref().map(|placed| placed.value.clone()),
            };
            (name.clone(), declared)
        })
        .collect();
    let declares = workflow
        .archon
        .as_ref()
        .is_some_and(|settings| settings.raw.get("inputs").is_some());
    let given = &turn.draft.state.request.inputs;
    match resolved(declares.then_some(&declared), given) {
        Ok(inputs) => turn
            .draft
            .emit(&StepPath::root(), EventBody::InputsResolved { inputs }),
        Err(error) => {
            let error = failure("input", error.to_string(), &[]);
            turn.run_failed(Cause::StartFailed, error, None, None);
        }
    }
}
