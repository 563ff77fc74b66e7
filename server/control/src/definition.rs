//! Definitions: what a load has drawn in is what is pinned; and whether the
//! files are still what they were.

use std::collections::BTreeSet;
use std::path::Path;

use fermata_engine::event::PinnedFile;
use fermata_engine::{RunState, StepStatus};
use fermata_store::{Drawn, OsWorld, Recorder, Store};
use fermata_workflow::{Dialect, Loaded, World};

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

/// The finished step that a resume goes back to: the number before its last result.
pub(crate) fn back_to(state: &RunState, step: &str) -> Result<u64, Vec<String>> {
    let at_root = |record: &&fermata_engine::StepRecord| {
        record.path.parent().is_root() && record.status == StepStatus::Completed
    };
    state
        .steps
        .values()
        .rev()
        .filter(at_root)
        .find(|record| record.step == step)
        .and_then(|record| record.result_seq)
        .map(|seq| seq - 1)
        .ok_or_else(|| {
            let finished: BTreeSet<String> = state
                .steps
                .values()
                .filter(at_root)
                .map(|record| record.step.clone())
                .collect();
            finished.into_iter().collect()
        })
}
