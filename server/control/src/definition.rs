//! Definitions: what a load has drawn in is what is pinned; and whether the
//! files are still what they were.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fermata_engine::event::PinnedFile;
use fermata_engine::{RunState, StepStatus};
use fermata_store::{Drawn, OsWorld, PinnedWorld, Recorder, RunRow, Store};
use fermata_workflow::{Dialect, Loaded, Step, Workflow, World};

use crate::error::ControlError;

/// A workflow as it would run, with all that it draws in.
pub(crate) struct Definition {
    pub(crate) loaded: Loaded,
    pub(crate) drawn: Drawn,
}

/// Remembered in the store: salt of the hashes of variables.
const SALT: &str = "env-salt";

impl Definition {
    pub(crate) fn load(world: &dyn World, file: &Path) -> Self {
        let recorder = Recorder::new(world);
        let loaded = fermata_workflow::load(&recorder, file);
        if loaded.dialect == Some(Dialect::Archon) {
            // Commands, scripts and the workflows that nodes start are read only when a run is to be carried out:
            // loading it the way the worker will draws them in.
            let _ = fermata_engine::Definition::load(&recorder, file);
        }
        Self {
            loaded,
            drawn: recorder.drawn(),
        }
    }

    /// Stores the bytes of every file that was drawn in.
    pub(crate) fn pin(
        &self,
        store: &dyn Store,
        world: &OsWorld,
    ) -> Result<Vec<PinnedFile>, ControlError> {
        let mut files = Vec::with_capacity(self.drawn.files.len());
        for (path, bytes) in &self.drawn.files {
            files.push(PinnedFile {
                path: path.display().to_string(),
                blob: store.put_blob(bytes)?,
                unsaved: world.is_open(path),
            });
        }
        Ok(files)
    }

    /// Names and salted hashes of the variables that were drawn in; an unset one has an empty hash.
    pub(crate) fn env(&self, store: &dyn Store) -> Result<Vec<(String, String)>, ControlError> {
        if self.drawn.env.is_empty() {
            return Ok(Vec::new());
        }
        let salt = salt(store)?;
        Ok(self
            .drawn
            .env
            .iter()
            .map(|(name, value)| (name.clone(), hashed(&salt, name, value.as_deref())))
            .collect())
    }

    /// Number of steps, for progress.
    pub(crate) fn steps(&self) -> Option<u64> {
        self.loaded
            .workflow
            .as_ref()
            .map(|workflow| match &workflow.archon {
                Some(settings) => settings.nodes.len() as u64,
                None => workflow.steps.len() as u64,
            })
    }
}

fn salt(store: &dyn Store) -> Result<String, ControlError> {
    if let Some(salt) = store.recall(SALT)? {
        return Ok(salt);
    }
    let salt = fermata_store::new_id(0);
    store.remember(SALT, &salt)?;
    // Another process may have been first.
    Ok(store.recall(SALT)?.unwrap_or(salt))
}

fn hashed(salt: &str, name: &str, value: Option<&str>) -> String {
    let Some(value) = value else {
        return String::new();
    };
    let mut hasher = blake3::Hasher::new();
    for part in [salt, name, value] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// What became of the variables that a definition names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EnvDrift {
    /// Set when the run started, unset here.
    pub(crate) missing: Vec<String>,
    /// Another value here.
    pub(crate) changed: Vec<String>,
}

pub(crate) fn env_drift(
    store: &dyn Store,
    world: &dyn World,
    env: &[(String, String)],
) -> Result<EnvDrift, ControlError> {
    let mut drift = EnvDrift::default();
    if env.is_empty() {
        return Ok(drift);
    }
    let salt = salt(store)?;
    for (name, before) in env {
        let now = world.env(name);
        if now.is_none() && !before.is_empty() {
            drift.missing.push(name.clone());
        } else if &hashed(&salt, name, now.as_deref()) != before {
            drift.changed.push(name.clone());
        }
    }
    Ok(drift)
}

/// Whether a pinned file is not what it was when the run started.
pub(crate) fn has_changed(world: &dyn World, files: &[PinnedFile]) -> bool {
    files
        .iter()
        .any(|file| match world.read(Path::new(&file.path)) {
            Ok(bytes) => blake3::hash(&bytes).to_hex().as_str() != file.blob,
            Err(_) => true,
        })
}

/// How the definition of a run differs from what its files say now.
pub(crate) struct Drift {
    /// Steps that are not what they were, added and removed ones included.
    pub(crate) steps: Vec<String>,
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
    let before = Definition::load(&pinned, &file);
    let now = Definition::load(world, &file);
    let (Some(old), Some(new)) = (&before.loaded.workflow, &now.loaded.workflow) else {
        return Ok(Drift {
            steps: Vec::new(),
            edited: false,
            now,
        });
    };
    let steps = changed_steps(old, new);
    let accepted =
        fermata_workflow::verdict(&now.loaded.diagnostics) == fermata_workflow::Verdict::Accepted;
    let used = used(state);
    let edited = accepted && steps.iter().all(|step| !used.contains(step.as_str()));
    Ok(Drift { steps, edited, now })
}

/// Steps that have a result or from which a route was taken.
fn used(state: &RunState) -> BTreeSet<&str> {
    state
        .steps
        .iter()
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

/// The finished step that a resume goes back to: the number before its last result.
pub(crate) fn back_to(state: &RunState, step: &str) -> Result<u64, Vec<String>> {
    let at_root = |record: &&fermata_engine::StepRecord| {
        record.path.parent().is_root() && record.status == StepStatus::Completed
    };
    state
        .steps
        .iter()
        .rev()
        .filter(at_root)
        .find(|record| record.step == step)
        .and_then(|record| record.result_seq)
        .map(|seq| seq - 1)
        .ok_or_else(|| {
            let finished: BTreeSet<String> = state
                .steps
                .iter()
                .filter(at_root)
                .map(|record| record.step.clone())
                .collect();
            finished.into_iter().collect()
        })
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
