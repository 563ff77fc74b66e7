//! Whether a node runs at all (specs/archon.md 4.1, 4.3): the includes that it
//! lies in, the states of what it depends on, its condition.

use fermata_expr::archon::condition::{self, Decision};
use serde_json::{Map, Value};

use super::node::Node;
use super::place::Place;
use super::{TriggerRule, outputs, runs};
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
    let shut = |boundary| !is_open(state, definition, place, boundary);
    if place.node.boundaries().any(shut)
        || !triggered(state, place, place.node, place.node.trigger())
    {
        return Entry::Skip(TRIGGER_RULE, None);
    }
    condition_of(state, definition, place, place.node)
}

/// Whether an include lets the nodes in it run at all. Those that it begins with carry its dependencies, its rule and
/// its condition themselves, and say what is wrong with them.
fn is_open(
    state: &RunState,
    definition: &Definition,
    place: &Place<'_>,
    boundary: Node<'_>,
) -> bool {
    if boundary.is_entry() {
        return true;
    }
    // It is as open as the most lenient of the nodes that it begins with.
    boundary
        .entry_rules()
        .any(|rule| triggered(state, place, boundary, rule))
        && condition_of(state, definition, place, boundary) == Entry::Start
}

/// Whether the states of what a node (or an include) depends on let it run by a rule.
fn triggered(state: &RunState, place: &Place<'_>, node: Node<'_>, rule: TriggerRule) -> bool {
    let state_of = |id: &str| -> Option<NodeState> {
        let path = place.scope.child(&escape(id));
        state.nodes.get(&path).map(|record| record.state)
    };
    runs(rule, node.depends_on().map(state_of))
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
