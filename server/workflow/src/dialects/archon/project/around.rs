//! What a workflow of the project can name, for rules and the editor.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Library, Project, commands, is_file, is_folder, user_folder};
use crate::data::{Datum, Shape};
use crate::surroundings::{Neighbour, Surroundings};
use crate::world::World;

impl Project<'_> {
    /// Everything that the workflow at a path can name.
    #[must_use]
    pub fn surroundings(&self, path: &Path, root: Option<&Datum>) -> Surroundings {
        let pack = self
            .members
            .iter()
            .find(|m| m.path == path)
            .and_then(|m| m.pack.as_deref());
        let workflows = self
            .members
            .iter()
            .filter_map(|m| Some((m, m.parsed.as_ref()?)))
            .filter(|(_, parsed)| self.workflow(&parsed.name).is_some())
            .map(|(member, parsed)| {
                let neighbour = Neighbour {
                    path: member.path.clone(),
                    inputs: parsed.inputs.clone(),
                };
                (parsed.name.clone(), neighbour)
            })
            .collect();
        let commands = commands::all(self.world, self.root.as_deref(), pack, &self.config);
        let mut named = Vec::new();
        if let Some(root) = root {
            named_commands(root, &mut named);
        }
        let text = |name: &str| {
            let bytes = self.world.read(commands.get(name)?).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        let command_texts = named
            .into_iter()
            .filter_map(|name| Some((name.clone(), text(&name)?)))
            .collect();
        Surroundings {
            workflows,
            commands,
            command_texts,
            scripts: scripts(self.world, self.root.as_deref(), path),
            aliases: self.config.aliases.clone(),
        }
    }
}

/// The texts under `command`, wherever they stand.
fn named_commands(datum: &Datum, found: &mut Vec<String>) {
    match &datum.shape {
        Shape::Map(map) => {
            if let Some(name) = map.text("command") {
                found.push(name.value.trim().to_owned());
            }
            map.entries
                .iter()
                .for_each(|field| named_commands(&field.value, found));
        }
        Shape::List(items) => items.iter().for_each(|item| named_commands(item, found)),
        _ => {}
    }
}

/// Script files by name, those of the pack before those of the repository before the user's.
fn scripts(world: &dyn World, root: Option<&Path>, path: &Path) -> BTreeMap<String, PathBuf> {
    let scopes = [
        path.parent().map(|p| p.join("scripts")),
        root.map(|r| r.join(".archon/scripts")),
        user_folder(world).map(|h| h.join("scripts")),
    ];
    let mut found = BTreeMap::new();
    for folder in scopes.into_iter().flatten() {
        let inner = world.list(&folder).unwrap_or_default();
        let folders: Vec<PathBuf> = std::iter::once(folder.clone())
            .chain(
                inner
                    .iter()
                    .map(|n| folder.join(n))
                    .filter(|p| is_folder(world, p)),
            )
            .collect();
        for folder in folders {
            for name in world.list(&folder).unwrap_or_default() {
                let file = folder.join(&name);
                let stem = ["ts", "js", "py"]
                    .iter()
                    .find_map(|e| name.strip_suffix(e)?.strip_suffix('.'));
                if let Some(stem) = stem.filter(|_| is_file(world, &file)) {
                    found.entry(stem.to_owned()).or_insert(file);
                }
            }
        }
    }
    found
}
