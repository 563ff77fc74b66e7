//! Which provider, model and effort a prompt runs with (specs/archon.md 2.4):
//! tiers and aliases of the configuration, settings of the node over them.

use serde_json::{Map, Value};

use super::node::Node;
use crate::draft::failure;
use crate::event::Failure;

/// The provider where nothing names one.
pub(crate) const PROVIDER: &str = "claude";
/// Tiers in the order in which a missing one is looked for in its neighbours.
const TIERS: [&str; 3] = ["small", "medium", "large"];

/// What of the configuration decides about models.
#[derive(Debug, Clone, Default)]
pub(crate) struct Models {
    /// `assistants`, `tiers` and `aliases` as data.
    pub(crate) config: Map<String, Value>,
    /// `assistant`.
    pub(crate) assistant: Option<String>,
}

/// What a prompt runs with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Model {
    pub(crate) provider: String,
    pub(crate) model: Option<String>,
    pub(crate) effort: Option<String>,
}

impl Models {
    /// The model of a node.
    ///
    /// # Errors
    /// A [`Failure`] of class `alias` for a name that the configuration does not have.
    pub(crate) fn of(&self, node: Node<'_>, around: Option<&str>) -> Result<Model, Failure> {
        let written = node.text("model");
        let named = match written {
            Some(name) if name.starts_with('@') => Some(self.alias(name)?),
            Some(tier) if TIERS.contains(&tier) => Some(self.tier(tier, node)),
            Some(_) | None => None,
        };
        let of = |key: &str| -> Option<String> {
            let spec = named.as_ref()?.as_ref()?;
            Some(spec.get(key)?.as_str()?.to_owned())
        };
        let provider = node
            .text("provider")
            .or(around)
            .map(str::to_owned)
            .or_else(|| of("provider"))
            .unwrap_or_else(|| self.usual());
        let model = match (&named, written) {
            (Some(_), _) => of("model"),
            (None, Some(literal)) => Some(literal.to_owned()),
            (None, None) => self.default_of(&provider),
        };
        let effort = node
            .text("effort")
            .map(str::to_owned)
            .or_else(|| of("effort"));
        Ok(Model {
            provider,
            model,
            effort,
        })
    }

    fn usual(&self) -> String {
        self.assistant
            .clone()
            .unwrap_or_else(|| PROVIDER.to_owned())
    }

    fn group(&self, key: &str) -> Option<&Map<String, Value>> {
        self.config.get(key)?.as_object()
    }

    fn default_of(&self, provider: &str) -> Option<String> {
        let settings = self.group("assistants")?.get(provider)?;
        Some(settings.get("model")?.as_str()?.to_owned())
    }

    fn alias(&self, name: &str) -> Result<Option<Value>, Failure> {
        let bare = name.trim_start_matches('@');
        let aliases = self.group("aliases");
        let found = aliases.and_then(|all| {
            all.iter()
                .find(|(key, _)| key.trim_start_matches('@') == bare)
        });
        match found {
            Some((_, spec)) => Ok(Some(spec.clone())),
            None => {
                let known: Vec<&str> = aliases
                    .into_iter()
                    .flatten()
                    .map(|(key, _)| key.as_str())
                    .collect();
                Err(failure(
                    "alias",
                    format!(
                        "the model `{name}` is no alias of .archon/config.yaml, which has {}",
                        if known.is_empty() {
                            "none".to_owned()
                        } else {
                            known.join(", ")
                        }
                    ),
                    &[name],
                ))
            }
        }
    }

    /// The tier as configured, else its nearest neighbour, else the provider's own.
    fn tier(&self, tier: &str, node: Node<'_>) -> Option<Value> {
        let at = TIERS.iter().position(|known| *known == tier)?;
        let order: &[usize] = match at {
            0 => &[0, 1, 2],
            1 => &[1, 2, 0],
            _ => &[2, 1, 0],
        };
        let configured = self.group("tiers").and_then(|tiers| {
            order
                .iter()
                .find_map(|at| tiers.get(TIERS[*at]).filter(|spec| spec.is_object()))
        });
        if let Some(spec) = configured {
            return Some(spec.clone());
        }
        let provider = node
            .text("provider")
            .map_or_else(|| self.usual(), str::to_owned);
        let mut spec = Map::new();
        match provider.as_str() {
            "claude" => {
                let model = ["haiku", "sonnet", "opus"][at];
                spec.insert("model".to_owned(), Value::from(model));
            }
            "codex" => {
                let effort = ["minimal", "medium", "high"][at];
                spec.insert("effort".to_owned(), Value::from(effort));
            }
            _ => {}
        }
        Some(Value::Object(spec))
    }
}
