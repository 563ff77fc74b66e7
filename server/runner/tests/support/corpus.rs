//! The conformance data, where it is there: `FERMATA_CORPUS`, else
//! `shared/corpus` beside the checkout.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::world::Disk;

/// Folder of the Conductor data; `None` (said loudly) where there is none.
pub fn conductor() -> Option<PathBuf> {
    let root = std::env::var_os("FERMATA_CORPUS").map_or_else(
        || {
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .ancestors()
                .nth(3)
                .unwrap()
                .join("shared/corpus")
        },
        PathBuf::from,
    );
    let folder = root.join("conductor");
    if folder.is_dir() {
        Some(folder)
    } else {
        eprintln!("SKIPPED: no conformance data at {}", folder.display());
        None
    }
}

/// The cases of a set, by name.
pub fn cases(set: &Path) -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = std::fs::read_dir(set)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    cases
}

pub fn json(path: &Path) -> Value {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap(),
        Err(_) => Value::Null,
    }
}

/// The world that the data was recorded in.
pub fn world(conductor: &Path) -> Arc<Disk> {
    let env: BTreeMap<String, String> = json(&conductor.join("env.json"))["set"]
        .as_object()
        .map(|env| {
            env.iter()
                .filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())))
                .collect()
        })
        .unwrap_or_default();
    Arc::new(Disk { env })
}

/// A copy of a case to run in.
pub fn copy(case: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy_into(case, folder.path());
    folder
}

fn copy_into(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_into(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
