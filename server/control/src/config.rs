//! Configuration. The user's says what may be done; the repository's can only
//! narrow it. Read once when the door is opened; nothing here looks at the
//! environment beyond where the file lies.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::request::GatesPolicy;

/// A configuration file that does not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}; `fermata schema config` describes it", path.display())]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// What was expected, what was found, where.
    pub message: String,
}

/// `$XDG_CONFIG_HOME/fermata/config.yaml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UserConfig {
    /// Agents and their commands, by name.
    pub agents: BTreeMap<String, AgentConfig>,
    /// What happens when an agent asks to run a tool, by the tool's kind (`read`, `edit`, `execute`, …); `default` for the rest.
    pub permissions: BTreeMap<String, Permission>,
    /// What happens at gates when the request says nothing: `ask`, `stop`, `continue:N` or `first`.
    #[schemars(with = "Option<String>")]
    pub gates: Option<GatesPolicy>,
    /// Commands that are told about gates, failures and completions (JSON on stdin).
    pub on: OnConfig,
    /// Where runs work.
    pub isolation: IsolationConfig,
    /// What is kept of runs that are over.
    pub retention: RetentionConfig,
    /// Whether a worker also gets the variables of `.env` at the workspace root.
    pub env_file: bool,
    /// How many nodes of one Archon run may be at work at once, at least 1; 16 when absent.
    pub parallel: Option<std::num::NonZeroUsize>,
    /// Seconds that a run which waits for people keeps its worker, so that an answer that comes soon finds it; 60 when absent.
    pub park_after: Option<u32>,
}

/// An agent of the user's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AgentConfig {
    /// Program; absent: as the known agent of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Its arguments; only with `command`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Added to the environment.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Mode to set in every session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Model for steps that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Command that logs in, for messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
}

/// What happens when an agent asks to run a tool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// A gate is opened.
    #[default]
    Ask,
    /// Allowed without asking.
    Allow,
    /// Rejected without asking.
    Reject,
}

/// Commands that are told what happened: program and arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OnConfig {
    /// A gate was opened.
    pub gate: Vec<String>,
    /// A run failed.
    pub failed: Vec<String>,
    /// A run completed.
    pub completed: Vec<String>,
}

/// Where runs work when neither request nor workflow says so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IsolationConfig {
    /// Worktrees for Conductor workflows.
    pub conductor_worktree: bool,
    /// Conductor runs hold their checkout.
    pub conductor_holds_checkout: bool,
    /// Whether uncommitted changes of tracked files go along into a worktree; asked once per scope when absent.
    pub with_changes: Option<bool>,
}

/// What is kept per scope.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConfig {
    /// Top-level runs; 200 when absent.
    pub runs: Option<usize>,
    /// Bytes; 2 GiB when absent.
    pub bytes: Option<u64>,
}

/// `.fermata/config.yaml` of a repository: it can only narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RepositoryConfig {
    /// Severities of our own rules by code: `off`, `hint`, `information`, `warning`, `error`.
    pub rules: BTreeMap<String, String>,
    /// Kinds of tools that agents may not run here without being asked about, or at all; `allow` is not taken.
    pub permissions: BTreeMap<String, Permission>,
}

