//! The texts of a node in which references and inputs are read. Every other text of it, a description or a hook's answer,
//! stays as it is written. Conditions and bodies are not among them: both have rules of their own.

use serde_json::Value;

use super::super::structure;
use super::ExpandError;

/// What a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// Text with references in it.
    Text,
    /// The prompt of an agent.
    Prompt,
    /// A value that is handed over; when it is nothing but a reference it keeps its type.
    Value,
    /// The same for a binding, in which a map would be read as a directive.
    Binding,
    /// The reference of a directive.
    From,
    /// What a directive falls back on.
    Default,
}

/// What happens to a text.
pub(super) type Change<'c> = dyn FnMut(Slot, &mut Value) -> Result<(), ExpandError> + 'c;

/// The texts that stand at one place in every node that has them.
const PLAIN: &[(&str, Slot)] = &[
    ("/systemPrompt", Slot::Text),
    ("/source/prompt", Slot::Prompt),
    ("/script", Slot::Text),
    ("/loop/prompt", Slot::Text),
    ("/loop/until_bash", Slot::Text),
    ("/loop_group/until_bash", Slot::Text),
    ("/message", Slot::Text),
    ("/reason", Slot::Text),
    ("/input", Slot::Text),
    ("/fan_out/items", Slot::Text),
];

/// Goes through the texts of a node, those of its body not among them.
pub(super) fn each(node: &mut Value, change: &mut Change<'_>) -> Result<(), ExpandError> {
    for (path, slot) in PLAIN {
        text(node.pointer_mut(path), *slot, change)?;
    }
    let agents = node.get_mut("agents").and_then(Value::as_object_mut);
    for (_, agent) in agents.into_iter().flatten() {
        text(agent.get_mut("prompt"), Slot::Text, change)?;
        text(agent.get_mut("description"), Slot::Text, change)?;
    }
    let decisions = node.get_mut("decisions").and_then(Value::as_array_mut);
    for decision in decisions.into_iter().flatten() {
        text(decision.pointer_mut("/rework/prompt"), Slot::Text, change)?;
    }
    handed_over(node.pointer_mut("/source/with"), Slot::Binding, change)?;
    let binds = structure::text(node, "kind") == "exec";
    let slot = if binds { Slot::Binding } else { Slot::Value };
    handed_over(node.get_mut("with"), slot, change)?;
    handed_over(node.get_mut("composed_inputs"), Slot::Value, change)
}

fn text(value: Option<&mut Value>, slot: Slot, change: &mut Change<'_>) -> Result<(), ExpandError> {
    match value {
        Some(value @ Value::String(_)) => change(slot, value),
        _ => Ok(()),
    }
}

/// Texts and directives; maps and lists are data.
fn handed_over(
    with: Option<&mut Value>,
    slot: Slot,
    change: &mut Change<'_>,
) -> Result<(), ExpandError> {
    let values = with.and_then(Value::as_object_mut);
    for (_, value) in values.into_iter().flatten() {
        if slot == Slot::Binding && value.get("from").is_some() {
            text(value.get_mut("from"), Slot::From, change)?;
            text(value.get_mut("if_skipped"), Slot::Default, change)?;
        } else {
            text(Some(value), slot, change)?;
        }
    }
    Ok(())
}
