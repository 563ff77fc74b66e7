//! How the definition that a run was started with differs from what its files
//! say now: by what they mean, not by how they are written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fermata_engine::{RunState, StepStatus};
use fermata_store::{OsWorld, PinnedWorld, RunRow, Store};
use fermata_workflow::{Dialect, Step, Verdict, Workflow, World};

use crate::definition::Definition;
use crate::error::ControlError;

/// How the definition of a run differs from what its files say now.
pub(crate) struct Drift {
    /// Steps that are not what they were, added and removed ones included; those of other files with the file's name.
    pub(crate) steps: Vec<String>,
    /// Whether it means what it meant: comments, layout and limits do not count.
    pub(crate) same: bool,
    /// Whether the run can go on with the edited files.
    pub(crate) edited: bool,
    /// The edited definition.
    pub(crate) now: Definition,
}

pub(crate) fn drift(
    store: &dyn Store,
    world: &OsWorld,
    row: &RunRow,
    state: &RunState,
) -> Result<Drift, ControlError> {
    let file = PathBuf::from(&row.file);
    let pinned = PinnedWorld::load(store, &row.definition)?;
    let now = Definition::load(world, &file);
    let accepted = now.loaded.workflow.is_some()
        && fermata_workflow::verdict(&now.loaded.diagnostics) == Verdict::Accepted;
    if now.loaded.dialect == Some(Dialect::Archon) {
        return Ok(graphs(&pinned, world, &file, state, (now, accepted)));
    }
    let mut files: BTreeSet<PathBuf> = now.drawn.files.keys().cloned().collect();
    files.extend(row.definition.iter().map(|file| PathBuf::from(&file.path)));
    let used = used(state);
    let mut drift = Drift {
        steps: Vec::new(),
        same: accepted,
        edited: accepted,
        now,
    };
    for path in files {
        let (old, new) = (workflow(&pinned, &path), workflow(world, &path));
        let (Some(old), Some(new)) = (old, new) else {
            // A text that some workflow draws in, or a workflow that came or went.
            drift.same &= pinned.read(&path).ok() == world.read(&path).ok();
            continue;
        };
        drift.same &= around(&old) == around(&new);
        for step in changed_steps(&old, &new) {
            drift.same = false;
            drift.edited &= !used.contains(step.as_str());
            drift.steps.push(if path == file {
                step
            } else {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                format!("{name}: {step}")
            });
        }
    }
    Ok(drift)
}

/// Archon: the graph with its includes, commands and scripts, then the graphs of the workflows that its nodes start.
/// Other workflows of the project are read to know their names, and what they say does not count.
fn graphs(
    pinned: &PinnedWorld,
    world: &OsWorld,
    file: &Path,
    state: &RunState,
    (now, accepted): (Definition, bool),
) -> Drift {
    let load = |world: &dyn World, file: &Path| fermata_engine::Definition::load(world, file).ok();
    let (old, new) = (load(pinned, file), load(world, file));
    let (Some(old), Some(new)) = (old, new) else {
        return Drift {
            steps: Vec::new(),
            same: false,
            edited: false,
            now,
        };
    };
    let changed = changed_nodes(&old, &new);
    // What was skipped is looked at again by a resume (specs/archon.md 4.1).
    let finished = |record: &&fermata_engine::StepRecord| {
        record.path.parent().is_root() && record.status == StepStatus::Completed
    };
    let used: BTreeSet<&str> = state
        .steps
        .values()
        .filter(finished)
        .map(|record| record.step.as_str())
        .collect();
    let around_it = |definition: &fermata_engine::Definition| around(&definition.root().workflow);
    let mut drift = Drift {
        same: accepted && changed.is_empty() && around_it(&old) == around_it(&new),
        edited: accepted && !changed.iter().any(|node| used.contains(node.as_str())),
        steps: changed,
        now,
    };
    // What a node has started is a run of its own, with a definition of its own; what it has yet to start is not.
    let started = |definition: &fermata_engine::Definition| -> BTreeSet<PathBuf> {
        let project = definition.archon();
        let files = project.into_iter().flat_map(|p| p.started_files());
        files.map(Path::to_path_buf).collect()
    };
    for path in started(&old).union(&started(&new)) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match (load(pinned, path), load(world, path)) {
            (Some(old), Some(new)) => {
                let changed = changed_nodes(&old, &new);
                drift.same &= changed.is_empty() && around_it(&old) == around_it(&new);
                let shown = changed.iter().map(|node| format!("{name}: {node}"));
                drift.steps.extend(shown);
            }
            (None, None) => {}
            _ => {
                drift.same = false;
                drift.steps.push(name.into_owned());
            }
        }
    }
    drift
}

