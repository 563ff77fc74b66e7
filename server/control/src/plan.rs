//! What a start request would do: the definition loaded and judged, inputs
//! checked, an agent found, a place chosen; or the reason why it will not.
//! Changes nothing but blobs, which nobody sees until a row names them.

use std::path::{Path, PathBuf};

use fermata_engine::EventBody;
use fermata_store::{
    NewEvent, NewRun, NewStart, OsWorld, Proposal, StartAnswer, StartId, Store, new_id, new_run_id,
};
use fermata_workflow::{Dialect, Severity, Step, StepKind, Workflow};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::control::{Control, shown};
use crate::definition::Definition;
use crate::error::ControlError;
use crate::git::Git;
use crate::inputs;
use crate::outcome::{Problem, StartRefusal};
use crate::place::{self, Asked};
use crate::request::{ChangesWish, GatesPolicy, Isolation, StartRequest};
use crate::scope::Scope;
use crate::script::{script_of, script_place};
use crate::trust::canonical;

/// What starting would do.
pub(crate) struct Plan {
    pub(crate) proposal: Proposal,
    pub(crate) scope: String,
    pub(crate) world: OsWorld,
}

/// A start request as it is kept until chosen: complete, so that it reaches the run unchanged.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) workflow: String,
    pub(crate) path: PathBuf,
    pub(crate) message: Option<String>,
    pub(crate) inputs: Map<String, Value>,
    pub(crate) agent: Option<String>,
    pub(crate) request: String,
    pub(crate) conversation: Option<String>,
    pub(crate) gates: Option<GatesPolicy>,
    pub(crate) isolation: Isolation,
    #[serde(default)]
    pub(crate) changes: ChangesWish,
    pub(crate) cwd: Option<PathBuf>,
    pub(crate) allow_errors: bool,
    pub(crate) dry_run: bool,
    pub(crate) stubs: Option<PathBuf>,
    pub(crate) allow_secret_inputs: bool,
    pub(crate) trusted: bool,
    /// Open documents that the definition draws in: path and blob.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unsaved: Vec<(PathBuf, String)>,
}

impl Kept {
    /// The request again, open documents as they were.
    pub(crate) fn request(self, store: &dyn Store) -> Result<StartRequest, ControlError> {
        let overlay = self
            .unsaved
            .iter()
            .map(|(path, blob)| Ok((path.clone(), store.blob(blob)?)))
            .collect::<Result<_, ControlError>>()?;
        Ok(StartRequest {
            file: self.path,
            inputs: self.inputs,
            message: self.message,
            force: false,
            agent: self.agent,
            request: Some(self.request),
            conversation: self.conversation,
            gates: self.gates,
            isolation: self.isolation,
            changes: self.changes,
            overlay,
            cwd: self.cwd,
            allow_errors: self.allow_errors,
            dry_run: self.dry_run,
            stubs: self.stubs,
            allow_secret_inputs: self.allow_secret_inputs,
            trusted: self.trusted,
        })
    }
}

