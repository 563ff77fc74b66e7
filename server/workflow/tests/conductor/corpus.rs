//! Finds the conformance data and shows it to the loader through a world that
//! lays texts over a folder on disk. Nothing of the data is in this repository.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use fermata_workflow::World;
use fermata_workflow::world::{PathKind, normal};
use serde_json::Value;

/// The data's folder, or `None` with a loud word when it is not here.
pub(super) fn corpus() -> Option<PathBuf> {
    let here = std::env::var_os("FERMATA_CORPUS")
        .map(PathBuf::from)
        .or_else(|| {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3)?;
            Some(root.join("shared/corpus"))
        });
    let found = here.map(|p| p.join("conductor")).filter(|p| p.is_dir());
    if found.is_none() {
        eprintln!("SKIPPED: no conformance data; set FERMATA_CORPUS to its folder");
    }
    found
}

/// Rows of a JSONL file.
pub(super) fn rows(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("conformance data is readable");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a row is JSON"))
        .collect()
}

/// A folder on disk with texts laid over it.
pub(super) struct Overlay {
    /// Files by path.
    pub(super) files: BTreeMap<PathBuf, Vec<u8>>,
    /// Variables.
    pub(super) env: BTreeMap<String, String>,
}

impl Overlay {
    /// The data's environment and no overlay.
    pub(super) fn new(corpus: &Path) -> Self {
        let env: Value = serde_json::from_str(
            &std::fs::read_to_string(corpus.join("env.json")).expect("env.json"),
        )
        .expect("JSON");
        let set = env["set"].as_object().expect("set");
        let env = set
            .iter()
            .map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned()))
            .collect();
        Self {
            files: BTreeMap::new(),
            env,
        }
    }

    /// Lays a whole folder of disk over `target`.
    pub(super) fn lay(&mut self, from: &Path, target: &Path) {
        for entry in std::fs::read_dir(from).expect("folder").flatten() {
            let (path, to) = (entry.path(), target.join(entry.file_name()));
            if path.is_dir() {
                self.lay(&path, &to);
            } else {
                self.files.insert(to, std::fs::read(&path).expect("file"));
            }
        }
    }

    fn below<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = &'a Path> + 'a {
        self.files
            .keys()
            .filter_map(move |p| p.strip_prefix(folder).ok())
    }
}

impl World for Overlay {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let path = normal(path);
        self.files
            .get(&path)
            .cloned()
            .map_or_else(|| std::fs::read(&path), Ok)
    }
    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        let path = normal(path);
        if self.files.contains_key(&path) {
            return Ok(PathKind::File);
        }
        if self.below(&path).next().is_some() {
            return Ok(PathKind::Folder);
        }
        let meta = std::fs::metadata(&path)?;
        Ok(if meta.is_dir() {
            PathKind::Folder
        } else {
            PathKind::File
        })
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let folder = normal(folder);
        let mut names: Vec<String> = self
            .below(&folder)
            .filter_map(|p| p.components().next())
            .map(|c| c.as_os_str().to_string_lossy().into_owned())
            .collect();
        if let Ok(entries) = std::fs::read_dir(&folder) {
            names.extend(
                entries
                    .flatten()
                    .map(|e| e.file_name().to_string_lossy().into_owned()),
            );
        }
        names.sort();
        names.dedup();
        Ok(names)
    }
    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        let path = normal(path);
        self.kind(&path).map(|_| path)
    }
    fn env(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }
    fn home(&self) -> Option<PathBuf> {
        Some(PathBuf::from("/no-such-home"))
    }
    fn program(&self, _: &str) -> Option<PathBuf> {
        None
    }
}
