//! What checking needs of `.archon/config.yaml` (specs/archon.md 2.4).

use std::collections::BTreeMap;
use std::path::Path;

use super::user_folder;
use crate::data::{Datum, Map};
use crate::dialects::archon::{document, findings::Findings, providers};
use crate::source::FileId;
use crate::world::World;

/// The repository's configuration over the user's.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Names of model aliases, with their `@`.
    pub aliases: Vec<String>,
    /// Providers of aliases and tiers, by the name that stands under `model`.
    pub providers: BTreeMap<String, String>,
    /// `commands.folder`.
    pub commands_folder: Option<String>,
    /// `assistant`: the provider where nothing else says.
    pub assistant: Option<String>,
    /// `worktree.baseBranch`.
    pub base_branch: Option<String>,
    /// `worktree.remote`.
    pub remote: Option<String>,
    /// `docs.path`.
    pub docs: Option<String>,
    /// Everything else that a run reads, the repository's over the user's, key by key: `assistants`, `tiers`, `aliases`.
    pub models: serde_json::Map<String, serde_json::Value>,
    /// Whether `tiers` or `aliases` are no maps (R69).
    pub malformed: bool,
}

impl Config {
    pub(super) fn read(world: &dyn World, root: Option<&Path>) -> Self {
        let home = user_folder(world);
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

    /// The provider that a model's name decides: that of an alias, or of a tier, which is the assistant's by default.
    #[must_use]
    pub fn provider_of(&self, model: &str) -> Option<&str> {
        let tier = matches!(model, "small" | "medium" | "large");
        let default = || tier.then(|| self.assistant.as_deref().unwrap_or(providers::DEFAULT));
        self.providers
            .get(model)
            .map(String::as_str)
            .or_else(default)
    }

    fn add(&mut self, datum: &Datum) {
        let Some(map) = datum.map() else { return };
        let malformed = |key: &str| map.some(key).is_some_and(|d| d.map().is_none());
        self.malformed |= malformed("aliases") || malformed("tiers");
        let provider = |spec: &Datum| {
            spec.map()
                .and_then(|m| m.text("provider"))
                .map(|t| t.value.clone())
        };
        for (name, spec) in map.map("aliases").into_iter().flat_map(Map::iter) {
            let name = format!("@{}", name.value.trim_start_matches('@'));
            self.providers
                .extend(provider(spec).map(|p| (name.clone(), p)));
            self.aliases.push(name);
        }
        for (name, spec) in map.map("tiers").into_iter().flat_map(Map::iter) {
            self.providers
                .extend(provider(spec).map(|p| (name.value.clone(), p)));
        }
        if let Some(assistant) = map.text("assistant") {
            self.assistant = Some(assistant.value.clone());
        }
        let inner = |group: &str, key: &str| {
            let text = map.map(group).and_then(|m| m.text(key));
            text.map(|t| t.value.clone())
        };
        self.base_branch = inner("worktree", "baseBranch").or_else(|| self.base_branch.take());
        self.remote = inner("worktree", "remote").or_else(|| self.remote.take());
        self.docs = inner("docs", "path").or_else(|| self.docs.take());
        for key in ["assistants", "tiers", "aliases"] {
            let Some(serde_json::Value::Object(more)) = map.get(key).map(Datum::to_json) else {
                continue;
            };
            let entry = self
                .models
                .entry(key)
                .or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()));
            if let Some(all) = entry.as_object_mut() {
                all.extend(more);
            }
        }
        if let Some(folder) = map.map("commands").and_then(|c| c.text("folder")) {
            self.commands_folder = Some(folder.value.clone());
        }
    }
}