impl Control {
    /// Plans a start.
    pub(crate) fn plan(
        &self,
        request: &StartRequest,
    ) -> Result<Result<Plan, StartRefusal>, ControlError> {
        let world = self.world(request);
        let Some(file) = place_of(&world, &request.file)? else {
            return Ok(Err(StartRefusal::NotFound {
                message: format!(
                    "there is no workflow at {}: name a file, or a workflow that is discovered here",
                    shown(&request.file)
                ),
            }));
        };
        let scope = Scope::of(&file, request.conversation.as_deref());
        if !request.trusted && !self.is_trusted(&scope.root) {
            return Ok(Err(StartRefusal::Untrusted { root: scope.root }));
        }
        let definition = Definition::load(&world, &file);
        let Some(dialect) = definition.loaded.dialect else {
            return Err(ControlError::bad(
                "workflow",
                format!(
                    "{} is no workflow of any dialect: expected a `workflow:` mapping beside `agents:`, or a `nodes:` list",
                    shown(&file)
                ),
            ));
        };
        let problems = problems(&definition, dialect, request.allow_errors);
        if !problems.is_empty() {
            return Ok(Err(StartRefusal::Rejected { problems }));
        }
        let workflow = definition.loaded.workflow.as_ref();
        let name = workflow.map_or_else(
            || {
                file.file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned()
            },
            |workflow| workflow.name.as_str().to_owned(),
        );
        let filled = match workflow {
            Some(workflow) => {
                inputs::with_message(workflow, request.inputs.clone(), request.message.as_deref())?
            }
            None => request.inputs.clone(),
        };
        let missing = workflow.map_or_else(Vec::new, |workflow| inputs::missing(workflow, &filled));
        if !missing.is_empty() {
            return Ok(Err(StartRefusal::InputsNeeded { missing }));
        }
        if let Some(workflow) = workflow {
            inputs::declared(workflow, &filled)?;
        }
        if !request.allow_secret_inputs {
            inputs::no_secrets(&filled)?;
        }
        let agent = self.agent(request);
        if !request.dry_run
            && let Some(workflow) = workflow
            && let Err(refusal) = self.agents_for(workflow, &file, agent.as_deref())
        {
            return Ok(Err(refusal));
        }
        let found = Found {
            file,
            scope,
            name,
            filled,
            agent,
            dialect,
        };
        Ok(Ok(self.proposal(request, world, definition, found)?))
    }

    fn proposal(
        &self,
        request: &StartRequest,
        world: OsWorld,
        definition: Definition,
        found: Found,
    ) -> Result<Plan, ControlError> {
        let at = self.now();
        let store = self.store().as_ref();
        let run = new_run_id(at);
        let cwd = match &request.cwd {
            Some(cwd) => canonical(cwd)?,
            None => found.scope.root.clone(),
        };
        let scope = found.scope.key();
        let decided = match request.changes {
            ChangesWish::Take => Some(true),
            ChangesWish::Leave => Some(false),
            ChangesWish::Ask => self.changes_decided(&scope)?,
        };
        let chosen = place::choose(&Asked {
            home: self.home(),
            config: &self.config().isolation,
            isolation: request.isolation,
            dialect: found.dialect,
            workflow: definition.loaded.workflow.as_ref(),
            name: &found.name,
            root: &found.scope.root,
            cwd: &cwd,
            run: &run,
            dry_run: request.dry_run,
            with_changes: decided,
        });
        if chosen.place.worktree.is_some() {
            based(&found.scope.root)?;
        }
        let changes = match (&chosen.place.worktree, decided) {
            // A git that cannot say what has changed cannot make a worktree either; its worker tells why.
            (Some(_), None) => Git::of(&found.scope.root).changed().unwrap_or_default(),
            _ => Vec::new(),
        };
        let files = definition.pin(store, &world)?;
        let unsaved = files
            .iter()
            .filter(|file| file.unsaved)
            .map(|file| (PathBuf::from(&file.path), file.blob.clone()))
            .collect();
        let kept = Kept {
            workflow: found.name.clone(),
            path: found.file.clone(),
            message: request.message.clone(),
            inputs: request.inputs.clone(),
            agent: found.agent.clone(),
            request: request.request.clone().unwrap_or_else(|| new_id(at)),
            conversation: found.scope.conversation.clone(),
            gates: request.gates,
            isolation: request.isolation,
            changes: request.changes,
            cwd: request.cwd.clone(),
            allow_errors: request.allow_errors,
            dry_run: request.dry_run,
            stubs: request.stubs.clone(),
            allow_secret_inputs: request.allow_secret_inputs,
            trusted: request.trusted,
            unsaved,
        };
        let gates = request.gates.or(self.config().gates).unwrap_or_default();
        let queued = EventBody::RunQueued {
            workflow: found.name.clone(),
            file: shown(&found.file),
            dialect: found.dialect.as_str().to_owned(),
            scope: scope.clone(),
            message: request.message.clone(),
            inputs: found.filled,
            request: kept.request.clone(),
            parent: None,
            gates: gates.to_string(),
            agent: found.agent.or_else(|| stubs(request)),
            actor: self.actor(),
            cwd: shown(&chosen.cwd),
            dry_run: request.dry_run,
        };
        let pinned = EventBody::DefinitionPinned {
            files,
            env: definition.env(store)?,
            steps: definition.steps(),
        };
        let start = NewStart {
            start: StartId(format!("s{}", new_id(at))),
            workflow: found.name,
            request: serde_json::to_value(&kept)
                .map_err(|error| ControlError::bad("inputs", error.to_string()))?,
            created: at,
        };
        Ok(Plan {
            proposal: Proposal {
                run: NewRun {
                    run,
                    events: vec![NewEvent::root(at, queued), NewEvent::root(at, pinned)],
                    place: chosen.place,
                },
                start,
                // A dry run changes nothing, so no earlier run is in its way.
                force: request.force || request.dry_run,
                changes,
            },
            scope,
            world,
        })
    }

