//! Where the conformance corpus is, and what the tests here read of it. The
//! corpus is not part of the project; without it the tests say so and pass.

use std::path::{Path, PathBuf};

/// The corpus folder: `FERMATA_CORPUS`, else `shared/corpus` beside the
/// workspace.
pub(crate) fn root() -> Option<PathBuf> {
    let root = match std::env::var_os("FERMATA_CORPUS") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
    };
    if root.is_dir() {
        return Some(root);
    }
    eprintln!(
        "SKIPPED: there is no corpus at {}; set FERMATA_CORPUS",
        root.display()
    );
    None
}

/// All YAML files of both dialects: path below the corpus, text. Sorted.
pub(crate) fn files(root: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for dialect in ["archon/files", "conductor/files"] {
        walk(&root.join(dialect), &mut found);
    }
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            let below = path
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            (below, text)
        })
        .collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if matches!(
            path.extension().and_then(|e| e.to_str()),
            Some("yaml" | "yml")
        ) {
            found.push(path);
        }
    }
}
