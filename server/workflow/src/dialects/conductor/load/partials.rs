//! The templates that a prompt file takes in (`{% include %}` and its like): read when the workflow is loaded, so that
//! they are pinned with it. What cannot be read is kept as such and fails the step that needs it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fermata_expr::template::{self, Partials, partials};

use crate::data::{Datum, Shape};
use crate::source::Sources;
use crate::world::{PathKind, World};

use super::super::ROOT;
use super::environment::{self, Failure};

/// Files that are read for one prompt at most.
const FILES: usize = 200;

/// Gives every text that is a whole prompt file the templates of its folder.
pub(super) fn apply(world: &dyn World, sources: &Sources, datum: &mut Datum) {
    match &mut datum.shape {
        Shape::Text(text) if text.loc.file != ROOT => {
            let file = sources.get(text.loc.file).filter(|file| file.raw);
            if let Some(folder) = file.and_then(|file| file.path.parent()) {
                text.partials = gather(world, folder, &text.value);
            }
        }
        Shape::List(items) => items
            .iter_mut()
            .for_each(|item| apply(world, sources, item)),
        Shape::Map(map) => map
            .entries
            .iter_mut()
            .for_each(|field| apply(world, sources, &mut field.value)),
        _ => {}
    }
}

fn gather(world: &dyn World, folder: &Path, text: &str) -> Partials {
    let mut found = BTreeMap::new();
    let mut due = wanted(world, folder, text);
    while let Some(name) = due.pop() {
        if found.len() >= FILES || found.contains_key(&name) {
            continue;
        }
        let Some(read) = read(world, &folder.join(&name)) else {
            continue;
        };
        if let Ok(text) = &read {
            due.extend(wanted(world, folder, text));
        }
        found.insert(name, read);
    }
    Partials::of(found)
}

/// Names that a template may take in: those written in it, and all there are where a name is worked out.
fn wanted(world: &dyn World, folder: &Path, text: &str) -> Vec<String> {
    if !text.contains("{%") {
        return Vec::new();
    }
    let loads = template::parse(text).map_or_else(|_| Vec::new(), |parsed| parsed.loads());
    let mut names: Vec<String> = loads
        .iter()
        .flatten()
        .filter_map(|name| partials::normal(name))
        .collect();
    if loads.contains(&None) {
        below(world, folder, "", &mut names);
    }
    names
}

fn below(world: &dyn World, folder: &Path, prefix: &str, names: &mut Vec<String>) {
    for entry in world.list(folder).unwrap_or_default() {
        if names.len() >= FILES || entry.starts_with('.') {
            continue;
        }
        let path: PathBuf = folder.join(&entry);
        match world.kind(&path) {
            Ok(PathKind::File) => names.push(format!("{prefix}{entry}")),
            Ok(PathKind::Folder) if prefix.matches('/').count() < 3 => {
                below(world, &path, &format!("{prefix}{entry}/"), names);
            }
            _ => {}
        }
    }
}

/// A template's text after substitution, or why it has none; `None` where there is no file.
fn read(world: &dyn World, path: &Path) -> Option<Result<String, String>> {
    if !matches!(world.kind(path), Ok(PathKind::File)) {
        return None;
    }
    let bytes = match world.read(path) {
        Ok(bytes) => bytes,
        Err(error) => return Some(Err(format!("it cannot be read: {error}"))),
    };
    let Ok(text) = String::from_utf8(bytes) else {
        return Some(Err("it is not valid UTF-8; save it as UTF-8".to_owned()));
    };
    Some(match environment::substitute(world, &text) {
        Ok(substituted) => Ok(substituted.unwrap_or(text)),
        Err(Failure::Unset { name, .. }) => Err(format!(
            "the environment variable `{name}` is not set; set it or give a default: `${{{name}:-…}}`"
        )),
        Err(Failure::Endless { name }) => Err(format!(
            "the value of the environment variable `{name}` refers to itself"
        )),
    })
}