    /// Whether uncommitted changes go along in a scope: the user's configuration, else what was answered before.
    fn changes_decided(&self, scope: &str) -> Result<Option<bool>, ControlError> {
        if let Some(with) = self.config().isolation.with_changes {
            return Ok(Some(with));
        }
        let answered = self.store().recall(&changes_key(scope))?;
        Ok(answered.map(|word| word == StartAnswer::WithChanges.as_str()))
    }

    /// The world as the requesting surface sees it.
    pub(crate) fn world(&self, request: &StartRequest) -> OsWorld {
        // Editors name a document as it was opened, the loader by its one true name: both find it.
        let both = request.overlay.iter().flat_map(|(path, bytes)| {
            let names = [path.clone(), path.canonicalize().unwrap_or_default()];
            names.into_iter().map(|name| (name, bytes.clone()))
        });
        let world = OsWorld::with_overlay(both);
        if !self.config().env_file {
            return world;
        }
        let root = canonical(&request.file)
            .map(|file| Scope::of(&file, None).root)
            .unwrap_or_default();
        world.with_env(crate::env::added(&root))
    }

    /// The agent that was asked for, a script's path made absolute: the worker runs elsewhere.
    fn agent(&self, request: &StartRequest) -> Option<String> {
        let agent = request.agent.as_deref().map(str::trim)?;
        let agent = match agent.strip_prefix("scripted:").map(Path::new) {
            Some(script) if script.is_relative() => {
                let base = request
                    .cwd
                    .clone()
                    .or_else(|| std::env::current_dir().ok())
                    .unwrap_or_default();
                format!("scripted:{}", shown(&base.join(script)))
            }
            _ => agent.to_owned(),
        };
        (!agent.is_empty()).then_some(agent)
    }

    fn agents_for(
        &self,
        workflow: &Workflow,
        file: &Path,
        agent: Option<&str>,
    ) -> Result<(), StartRefusal> {
        let beside = script_of(file);
        let mut names: Vec<String> = Vec::new();
        match agent {
            Some(agent) if workflow.steps.iter().any(prompts) => names.push(agent.to_owned()),
            Some(_) => {}
            None => providers(workflow, &mut names),
        }
        for name in names {
            if let Err(mut why) = self.inner.parts.agents.available(&name, beside.as_deref()) {
                if name == "scripted" && beside.is_none() {
                    why.hint = format!(
                        "it answers from a script, and there is no {}: write it (docs/scripted-agent.md), or name one with `--agent scripted:FILE`",
                        script_place(file).display()
                    );
                }
                return Err(StartRefusal::NoAgent {
                    agent: name,
                    why,
                    scripted: beside,
                });
            }
        }
        Ok(())
    }
}

/// Refuses a worktree in a repository that has no commit to make it from.
fn based(root: &Path) -> Result<(), ControlError> {
    let git = Git::of(root);
    match git.line(&["rev-parse", "--verify", "--quiet", "HEAD"]) {
        Ok(_) => Ok(()),
        // A git that does not answer at all is told about by the worker.
        Err(_) if git.line(&["rev-parse", "--git-dir"]).is_err() => Ok(()),
        Err(_) => Err(ControlError::bad(
            "worktree",
            format!(
                "the run would work in a git worktree of its own, and {} has no commit yet to make one from: commit something, or start with --no-worktree to work in the folder itself",
                shown(root)
            ),
        )),
    }
}

