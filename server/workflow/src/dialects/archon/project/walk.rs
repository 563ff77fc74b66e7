//! Finds the workflow files of a project: `.yaml` and `.yml` in `workflows/`, in its folders, and in packs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Member, Refused, Standing, is_file, is_folder, member, user_folder};
use crate::world::World;

fn is_workflow(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}

/// The user's own files under those of the repository, which win by file name; and the packs that are no packs.
pub(super) fn members(world: &dyn World, root: Option<&Path>) -> (Vec<Arc<Member>>, Vec<Refused>) {
    let mut all: Vec<Arc<Member>> = Vec::new();
    let mut refused = Vec::new();
    let home = user_folder(world);
    let scopes = [
        (home.map(|h| h.join("workflows")), true),
        (root.map(|r| r.join(".archon/workflows")), false),
    ];
    for (folder, global) in scopes {
        let Some(folder) = folder else { continue };
        for (path, shown, pack) in once(world, files(world, &folder, &mut refused)) {
            let base = path.file_name().map(std::ffi::OsStr::to_os_string);
            all.retain(|m| {
                m.global == global || m.path.file_name().map(std::ffi::OsStr::to_os_string) != base
            });
            let at = Standing {
                path,
                shown,
                pack,
                global,
            };
            all.push(member(world, at));
        }
    }
    (all, refused)
}

/// One file for each that links lead to: a link to a folder around it would give every name twice.
fn once(world: &dyn World, found: Vec<FoundFile>) -> Vec<FoundFile> {
    let mut seen = BTreeSet::new();
    // The way without a link is the shortest.
    let mut found: Vec<(usize, FoundFile)> = found.into_iter().enumerate().collect();
    found.sort_by_key(|(at, (path, ..))| (path.components().count(), *at));
    let mut kept: Vec<(usize, FoundFile)> = found
        .into_iter()
        .filter(|(_, (path, ..))| {
            seen.insert(world.canonical(path).unwrap_or_else(|_| path.clone()))
        })
        .collect();
    kept.sort_by_key(|(at, _)| *at);
    kept.into_iter().map(|(_, file)| file).collect()
}

type FoundFile = (PathBuf, String, Option<PathBuf>);

fn files(world: &dyn World, folder: &Path, refused: &mut Vec<Refused>) -> Vec<FoundFile> {
    let list = |folder: &Path| world.list(folder).unwrap_or_default();
    let mut found: Vec<FoundFile> = Vec::new();
    for name in list(folder) {
        let path = folder.join(&name);
        if is_workflow(&name) && is_file(world, &path) {
            found.push((path, name, None));
        } else if is_folder(world, &path) {
            for inner in list(&path) {
                let file = path.join(&inner);
                if is_workflow(&inner) && is_file(world, &file) {
                    found.push((file, format!("{name}/{inner}"), None));
                } else if is_folder(world, &file) {
                    pack(
                        world,
                        &file,
                        &format!("{name}/{inner}"),
                        &mut found,
                        refused,
                    );
                }
            }
        }
    }
    found
}

/// A folder at depth two is a packaged workflow: exactly one workflow file, besides commands and scripts.
fn pack(
    world: &dyn World,
    folder: &Path,
    shown: &str,
    found: &mut Vec<FoundFile>,
    refused: &mut Vec<Refused>,
) {
    let names = world.list(folder).unwrap_or_default();
    let files: Vec<String> = names
        .into_iter()
        .filter(|n| is_workflow(n) && is_file(world, &folder.join(n)))
        .collect();
    let fault = |name| Refused {
        file: shown.to_owned(),
        rule: "R66",
        name,
        node: None,
        within: Vec::new(),
        mentions: Vec::new(),
    };
    if shown
        .split('/')
        .any(|part| part.starts_with('.') || part.contains(".."))
    {
        refused.push(fault("pack-bad-dir"));
    } else if let [one] = files.as_slice() {
        found.push((
            folder.join(one),
            format!("{shown}/{one}"),
            Some(folder.to_path_buf()),
        ));
    } else {
        refused.push(fault("pack-yaml-count"));
    }
}
