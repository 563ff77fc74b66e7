//! Finds the conformance data of Archon and lays its folders into a world in memory. Nothing of the data is in this
//! repository.

use std::path::{Path, PathBuf};

use fermata_workflow::MemoryWorld;
use serde_json::Value;

/// The data's folder, or `None` with a loud word when it is not here.
pub(crate) fn corpus() -> Option<PathBuf> {
    let here = std::env::var_os("FERMATA_CORPUS")
        .map(PathBuf::from)
        .or_else(|| {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3)?;
            Some(root.join("shared/corpus"))
        });
    let found = here.map(|p| p.join("archon")).filter(|p| p.is_dir());
    if found.is_none() {
        eprintln!("SKIPPED: no conformance data; set FERMATA_CORPUS to its folder");
    }
    found
}

/// Rows of a JSONL file.
pub(crate) fn rows(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("conformance data is readable");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a row is JSON"))
        .collect()
}

/// A world with a folder of the data at `/project`, an empty home, and both script runtimes on PATH.
pub(crate) fn world(from: &Path) -> MemoryWorld {
    let mut world = MemoryWorld::new();
    lay(&mut world, from, Path::new("/project"));
    world.set_home("/home/none");
    world.add_program("bun", "/bin/bun");
    world.add_program("uv", "/bin/uv");
    world
}

fn lay(world: &mut MemoryWorld, from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("folder").flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            lay(world, &path, &target);
        } else {
            world.add_file(target, std::fs::read(&path).expect("file"));
        }
    }
}