impl UserConfig {
    /// Where the file lies on this machine; `None` when no home folder is known.
    #[must_use]
    pub fn place(env: impl Fn(&str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
        let set = |name: &str| {
            env(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let folder = set("XDG_CONFIG_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| {
                cfg!(windows)
                    .then(|| set("APPDATA"))
                    .flatten()
                    .or_else(|| Some(set("HOME")?.join(".config")))
            })?;
        Some(folder.join("fermata").join("config.yaml"))
    }

    /// Reads the file; a missing one is an empty one.
    ///
    /// # Errors
    /// [`ConfigError`] with place and reason.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        read(path)
    }

    /// What is kept per scope.
    #[must_use]
    pub fn keep(&self) -> fermata_store::Retention {
        let usual = fermata_store::Retention::default();
        fermata_store::Retention {
            runs: self.retention.runs.unwrap_or(usual.runs),
            bytes: self.retention.bytes.unwrap_or(usual.bytes),
        }
    }

    /// The permissions in a repository: what it narrows counts, what it would widen does not.
    #[must_use]
    pub fn permissions_in(&self, repository: &RepositoryConfig) -> BTreeMap<String, Permission> {
        let mut permissions = self.permissions.clone();
        let usual = permissions.get("default").copied().unwrap_or_default();
        for (kind, wished) in &repository.permissions {
            let own = permissions.get(kind).copied().unwrap_or(usual);
            let narrower = match (own, wished) {
                (_, Permission::Reject) | (Permission::Reject, _) => Permission::Reject,
                (Permission::Ask, _) | (_, Permission::Ask) => Permission::Ask,
                (Permission::Allow, Permission::Allow) => Permission::Allow,
            };
            permissions.insert(kind.clone(), narrower);
        }
        permissions
    }
}

impl RepositoryConfig {
    /// Reads `.fermata/config.yaml` under a workspace root; a missing one is an empty one.
    ///
    /// # Errors
    /// [`ConfigError`] with place and reason.
    pub fn read(root: &Path) -> Result<Self, ConfigError> {
        read(&root.join(".fermata").join("config.yaml"))
    }
}

/// The JSON Schemas of both configuration files, as `fermata schema config` prints them.
#[must_use]
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of Fermata",
        "description": "`user` is the schema of $XDG_CONFIG_HOME/fermata/config.yaml, `repository` that of .fermata/config.yaml.",
        "$defs": {
            "user": schemars::schema_for!(UserConfig),
            "repository": schemars::schema_for!(RepositoryConfig),
        },
    })
}

fn read<T: serde::de::DeserializeOwned + Default>(path: &Path) -> Result<T, ConfigError> {
    let failed = |message: String| ConfigError {
        path: path.to_path_buf(),
        message,
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(T::default()),
        Err(error) => return Err(failed(error.to_string())),
    };
    let empty = text
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    if empty {
        return Ok(T::default());
    }
    serde_saphyr::from_str(&text).map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(text: &str) -> Result<UserConfig, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        std::fs::write(&path, text).unwrap();
        UserConfig::read(&path)
    }

    #[test]
    fn a_configuration_is_read_and_an_unknown_key_is_an_error_that_names_the_file() {
        let config = user(
            "agents:\n  mine: {command: x, args: [a]}\ngates: continue:5\non: {gate: [notify-send, hi]}\npermissions: {default: ask, read: allow}\nretention: {runs: 3}\n",
        )
        .unwrap();
        assert_eq!(config.agents["mine"].command.as_deref(), Some("x"));
        assert_eq!(config.gates, Some(GatesPolicy::Continue(5)));
        assert_eq!(config.keep().runs, 3);
        let error = user("agnets: {}\n").unwrap_err();
        assert!(error.to_string().contains("config.yaml"), "{error}");
        assert!(error.to_string().contains("agnets"), "{error}");
        assert_eq!(user("# nothing\n").unwrap(), UserConfig::default());
    }

    #[test]
    fn the_schema_names_every_key_that_is_read() {
        let schema = schema();
        for (file, keys) in [
            ("user", json!(UserConfig::default())),
            ("repository", json!(RepositoryConfig::default())),
        ] {
            let described = &schema["$defs"][file]["properties"];
            for key in keys.as_object().unwrap().keys() {
                assert!(described.get(key).is_some(), "{file}: {key}");
            }
        }
    }

    #[test]
    fn a_repository_can_narrow_permissions_and_never_widen_them() {
        let config = user("permissions: {read: allow, edit: ask, execute: reject}\n").unwrap();
        let repository = RepositoryConfig {
            permissions: [
                ("read".to_owned(), Permission::Ask),
                ("edit".to_owned(), Permission::Allow),
                ("execute".to_owned(), Permission::Allow),
                ("fetch".to_owned(), Permission::Allow),
            ]
            .into(),
            ..RepositoryConfig::default()
        };
        let narrowed = config.permissions_in(&repository);
        assert_eq!(narrowed["read"], Permission::Ask);
        assert_eq!(narrowed["edit"], Permission::Ask);
        assert_eq!(narrowed["execute"], Permission::Reject);
        assert_eq!(narrowed["fetch"], Permission::Ask);
    }
}
