//! Script files of a definition, each with the files around it: a program
//! imports its neighbours, so that they are pinned and copied with it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fermata_workflow::World;
use fermata_workflow::world::PathKind;

use crate::effect::{PinnedScript, ScriptFile};

/// A file and its bytes.
type Kept = (PathBuf, Arc<[u8]>);

/// The named scripts of a workflow.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scripts {
    named: BTreeMap<(String, String), PathBuf>,
    trees: BTreeMap<PathBuf, Vec<Kept>>,
}

/// Beyond so many files, or bytes of them, only the script itself is pinned: such a folder holds data.
const MOST_FILES: usize = 500;
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Folders below a script folder that are looked into.
const DEPTH: usize = 8;
/// What tools put beside programs.
const SKIPPED: &[&str] = &["node_modules", "__pycache__"];

impl Scripts {
    /// Reads a script and what lies around it.
    pub(crate) fn draw(&mut self, world: &dyn World, name: &str, runtime: &str, path: PathBuf) {
        let folder = folder(&path);
        let tree = self.trees.entry(folder.clone()).or_insert_with(|| {
            let mut tree = Tree::default();
            tree.read(world, &folder, 0);
            tree.files
        });
        if !tree.iter().any(|(known, _)| *known == path) {
            let bytes = world.read(&path).unwrap_or_default();
            tree.push((path.clone(), bytes.into()));
        }
        self.named
            .insert((name.to_owned(), runtime.to_owned()), path);
    }

    /// The file of a named script.
    pub(crate) fn file(&self, name: &str, runtime: &str) -> Option<&Path> {
        let key = (name.to_owned(), runtime.to_owned());
        self.named.get(&key).map(PathBuf::as_path)
    }

    /// A named script with everything around it; copies go below `copies`.
    pub(crate) fn pinned(&self, name: &str, runtime: &str, copies: &str) -> Option<PinnedScript> {
        let path = self.file(name, runtime)?;
        let folder = folder(path);
        let number = self.trees.keys().position(|tree| *tree == folder)?;
        let files = self.trees.get(&folder)?.iter();
        let shown = |path: &Path| path.to_string_lossy().into_owned();
        Some(PinnedScript {
            path: shown(path),
            files: files
                .map(|(file, bytes)| ScriptFile {
                    path: shown(file),
                    bytes: Arc::clone(bytes),
                    copy: format!(
                        "{copies}/{number}/{}",
                        shown(file.strip_prefix(&folder).unwrap_or(file))
                    ),
                })
                .collect(),
        })
    }

    /// What a named script is: its place below its folder, and every byte that it may import.
    pub(crate) fn content(&self, name: &str, runtime: &str) -> Vec<(String, &[u8])> {
        let Some(path) = self.file(name, runtime) else {
            return Vec::new();
        };
        let folder = folder(path);
        let files = self.trees.get(&folder).into_iter().flatten();
        files
            .map(|(file, bytes)| {
                let inner = file.strip_prefix(&folder).unwrap_or(file);
                (inner.to_string_lossy().into_owned(), bytes.as_ref())
            })
            .collect()
    }
}

/// The script folder that a file lies in: itself, or one folder below (specs/archon.md 2.3).
fn folder(path: &Path) -> PathBuf {
    let own = path.parent().unwrap_or(path);
    let named = path.ancestors().skip(1).take(2);
    let scripts = |folder: &&Path| folder.file_name().is_some_and(|name| name == "scripts");
    named.into_iter().find(scripts).unwrap_or(own).to_path_buf()
}

#[derive(Default)]
struct Tree {
    files: Vec<Kept>,
    bytes: usize,
    seen: BTreeSet<PathBuf>,
}

impl Tree {
    /// Reads a folder; `false` when it is more than a script folder holds.
    fn read(&mut self, world: &dyn World, folder: &Path, depth: usize) -> bool {
        let real = world.canonical(folder).unwrap_or(folder.to_path_buf());
        // A link may lead back to where it lies.
        if depth > DEPTH || !self.seen.insert(real) {
            return true;
        }
        for name in world.list(folder).unwrap_or_default() {
            if name.starts_with('.') || SKIPPED.contains(&name.as_str()) {
                continue;
            }
            let path = folder.join(&name);
            let within = match world.kind(&path) {
                Ok(PathKind::Folder) => self.read(world, &path, depth + 1),
                Ok(PathKind::File) => self.add(world, path),
                _ => true,
            };
            if !within {
                self.files.clear();
                return false;
            }
        }
        true
    }

    fn add(&mut self, world: &dyn World, path: PathBuf) -> bool {
        if let Ok(bytes) = world.read(&path) {
            self.bytes += bytes.len();
            self.files.push((path, bytes.into()));
        }
        self.files.len() <= MOST_FILES && self.bytes <= MOST_BYTES
    }
}
