//! Finds the workflow files of a project: `.yaml` and `.yml` in `workflows/`, in its folders, and in packs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fermata_expr::archon::names;

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
        let found = once(world, files(world, &folder, &mut refused));
        let mut here: Vec<Arc<Member>> = found
            .into_iter()
            .map(|(path, shown, pack)| {
                let at = Standing {
                    path,
                    shown,
                    pack,
                    global,
                };
                member(world, at)
            })
            .collect();
        collisions(&mut here, &mut refused);
        all.retain(|below| here.iter().all(|m| base(m) != base(below)));
        all.append(&mut here);
    }
    (all, refused)
}

fn base(member: &Member) -> String {
    let name = member.path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The file of a packaged workflow has a name that no other of the scope has, or neither counts. Files that do not load
/// by themselves stand in nobody's way.
fn collisions(here: &mut Vec<Arc<Member>>, refused: &mut Vec<Refused>) {
    let sound = |m: &&Arc<Member>| m.refused.is_none() && m.parsed.is_some();
    let mut packed: BTreeMap<String, usize> = BTreeMap::new();
    for member in here.iter().filter(sound).filter(|m| m.pack.is_some()) {
        *packed.entry(base(member)).or_default() += 1;
    }
    for (name, count) in packed {
        let among = |m: &Arc<Member>| base(m) == name && sound(&m);
        let flat = |m: &Arc<Member>| among(m) && m.pack.is_none();
        let faults = if count > 1 {
            here.retain(|m| !(among(m) && m.pack.is_some()));
            count - 1
        } else if here.iter().any(flat) {
            here.retain(|m| !among(m));
            1
        } else {
            0
        };
        for _ in 0..faults {
            refused.push(fault("pack-filename-collision", &name));
        }
    }
}

fn fault(name: &'static str, file: &str) -> Refused {
    Refused {
        file: file.to_owned(),
        rule: "R66",
        name,
        node: None,
        within: Vec::new(),
        mentions: Vec::new(),
    }
}

/// Whether a pack or a packaged workflow can have this name.
fn can_name_a_pack(folder: &str) -> bool {
    names::is_command(folder) && !folder.contains(':')
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
            let a_pack = can_name_a_pack(&name);
            if !a_pack {
                refused.push(fault("pack-bad-dir", &name));
            }
            for inner in list(&path) {
                let file = path.join(&inner);
                if is_workflow(&inner) && is_file(world, &file) {
                    found.push((file, format!("{name}/{inner}"), None));
                } else if a_pack && is_folder(world, &file) {
                    let shown = format!("{name}/{inner}");
                    match can_name_a_pack(&inner) {
                        true => pack(world, &file, &shown, &mut found, refused),
                        false => refused.push(fault("pack-bad-dir", &shown)),
                    }
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
    if let [one] = files.as_slice() {
        found.push((
            folder.join(one),
            format!("{shown}/{one}"),
            Some(folder.to_path_buf()),
        ));
    } else {
        refused.push(fault("pack-yaml-count", shown));
    }
}
