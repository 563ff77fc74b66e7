//! Where an attempt stands in the definition: its workflow, its step, and the
//! item it is for. Found from the state alone, so that it works after a restart.

use fermata_workflow::{Step, StepKind};
use serde_json::{Map, Value};

use crate::definition::{Definition, Source};
use crate::event::Payload;
use crate::ids::StepPath;
use crate::state::{Group, RunState, Slot};

use super::Turn;

/// A step to carry out, in its surroundings.
pub(crate) struct Place<'a> {
    /// The workflow's path in the run.
    pub(crate) frame: StepPath,
    /// The workflow.
    pub(crate) source: &'a Source,
    /// The step; for an item, the inline step.
    pub(crate) step: &'a Step,
    /// The item, if it is one of a for_each.
    pub(crate) item: Option<Item>,
}

/// An item of a for_each.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    /// Name of the group.
    pub(crate) group: String,
    /// Its key as text.
    pub(crate) key: String,
    /// Position, from 0.
    pub(crate) index: u64,
    /// `<as>`, `_index` and, with key_by, `_key`.
    pub(crate) locals: Map<String, Value>,
}

impl<'a> Turn<'a> {
    /// The place of an attempt, by its path and step name.
    pub(crate) fn place(&self, path: &StepPath, step: &str) -> Option<Place<'a>> {
        find(self.draft.state, self.definition, path, step)
    }
}

/// The workflow of a frame.
pub(crate) fn source_of<'a>(
    state: &RunState,
    definition: &'a Definition,
    frame: &StepPath,
) -> Option<&'a Source> {
    if frame.is_root() {
        return Some(definition.root());
    }
    definition.file(&state.frames.get(frame)?.file)
}

/// The place of an attempt, by its path and step name.
pub(crate) fn find<'a>(
    state: &RunState,
    definition: &'a Definition,
    path: &StepPath,
    step: &str,
) -> Option<Place<'a>> {
    let parent = path.parent();
    let frame_path = state.frame_of(path);
    let source = source_of(state, definition, &frame_path)?;
    if let Some(group) = state.groups.get(&parent) {
        let slot = group.slots.get(path)?;
        let member = member_of(source, group, slot)?;
        return Some(Place {
            frame: frame_path,
            source,
            step: member.0,
            item: member.1,
        });
    }
    let kind = state.steps.get(path).map(|record| record.kind.as_str());
    let named = || {
        source
            .workflow
            .steps
            .iter()
            .filter(|s| s.name.as_str() == step)
    };
    let found = named()
        .find(|s| Some(s.kind.word()) == kind)
        .or_else(|| named().next())?;
    Some(Place {
        frame: frame_path,
        source,
        step: found,
        item: None,
    })
}

/// The step that a slot of a group runs.
fn member_of<'a>(
    source: &'a Source,
    group: &Group,
    slot: &Slot,
) -> Option<(&'a Step, Option<Item>)> {
    if group.kind == "parallel" {
        let step = source
            .workflow
            .steps
            .iter()
            .filter(|s| s.name.as_str() == slot.key)
            .find(|s| !is_group(s))?;
        return Some((step, None));
    }
    let each = source.workflow.steps.iter().find_map(|s| match &s.kind {
        StepKind::ForEach(each) if s.name.as_str() == group.name => Some(each),
        _ => None,
    })?;
    let items = match group.items.as_ref()? {
        Payload::Inline(Value::Array(items)) => items,
        Payload::Inline(_) | Payload::Blob { .. } => return None,
    };
    let item = items.get(usize::try_from(slot.index).ok()?)?;
    let mut locals = Map::new();
    locals.insert(each.variable.value.clone(), item.clone());
    locals.insert("_index".to_owned(), Value::from(slot.index));
    if each.key_by.is_some() {
        locals.insert("_key".to_owned(), Value::from(slot.key.as_str()));
    }
    Some((
        &each.agent,
        Some(Item {
            group: group.name.clone(),
            key: slot.key.clone(),
            index: slot.index,
            locals,
        }),
    ))
}

/// Whether a step is a group.
pub(crate) fn is_group(step: &Step) -> bool {
    matches!(step.kind, StepKind::Parallel(_) | StepKind::ForEach(_))
}
