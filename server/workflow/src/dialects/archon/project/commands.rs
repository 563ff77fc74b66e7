//! Command files (specs/archon.md 2.2): of the pack, of the repository, of the user.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Config, is_file, is_folder, user_folder};
use crate::world::World;

fn folders(
    world: &dyn World,
    root: Option<&Path>,
    pack: Option<&Path>,
    config: &Config,
) -> Vec<PathBuf> {
    let home = user_folder(world);
    pack.map(|p| p.join("commands"))
        .into_iter()
        .chain(root.map(|r| r.join(".archon/commands")))
        .chain(
            root.zip(config.commands_folder.as_ref())
                .map(|(r, folder)| r.join(folder)),
        )
        .chain(home.map(|h| h.join("commands")))
        .collect()
}

/// Files ending in `.md` in a folder and in its folders.
fn files(world: &dyn World, folder: &Path) -> Vec<(String, PathBuf)> {
    let mut all = Vec::new();
    let mut inner = Vec::new();
    for name in world.list(folder).unwrap_or_default() {
        let path = folder.join(&name);
        if let Some(stem) = name.strip_suffix(".md").filter(|_| is_file(world, &path)) {
            all.push((stem.to_owned(), path));
        } else if is_folder(world, &path) {
            inner.push(path);
        }
    }
    for folder in inner {
        for name in world.list(&folder).unwrap_or_default() {
            let path = folder.join(&name);
            if let Some(stem) = name.strip_suffix(".md").filter(|_| is_file(world, &path)) {
                all.push((stem.to_owned(), path));
            }
        }
    }
    all
}

/// The file of a command.
pub(super) fn find(
    world: &dyn World,
    root: Option<&Path>,
    pack: Option<&Path>,
    config: &Config,
    name: &str,
) -> Option<PathBuf> {
    folders(world, root, pack, config)
        .iter()
        .find_map(|folder| {
            files(world, folder)
                .into_iter()
                .find(|(stem, _)| stem == name)
                .map(|(_, path)| path)
        })
}

/// Every command with the file that is taken.
pub(super) fn all(
    world: &dyn World,
    root: Option<&Path>,
    pack: Option<&Path>,
    config: &Config,
) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for folder in folders(world, root, pack, config) {
        for (stem, path) in files(world, &folder) {
            found.entry(stem).or_insert(path);
        }
    }
    found
}
