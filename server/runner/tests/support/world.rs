//! Files on disk with a fixed environment.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use fermata_workflow::World;
use fermata_workflow::world::PathKind;

pub struct Disk {
    pub env: BTreeMap<String, String>,
}

impl World for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        let kind = std::fs::metadata(path)?;
        Ok(if kind.is_file() {
            PathKind::File
        } else if kind.is_dir() {
            PathKind::Folder
        } else {
            PathKind::Other
        })
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut names: Vec<String> = std::fs::read_dir(folder)?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort();
        Ok(names)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        path.canonicalize()
    }

    fn env(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }

    fn home(&self) -> Option<PathBuf> {
        None
    }

    fn program(&self, _name: &str) -> Option<PathBuf> {
        None
    }
}
