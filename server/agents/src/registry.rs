//! The agents that can be used here: the user's own, the known ones on the PATH, and
//! the scripted one; and the runner's trait on top of them. How an agent is talked
//! to is in `acp`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use fermata_runner::agent::{
    AgentError, AgentErrorKind, AgentProvider, AgentSink, NoAgent, StepOutput, StepRequest,
};
use serde::{Deserialize, Serialize};

use crate::acp::{Host, Launch};
use crate::limits::Limits;
use crate::preset::{self, PRESETS, Preset};

/// An agent of the user configuration: `agents: {NAME: {command: …}}`. Under the name of a known
/// agent it replaces what is not absent here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UserAgent {
    /// Program; a bare name is looked for on the PATH. Absent: as the known agent of that name.
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

/// What [`Agents`] are made from. Everything comes from the user, nothing from a repository,
/// except the script, which can do nothing.
#[derive(Debug, Clone, Default)]
pub struct AgentsConfig {
    /// The user configuration's `agents`, by name.
    pub user: BTreeMap<String, UserAgent>,
    /// Script of the agent `scripted`, when its name comes without one.
    pub script: Option<PathBuf>,
    /// The program that has `scripted-agent FILE`: this one, usually.
    pub exe: PathBuf,
    /// The PATH to look on.
    pub path: Option<OsString>,
    /// Patience.
    pub limits: Limits,
}

/// Every agent that prompts can be given to.
pub struct Agents {
    config: AgentsConfig,
    host: Arc<Host>,
}

/// One line of what is installed and what is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgentStatus {
    /// The agent's name.
    pub name: String,
    /// What would be started, if it is there.
    pub command: Option<String>,
    /// Whether it comes from the user configuration.
    pub configured: bool,
    /// What to do when it is not there.
    pub advice: Option<String>,
}

impl Agents {
    /// The agents of that configuration. Nothing is looked up or started yet.
    #[must_use]
    pub fn new(config: AgentsConfig) -> Self {
        let host = Arc::new(Host::new(config.limits));
        Self { config, host }
    }

    /// What is installed and what is missing, the user's own first.
    #[must_use]
    pub fn list(&self) -> Vec<AgentStatus> {
        let own = self.config.user.keys().map(String::as_str);
        let known = PRESETS
            .iter()
            .map(|preset| preset.name)
            .filter(|name| !self.config.user.contains_key(*name));
        own.chain(known)
            .map(|name| {
                let found = self.resolve(name);
                AgentStatus {
                    name: name.to_owned(),
                    command: found.as_ref().ok().map(Launch::command_line),
                    configured: self.config.user.contains_key(name),
                    advice: found.err().map(|missing| {
                        // What is good for a refusal need not be read once for each agent.
                        let advice = missing.advice;
                        advice
                            .strip_suffix(INSTEAD)
                            .and_then(|rest| rest.strip_suffix("; "))
                            .map_or_else(|| advice.clone(), str::to_owned)
                    }),
                }
            })
            .collect()
    }

    fn resolve(&self, name: &str) -> Result<Launch, NoAgent> {
        if name == "scripted" || name.starts_with("scripted:") {
            return self.scripted(name);
        }
        let mut looked_for = Vec::new();
        if let Some(own) = self.config.user.get(name) {
            let at = format!("`agents: {name}` in the user configuration");
            let Some(command) = &own.command else {
                looked_for.push(format!("{at} (it names no command)"));
                let launch = self.known(name, &mut looked_for)?;
                return Ok(with_own(launch, own));
            };
            return match self.find(command) {
                Some(program) => Ok(with_own(
                    Launch {
                        name: name.to_owned(),
                        program,
                        args: own.args.iter().map(OsString::from).collect(),
                        ..Launch::default()
                    },
                    own,
                )),
                None => Err(NoAgent {
                    name: name.to_owned(),
                    looked_for: vec![format!("`{command}`, which {at} names")],
                    advice: format!("correct the command or install `{command}`; {INSTEAD}"),
                }),
            };
        }
        looked_for.push(format!("`agents: {name}` in the user configuration"));
        self.known(name, &mut looked_for)
    }

