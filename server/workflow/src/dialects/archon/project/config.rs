//! What checking needs of `.archon/config.yaml` (specs/archon.md 2.4).

use std::path::{Path, PathBuf};

use crate::data::{Datum, Map};
use crate::dialects::archon::{document, findings::Findings};
use crate::source::FileId;
use crate::world::World;

/// The repository's configuration over the user's.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Names of model aliases, with their `@`.
    pub aliases: Vec<String>,
    /// `commands.folder`.
    pub commands_folder: Option<String>,
    /// Whether `tiers` or `aliases` are no maps (R69).
    pub malformed: bool,
}

impl Config {
    pub(super) fn read(world: &dyn World, root: Option<&Path>) -> Self {
        let home = world
            .env("ARCHON_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(world.home()?.join(".archon")));
        let mut config = Self::default();
        let files = [
            home.map(|h| h.join("config.yaml")),
            root.map(|r| r.join(".archon/config.yaml")),
        ];
        for bytes in files
            .into_iter()
            .flatten()
            .filter_map(|path| world.read(&path).ok())
        {
            let tree = fermata_syntax::parse_bytes(&bytes);
            if let Some(datum) = document::read(&tree, FileId::ROOT, &mut Findings::default()) {
                config.add(&datum);
            }
        }
        config
    }

    fn add(&mut self, datum: &Datum) {
        let Some(map) = datum.map() else { return };
        let malformed = |key: &str| map.some(key).is_some_and(|d| d.map().is_none());
        self.malformed |= malformed("aliases") || malformed("tiers");
        for (name, _) in map.map("aliases").into_iter().flat_map(Map::iter) {
            let name = if name.value.starts_with('@') {
                name.value.clone()
            } else {
                format!("@{}", name.value)
            };
            self.aliases.push(name);
        }
        if let Some(folder) = map.map("commands").and_then(|c| c.text("folder")) {
            self.commands_folder = Some(folder.value.clone());
        }
    }
}
