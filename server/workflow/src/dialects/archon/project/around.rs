//! What a workflow of the project can name, for rules and the editor.

use std::path::Path;

use serde_json::Value;

use super::{Library, Project, commands, scripts};
use crate::data::{Datum, Shape};
use crate::dialects::archon::structure;
use crate::surroundings::{Neighbour, Surroundings};

impl Project<'_> {
    /// Everything that the workflow at a path can name.
    #[must_use]
    pub fn surroundings(&self, path: &Path, root: Option<&Datum>) -> Surroundings {
        let own = self.members.iter().find(|m| m.path == path);
        let pack = own.and_then(|m| m.pack.as_deref());
        let workflows = self
            .members
            .iter()
            .filter_map(|m| Some((m, m.parsed.as_ref()?)))
            .filter(|(_, parsed)| self.workflow(&parsed.name).is_some())
            .map(|(member, parsed)| {
                let neighbour = Neighbour {
                    path: member.path.clone(),
                    inputs: parsed.inputs.clone(),
                    retried: retried(&parsed.nodes),
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
            scripts: scripts::all(self.world, self.root.as_deref(), path),
            aliases: self.config.aliases.clone(),
            is_named: own.is_some_and(|m| m.parsed.is_some()),
        }
    }
}

/// The most calls that the retries of one agent can come to.
fn retried(nodes: &[Value]) -> u64 {
    let one = |node: &Value| {
        let number = |path: [&str; 2]| node.get(path[0])?.get(path[1])?.as_u64();
        if let Some(body) = structure::body(node) {
            let rounds = number(["loop_group", "max_iterations"]).unwrap_or(1);
            let within = retried(body);
            return if within > 1 {
                within.saturating_mul(rounds)
            } else {
                1
            };
        }
        let agent = structure::text(node, "kind") == "agent";
        number(["retry", "max_attempts"])
            .filter(|_| agent)
            .map_or(1, |retries| retries + 1)
    };
    nodes.iter().map(one).max().unwrap_or(1)
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
