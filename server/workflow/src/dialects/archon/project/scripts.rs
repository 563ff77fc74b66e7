//! Script files (specs/archon.md 2.3): beside the workflow in its pack, of the repository, of the user.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{is_file, is_folder, user_folder};
use crate::world::World;

/// The file of a named script for a runtime (`bun` or `uv`), as a workflow file sees it.
pub(super) fn find(
    world: &dyn World,
    root: Option<&Path>,
    workflow: &Path,
    name: &str,
    runtime: &str,
) -> Option<PathBuf> {
    let endings: &[&str] = if runtime == "uv" {
        &["py"]
    } else {
        &["ts", "js"]
    };
    scopes(world, root, workflow).find_map(|folder| within(world, &folder, name, endings))
}

fn scopes(
    world: &dyn World,
    root: Option<&Path>,
    workflow: &Path,
) -> impl Iterator<Item = PathBuf> + use<> {
    let scopes = [
        workflow.parent().map(|folder| folder.join("scripts")),
        root.map(|root| root.join(".archon/scripts")),
        user_folder(world).map(|home| home.join("scripts")),
    ];
    scopes.into_iter().flatten()
}

/// Every script file by name, the one that is taken.
pub(super) fn all(
    world: &dyn World,
    root: Option<&Path>,
    workflow: &Path,
) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for folder in scopes(world, root, workflow) {
        let inner = world.list(&folder).unwrap_or_default();
        let inner = inner.iter().map(|name| folder.join(name));
        let folders: Vec<PathBuf> = std::iter::once(folder.clone())
            .chain(inner.filter(|path| is_folder(world, path)))
            .collect();
        for folder in folders {
            for name in world.list(&folder).unwrap_or_default() {
                let file = folder.join(&name);
                let stem = ["ts", "js", "py"]
                    .iter()
                    .find_map(|ending| name.strip_suffix(ending)?.strip_suffix('.'));
                if let Some(stem) = stem.filter(|_| is_file(world, &file)) {
                    found.entry(stem.to_owned()).or_insert(file);
                }
            }
        }
    }
    found
}

fn within(world: &dyn World, folder: &Path, name: &str, endings: &[&str]) -> Option<PathBuf> {
    let inner = world
        .list(folder)
        .unwrap_or_default()
        .into_iter()
        .map(|inner| folder.join(inner))
        .filter(|path| is_folder(world, path));
    std::iter::once(folder.to_path_buf())
        .chain(inner)
        .find_map(|folder| {
            endings
                .iter()
                .map(|ending| folder.join(format!("{name}.{ending}")))
                .find(|file| is_file(world, file))
        })
}
