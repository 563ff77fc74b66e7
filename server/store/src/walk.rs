//! Which YAML files lie below a folder. Names only: what is in them is for others to say.

use std::path::{Path, PathBuf};

/// YAML files below a folder in order, what git ignores left out; and what could not be looked into.
#[must_use]
pub fn files_below(folder: &Path) -> (Vec<PathBuf>, Vec<String>) {
    let mut found = Vec::new();
    let mut closed = Vec::new();
    let walk = ignore::WalkBuilder::new(folder)
        .hidden(false)
        .filter_entry(|entry| {
            // Behind a folder of that name is nobody's own workflow; a file may be called anything.
            let folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            !folder || (entry.file_name() != ".git" && entry.file_name() != "node_modules")
        })
        .build();
    for entry in walk {
        match entry {
            Ok(entry) => {
                let path = entry.into_path();
                let yaml = path
                    .extension()
                    .is_some_and(|end| end == "yaml" || end == "yml");
                if yaml && path.is_file() {
                    found.push(path);
                }
            }
            Err(error) => closed.push(error.to_string()),
        }
    }
    found.sort();
    (found, closed)
}