/// Nodes that are not what they were, with the texts of the commands and scripts that they use.
fn changed_nodes(
    old: &fermata_engine::Definition,
    new: &fermata_engine::Definition,
) -> Vec<String> {
    let nodes = |definition: &fermata_engine::Definition| -> BTreeMap<String, String> {
        let settings = definition.root().workflow.archon.as_ref();
        let nodes = settings.into_iter().flat_map(|settings| &settings.nodes);
        let named = nodes.filter_map(|node| {
            let id = node.get("id")?.as_str()?.to_owned();
            Some((id, definition.archon()?.content(node)))
        });
        named.collect()
    };
    let (old, new) = (nodes(old), nodes(new));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .cloned()
        .collect()
}

fn workflow(world: &dyn World, path: &Path) -> Option<Workflow> {
    fermata_workflow::load(world, path).workflow
}

/// What a workflow says beside its steps; its limits are never compared.
fn around(workflow: &Workflow) -> String {
    let mut around = workflow.clone();
    around.steps.clear();
    around.limits = Default::default();
    if let Some(archon) = &mut around.archon {
        archon.nodes.clear();
        if let Some(raw) = archon.raw.as_object_mut() {
            raw.remove("nodes");
        }
    }
    without_places(&format!("{around:?}"))
}

/// Steps that have a result or from which a route was taken.
fn used(state: &RunState) -> BTreeSet<&str> {
    state
        .steps
        .values()
        .filter(|record| matches!(record.status, StepStatus::Completed | StepStatus::Skipped))
        .map(|record| record.step.as_str())
        .collect()
}

fn changed_steps(old: &Workflow, new: &Workflow) -> Vec<String> {
    let names: BTreeSet<&str> = old
        .steps
        .iter()
        .chain(&new.steps)
        .map(|step| step.name.as_str())
        .collect();
    names
        .into_iter()
        .filter(|name| old.step(name).map(lowered) != new.step(name).map(lowered))
        .map(str::to_owned)
        .collect()
}

/// A step as it was lowered, without where it stands: what the scheduler and the templates see.
fn lowered(step: &Step) -> String {
    // The model has no serial form of its own; its debug form is complete by construction, and only ever compared
    // with that of the same program.
    without_places(&format!("{step:?}"))
}

/// Drops `Loc { … }`, `Span { … }` and node numbers from a debug form. Text in quotes is left as it is.
fn without_places(debug: &str) -> String {
    let mut out = String::with_capacity(debug.len());
    let mut rest = debug;
    while let Some(character) = rest.chars().next() {
        if character == '"' {
            let end = end_of_string(rest);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
            continue;
        }
        let place = ["Loc {", "Span {"]
            .iter()
            .find(|start| rest.starts_with(**start));
        if place.is_some() {
            rest = &rest[end_of_braces(rest)..];
            continue;
        }
        if rest.starts_with("NodeId(") {
            rest = rest.find(')').map_or("", |end| &rest[end + 1..]);
            continue;
        }
        out.push(character);
        rest = &rest[character.len_utf8()..];
    }
    out
}

/// Length of a debug-quoted string at the beginning of `text`.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Length up to the brace that closes the first one.
fn end_of_braces(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_dropped_and_texts_are_kept() {
        let debug = r#"Text { value: "Loc { x } \" }", loc: Loc { file: FileId(0), span: Span { start: 1, end: 2 } }, node: Some(NodeId(7)) }"#;
        assert_eq!(
            without_places(debug),
            r#"Text { value: "Loc { x } \" }", loc: , node: Some() }"#
        );
    }
}
