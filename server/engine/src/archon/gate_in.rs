//! Whether a node runs at all (specs/archon.md 4.1, 4.3): the includes that it
//! lies in, the states of what it depends on, its condition.

use fermata_expr::archon::condition::{self, Decision};
use serde_json::{Map, Value};

use super::node::Node;
use super::place::Place;
use super::{outputs, runs};
use crate::definition::Definition;
use crate::draft::failure;
use crate::event::Failure;
use crate::ids::StepPath;
use crate::path::escape;
use crate::state::{NodeState, RunState};

/// Reason of a node whose dependencies do not allow it.
pub(crate) const TRIGGER_RULE: &str = "trigger_rule";
/// Reason of a node whose condition is false.
pub(crate) const WHEN: &str = "when_condition";
/// Reason of a node whose condition cannot be read.
pub(crate) const WHEN_UNREADABLE: &str = "when_condition_parse_error";

/// What becomes of a node before it starts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Entry {
    /// It starts.
    Start,
    /// It is skipped, for this reason; with a warning, where somebody should know.
    Skip(&'static str, Option<String>),
    /// It fails.
    Fail(Failure),
}

/// Decides about a node all of whose dependencies have come to an end.
pub(crate) fn decide(state: &RunState, definition: &Definition, place: &Place<'_>) -> Entry {
    if !triggered(state, place, place.node) {
        return Entry::Skip(TRIGGER_RULE, None);
    }
    for boundary in place.node.boundaries() {
        if !triggered(state, place, boundary) {
            return Entry::Skip(TRIGGER_RULE, None);
        }
        // The nodes that the include begins with carry its condition themselves and say what is wrong with it.
        if let Entry::Skip(reason, _) = condition_of(state, definition, place, boundary) {
            return Entry::Skip(reason, None);
        }
    }
    condition_of(state, definition, place, place.node)
}

/// Whether the states of what a node (or an include) depends on let it run.
fn triggered(state: &RunState, place: &Place<'_>, node: Node<'_>) -> bool {
    let state_of = |id: &str| -> Option<NodeState> {
        let path = place.scope.child(&escape(id));
        state.nodes.get(&path).map(|record| record.state)
    };
    runs(node.trigger(), node.depends_on().map(state_of))
}

fn condition_of(
    state: &RunState,
    definition: &Definition,
    place: &Place<'_>,
    node: Node<'_>,
) -> Entry {
    let Some(when) = node.when() else {
        return Entry::Start;
    };
    let outputs = outputs::named(state, definition, &place.scope, [when]);
    match condition::evaluate(when, &outputs, inputs(state)) {
        Ok(Decision::Run) => Entry::Start,
        Ok(Decision::Skip) => Entry::Skip(WHEN, None),
        Ok(Decision::Unreadable { piece }) => Entry::Skip(
            WHEN_UNREADABLE,
            Some(format!(
                "`{}` is skipped: its condition cannot be read at `{}`; write `$node.output == 'text'`, joined by `&&` and `||`",
                node.id(),
                &when[piece]
            )),
        ),
        Err(error) => {
            let kind = match error {
                condition::ConditionError::Reference(_) => "output-ref",
                condition::ConditionError::UnknownInput { .. } => "input",
            };
            Entry::Fail(failure(kind, error.to_string(), &[error.class()]))
        }
    }
}

fn inputs(state: &RunState) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    state
        .frames
        .get(&StepPath::root())
        .map_or(&*NONE, |frame| &frame.inputs)
}