    fn known(&self, name: &str, looked_for: &mut Vec<String>) -> Result<Launch, NoAgent> {
        let Some(preset) = preset::named(name) else {
            let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
            looked_for.push(format!("the known agents {}", names.join(", ")));
            return Err(NoAgent {
                name: name.to_owned(),
                looked_for: std::mem::take(looked_for),
                advice: format!(
                    "name one that is installed with `--agent NAME`, or give `{name}` a command under `agents` in the user configuration; {INSTEAD}"
                ),
            });
        };
        for way in preset.ways {
            let Some(program) = self.find(way.program) else {
                looked_for.push(format!("`{}` on the PATH", way.program));
                continue;
            };
            let mut launch = from_preset(preset, program, way.args);
            if let Some((partner, variable)) = way.with {
                let Some(place) = self.find(partner) else {
                    looked_for.push(format!("`{partner}` on the PATH"));
                    continue;
                };
                launch
                    .env
                    .push((variable.to_owned(), place.display().to_string()));
            }
            return Ok(launch);
        }
        Err(NoAgent {
            name: name.to_owned(),
            looked_for: std::mem::take(looked_for),
            advice: format!("install it: {}; {INSTEAD}", preset.install),
        })
    }

    fn scripted(&self, name: &str) -> Result<Launch, NoAgent> {
        let given = name.strip_prefix("scripted:").map(PathBuf::from);
        let Some(script) = given.or_else(|| self.config.script.clone()) else {
            return Err(NoAgent {
                name: name.to_owned(),
                looked_for: vec!["a script of its own".to_owned()],
                advice:
                    "pass one with `--agent scripted:FILE`, or put NAME.script.yaml beside NAME.yaml (into .archon/ for a workflow of Archon)"
                        .to_owned(),
            });
        };
        if !script.is_file() {
            return Err(NoAgent {
                name: name.to_owned(),
                looked_for: vec![format!("the script {}", script.display())],
                advice: "write it (docs/scripted-agent.md shows how) or pass another with `--agent scripted:FILE`"
                    .to_owned(),
            });
        }
        // The agent runs in the step's folder, where a relative path would mean another file.
        let script = std::path::absolute(&script).unwrap_or(script);
        Ok(Launch {
            name: name.to_owned(),
            program: self.config.exe.clone(),
            args: vec!["scripted-agent".into(), script.into_os_string()],
            scripted: true,
            ..Launch::default()
        })
    }

    fn find(&self, command: &str) -> Option<PathBuf> {
        find_program(command, self.config.path.as_deref())
    }
}

/// The ways out that every refusal offers.
pub const INSTEAD: &str = "without any agent, `--dry-run` shows which way the workflow takes and `--agent scripted:FILE` answers from a script";

#[async_trait]
impl AgentProvider for Agents {
    fn available(&self, name: &str) -> Result<(), NoAgent> {
        self.resolve(name).map(|_| ())
    }

    async fn run_step(
        &self,
        request: StepRequest,
        sink: Arc<dyn AgentSink>,
    ) -> Result<StepOutput, AgentError> {
        let launch = self.resolve(&request.agent).map_err(|missing| AgentError {
            kind: AgentErrorKind::Start,
            message: missing.to_string(),
            retryable: false,
            status: None,
        })?;
        self.host.run(launch, request, sink).await
    }

    async fn end(&self, conversation: &str) {
        self.host.end(conversation).await;
    }

    async fn shutdown(&self) {
        self.host.shutdown().await;
    }
}

fn from_preset(preset: &Preset, program: PathBuf, args: &[&str]) -> Launch {
    Launch {
        name: preset.name.to_owned(),
        program,
        args: args.iter().map(OsString::from).collect(),
        env: preset
            .env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        mode: preset.mode.map(str::to_owned),
        model: None,
        model_flag: preset.model_flag.map(str::to_owned),
        login: preset.login.map(str::to_owned),
        hosted_default: preset.hosted_default.map(str::to_owned),
        session_meta: preset
            .session_meta
            .and_then(|text| serde_json::from_str(text).ok()),
        sums_usage: preset.sums_usage,
        drops_process_servers: preset.drops_process_servers,
        scripted: false,
    }
}

fn with_own(mut launch: Launch, own: &UserAgent) -> Launch {
    let env = own.env.iter();
    launch
        .env
        .extend(env.map(|(name, value)| (name.clone(), value.clone())));
    launch.mode = own.mode.clone().or(launch.mode);
    launch.model = own.model.clone().or(launch.model);
    launch.login = own.login.clone().or(launch.login);
    launch
}

/// A program by name on that PATH, or by path. A file that is there but cannot be executed counts
/// when it was named by path, so that starting it can say why it fails.
fn find_program(command: &str, path: Option<&OsStr>) -> Option<PathBuf> {
    let named = Path::new(command);
    if named.components().count() > 1 {
        return named.is_file().then(|| named.to_owned());
    }
    let endings: &[&str] = if cfg!(windows) {
        &[".exe", ".cmd", ".bat"]
    } else {
        &[""]
    };
    std::env::split_paths(path?)
        .filter(|folder| folder.is_absolute())
        .flat_map(|folder| {
            endings
                .iter()
                .map(move |ending| folder.join(format!("{command}{ending}")))
        })
        .find(|file| is_executable(file))
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file)
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.is_file()
}
