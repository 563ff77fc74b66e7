//! Script files (specs/archon.md 2.3): beside the workflow in its pack, of the repository, of the user.

use std::path::{Path, PathBuf};

use super::{is_file, is_folder};
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
    let home = world
        .env("ARCHON_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(world.home()?.join(".archon")));
    let scopes = [
        workflow.parent().map(|folder| folder.join("scripts")),
        root.map(|root| root.join(".archon/scripts")),
        home.map(|home| home.join("scripts")),
    ];
    scopes
        .into_iter()
        .flatten()
        .find_map(|folder| within(world, &folder, name, endings))
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