struct Found {
    file: PathBuf,
    scope: Scope,
    name: String,
    filled: Map<String, Value>,
    agent: Option<String>,
    dialect: Dialect,
}

/// Under which name the answer about uncommitted changes is remembered.
pub(crate) fn changes_key(scope: &str) -> String {
    format!("changes:{scope}")
}

/// The file under its one true name; a document that was never saved keeps the name it has.
fn place_of(world: &OsWorld, file: &Path) -> Result<Option<PathBuf>, ControlError> {
    match file.canonicalize() {
        Ok(found) => Ok(Some(found)),
        Err(_) if world.is_open(file) => Ok(Some(file.to_path_buf())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ControlError::Io {
            path: shown(file),
            message: error.to_string(),
        }),
    }
}

fn stubs(request: &StartRequest) -> Option<String> {
    let stubs = request.stubs.as_ref().filter(|_| request.dry_run)?;
    Some(format!("stubs:{}", shown(stubs)))
}

/// What forbids a start: errors of the dialect's own rules; those of loading and schema always.
fn problems(definition: &Definition, dialect: Dialect, allow_errors: bool) -> Vec<Problem> {
    let loaded = &definition.loaded;
    loaded
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .filter(|diagnostic| {
            match diagnostic.upstream {
                Some(rule) => !allow_errors || prevents_loading(dialect, rule),
                // What was not read whole cannot be run whole, whoever else would accept it.
                None => diagnostic.code == "file-too-large",
            }
        })
        .map(|diagnostic| {
            let source = loaded.sources.get(diagnostic.loc.file);
            Problem {
                code: diagnostic.code.to_owned(),
                upstream: diagnostic.upstream.map(str::to_owned),
                message: diagnostic.message.clone(),
                path: source.map(|source| source.path.clone()).unwrap_or_default(),
                line: source.map_or(0, |source| {
                    source
                        .tree
                        .line_index()
                        .line_of(diagnostic.loc.span.start()) as usize
                }),
                step: diagnostic.step.clone(),
            }
        })
        .collect()
}

/// Conductor: `L` and `S` rules. Archon: all up to structure and inclusion (R1 to R68); resources come after.
fn prevents_loading(dialect: Dialect, rule: &str) -> bool {
    match dialect {
        Dialect::Conductor => rule.starts_with(['L', 'S']),
        Dialect::Archon => rule
            .strip_prefix('R')
            .and_then(|number| number.parse::<u32>().ok())
            .is_none_or(|number| number <= 68),
    }
}

/// Whether a step needs an agent.
fn prompts(step: &Step) -> bool {
    match &step.kind {
        StepKind::Agent(_) => true,
        StepKind::ForEach(each) => prompts(&each.agent),
        StepKind::Archon(kind) => {
            matches!(kind.word(), "command" | "prompt" | "loop" | "loop_group")
        }
        StepKind::HumanGate(_)
        | StepKind::Questions(_)
        | StepKind::Script(_)
        | StepKind::Set(_)
        | StepKind::Wait(_)
        | StepKind::Terminate(_)
        | StepKind::SubWorkflow(_)
        | StepKind::Parallel(_) => false,
    }
}

/// Provider names of the steps that need an agent, each once.
fn providers(workflow: &Workflow, names: &mut Vec<String>) {
    let usual = workflow.runtime.provider.as_ref().map_or_else(
        || match workflow.dialect {
            Dialect::Conductor => "copilot".to_owned(),
            Dialect::Archon => "claude".to_owned(),
        },
        |provider| provider.as_str().to_owned(),
    );
    for step in &workflow.steps {
        let own = match &step.kind {
            StepKind::Agent(agent) => agent.provider.as_ref(),
            StepKind::ForEach(each) => match &each.agent.kind {
                StepKind::Agent(agent) => agent.provider.as_ref(),
                _ => None,
            },
            _ => None,
        };
        if !prompts(step) {
            continue;
        }
        let name = own.map_or_else(|| usual.clone(), |provider| provider.as_str().to_owned());
        if !names.contains(&name) {
            names.push(name);
        }
    }
}
