//! Workflow files below a folder, and the file that a workflow's name means.
//! Walks and names only; what is wrong with a file is not said here.

use std::path::{Path, PathBuf};

use fermata_store::OsWorld;
pub(crate) use fermata_store::files_below;
use fermata_workflow::loader;

use crate::exit::Usage;

/// How many workflow files a search for a name reads at most.
const MOST: usize = 2_000;

/// The file that an argument names: a path, or the name of a workflow below the folder `here`.
///
/// # Errors
/// [`Usage`] for a folder, for nothing, and for a name that several files have.
pub(crate) fn locate(argument: &Path, here: &Path) -> Result<PathBuf, Usage> {
    let path = here.join(argument);
    if path.is_file() {
        return Ok(path);
    }
    let shown = argument.display();
    if path.is_dir() {
        return Err(Usage::new(format!(
            "{shown} is a folder; name a workflow file in it (`fermata check {shown}` lists what it finds)"
        )));
    }
    if path.exists() {
        return Err(Usage::new(format!(
            "{shown} is neither a file nor a folder; name a workflow file"
        )));
    }
    let name = argument.to_string_lossy();
    let looks_like_a_path = argument.components().count() != 1
        || argument
            .extension()
            .is_some_and(|end| end == "yaml" || end == "yml");
    if looks_like_a_path {
        return Err(Usage::new(format!(
            "there is no file {shown}; name a workflow file, or a workflow below here by its name"
        )));
    }
    let named = named_below(here);
    let mut same = named.iter().filter(|(found, _)| *found == name);
    match (same.next(), same.next()) {
        (Some((_, path)), None) => Ok(path.clone()),
        (Some((_, one)), Some((_, other))) => Err(Usage::new(format!(
            "several workflows below here are called `{name}`: {}, {}; name the file",
            relative(one, here),
            relative(other, here)
        ))),
        (None, _) if named.is_empty() => Err(Usage::new(format!(
            "there is no file {shown}, and no workflow below here; name a workflow file"
        ))),
        (None, _) => {
            let mut names: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            let nearest = fermata_workflow::nearest::nearest(&name, names.iter().copied());
            let mean = nearest.map_or_else(
                || {
                    let more = names.len().saturating_sub(10);
                    names.truncate(10);
                    let more = if more == 0 {
                        String::new()
                    } else {
                        format!(" and {more} more")
                    };
                    format!("; there are {}{more}", names.join(", "))
                },
                |nearest| format!("; `{nearest}` is the nearest"),
            );
            Err(Usage::new(format!(
                "there is no file {shown}, and no workflow of that name below here{mean}"
            )))
        }
    }
}

/// Names and files of the workflows below a folder.
pub(crate) fn named_below(folder: &Path) -> Vec<(String, PathBuf)> {
    let world = OsWorld::new();
    files_below(folder)
        .0
        .into_iter()
        .take(MOST)
        .filter_map(|path| {
            let loaded = loader::load(&world, &path);
            loaded.dialect?;
            let name = loaded.workflow.as_ref().map_or_else(
                || {
                    path.file_stem()
                        .unwrap_or_default()
                        .to_string_lossy()
                        .into_owned()
                },
                |workflow| workflow.name.as_str().to_owned(),
            );
            Some((name, path))
        })
        .collect()
}

fn relative(path: &Path, here: &Path) -> String {
    path.strip_prefix(here)
        .unwrap_or(path)
        .display()
        .to_string()
}
