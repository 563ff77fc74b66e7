//! A [`World`] that lives in memory: for tests, for the dry run and for pinned
//! definitions. Touches nothing outside.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use crate::world::{PathKind, World, normal};

/// Files, folders and variables that exist only here. Paths are absolute; `..` is resolved by text.
#[derive(Debug, Clone, Default)]
pub struct MemoryWorld {
    files: BTreeMap<PathBuf, Vec<u8>>,
    folders: BTreeSet<PathBuf>,
    env: BTreeMap<String, String>,
    home: Option<PathBuf>,
    programs: BTreeMap<String, PathBuf>,
}

impl MemoryWorld {
    /// An empty world.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file and the folders above it.
    pub fn add_file(&mut self, path: impl AsRef<Path>, bytes: impl Into<Vec<u8>>) -> &mut Self {
        let path = normal(path.as_ref());
        if let Some(parent) = path.parent() {
            self.add_folder(parent);
        }
        self.files.insert(path, bytes.into());
        self
    }

    /// Adds a folder and the folders above it.
    pub fn add_folder(&mut self, path: impl AsRef<Path>) -> &mut Self {
        let path = normal(path.as_ref());
        self.folders.extend(path.ancestors().map(Path::to_path_buf));
        self
    }

    /// Sets a variable.
    pub fn set_env(&mut self, name: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Sets the home folder and creates it.
    pub fn set_home(&mut self, path: impl AsRef<Path>) -> &mut Self {
        self.add_folder(path.as_ref());
        self.home = Some(normal(path.as_ref()));
        self
    }

    /// Puts a program on PATH.
    pub fn add_program(&mut self, name: impl Into<String>, path: impl AsRef<Path>) -> &mut Self {
        self.programs.insert(name.into(), normal(path.as_ref()));
        self
    }
}

fn missing(path: &Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("there is nothing at {}", path.display()),
    )
}

impl World for MemoryWorld {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let path = normal(path);
        if self.folders.contains(&path) {
            return Err(io::Error::new(
                io::ErrorKind::IsADirectory,
                format!("{} is a folder", path.display()),
            ));
        }
        self.files.get(&path).cloned().ok_or_else(|| missing(&path))
    }

    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        let path = normal(path);
        if self.folders.contains(&path) {
            return Ok(PathKind::Folder);
        }
        self.files
            .get(&path)
            .map(|_| PathKind::File)
            .ok_or_else(|| missing(&path))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let folder = normal(folder);
        if !self.folders.contains(&folder) {
            return Err(missing(&folder));
        }
        let below = self
            .files
            .keys()
            .chain(&self.folders)
            .filter(|p| p.parent() == Some(&folder));
        let names: BTreeSet<String> = below
            .filter_map(|p| p.file_name())
            .map(|n| n.to_string_lossy().into_owned())
            .collect();
        Ok(names.into_iter().collect())
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        let path = normal(path);
        self.kind(&path).map(|_| path)
    }

    fn env(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }

    fn home(&self) -> Option<PathBuf> {
        self.home.clone()
    }

    fn program(&self, name: &str) -> Option<PathBuf> {
        self.programs.get(name).cloned()
    }
}
