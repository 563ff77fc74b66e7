//! The definition of a run as the scheduler reads it: the workflow and every
//! workflow that its steps run, loaded through the one door to the outside.
//! Nothing here schedules or evaluates.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fermata_workflow::world::normal;
use fermata_workflow::{Dialect, Loaded, Severity, StepKind, Workflow, World};
use indexmap::IndexMap;

use crate::archon::{Project, Setting};

/// One workflow file, lowered.
#[derive(Debug, Clone)]
pub struct Source {
    /// Absolute path of the file.
    pub file: PathBuf,
    /// The model.
    pub workflow: Workflow,
}

impl Source {
    /// The folder that the file lies in.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new("/"))
    }
}

/// A workflow file that cannot run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{file}` cannot run: {}", problems.join("; "))]
pub struct Unloadable {
    /// The file.
    pub file: String,
    /// What the dialect rejects when it loads the file.
    pub problems: Vec<String>,
}

/// The workflow of a run with all its sub-workflows.
#[derive(Debug, Clone)]
pub struct Definition {
    root: String,
    files: IndexMap<String, Result<Arc<Source>, Unloadable>>,
    links: IndexMap<(String, String), String>,
    archon: Option<Arc<Project>>,
}

impl Definition {
    /// Loads a workflow of either dialect with all that a run of it needs. Conductor: every workflow that its steps may
    /// run; those that do not load are kept as such, only the step that reaches one fails. Archon: the expanded graph,
    /// commands, scripts, configuration and what its `workflow:` nodes name; whatever is read here is what a run is
    /// pinned with.
    ///
    /// # Errors
    /// [`Unloadable`] when the workflow itself is rejected at load (rules `L…` and `S…`, for Archon R1 to R68).
    pub fn load(world: &dyn World, file: &Path) -> Result<Self, Unloadable> {
        let loaded = fermata_workflow::load(world, file);
        match loaded.dialect {
            Some(Dialect::Archon) => Self::load_archon(world, file, loaded),
            Some(Dialect::Conductor) | None => Self::load_conductor(world, file),
        }
    }

    fn load_archon(world: &dyn World, file: &Path, loaded: Loaded) -> Result<Self, Unloadable> {
        let root = key(file);
        let source = accept(file, loaded, Dialect::Archon)?;
        let project = Project::load(world, file, &source.workflow);
        Ok(Self {
            files: IndexMap::from([(root.clone(), Ok(Arc::new(source)))]),
            root,
            links: IndexMap::new(),
            archon: Some(Arc::new(project)),
        })
    }

    fn load_conductor(world: &dyn World, file: &Path) -> Result<Self, Unloadable> {
        let root = key(file);
        let mut files = IndexMap::new();
        let mut links = IndexMap::new();
        let mut due = vec![file.to_path_buf()];
        while let Some(path) = due.pop() {
            let name = key(&path);
            if files.contains_key(&name) {
                continue;
            }
            let source = load_one(world, &path);
            if let Ok(source) = &source {
                for (step, reference) in references(&source.workflow) {
                    let target = normal(&source.dir().join(&reference));
                    if of_a_registry(&reference) && world.kind(&target).is_err() {
                        files.entry(key(&target)).or_insert(Err(remote(&reference)));
                    }
                    links.insert((name.clone(), step), key(&target));
                    due.push(target);
                }
            }
            files.insert(name, source.map(Arc::new));
        }
        if let Some(Err(problem)) = files.get(&root) {
            return Err(problem.clone());
        }
        Ok(Self {
            root,
            files,
            links,
            archon: None,
        })
    }

    /// A definition of one workflow that is already lowered.
    #[must_use]
    pub fn of(workflow: Workflow, file: &Path) -> Self {
        let root = key(file);
        let source = Source {
            file: file.to_path_buf(),
            workflow,
        };
        Self {
            files: IndexMap::from([(root.clone(), Ok(Arc::new(source)))]),
            root,
            links: IndexMap::new(),
            archon: None,
        }
    }

    /// The dialect that its root workflow is written in; it decides which scheduler runs it.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.root().workflow.dialect
    }

    /// What only an Archon definition has.
    #[must_use]
    pub fn archon(&self) -> Option<&Project> {
        self.archon.as_deref()
    }

    /// Sets the run in its folders. Only Archon runs have any.
    pub fn set_in(&mut self, setting: Setting) {
        if let Some(project) = &mut self.archon {
            Arc::make_mut(project).set_in(setting);
        }
    }

    /// The run's own workflow.
    ///
    /// # Panics
    /// Never: a definition without it is not built.
    #[must_use]
    pub fn root(&self) -> &Source {
        self.file(&self.root)
            .expect("a definition is only built around a workflow that loads")
    }

    /// A workflow by its file; the root for an empty name.
    #[must_use]
    pub fn file(&self, file: &str) -> Option<&Source> {
        let name = if file.is_empty() { &self.root } else { file };
        self.files
            .get(name)
            .or_else(|| self.files.get(&self.root).filter(|_| name == self.root))
            .and_then(|source| source.as_ref().ok())
            .map(Arc::as_ref)
    }

    /// The workflow that a step of a file runs.
    ///
    /// # Errors
    /// [`Unloadable`] when it is rejected at load.
    pub fn child(&self, file: &str, step: &str) -> Result<&Source, Unloadable> {
        let missing = || Unloadable {
            file: step.to_owned(),
            problems: vec!["no such workflow file".to_owned()],
        };
        let target = self
            .links
            .get(&(file.to_owned(), step.to_owned()))
            .ok_or_else(missing)?;
        match self.files.get(target) {
            Some(Ok(source)) => Ok(source),
            Some(Err(problem)) => Err(problem.clone()),
            None => Err(missing()),
        }
    }

    /// Every loadable file.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.files
            .values()
            .filter_map(|source| source.as_ref().ok().map(Arc::as_ref))
    }

    /// Number of steps of the root workflow.
    #[must_use]
    pub fn steps(&self) -> u64 {
        let workflow = &self.root().workflow;
        match &workflow.archon {
            Some(archon) => archon.nodes.len() as u64,
            None => workflow.steps.len() as u64,
        }
    }
}

fn key(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn load_one(world: &dyn World, path: &Path) -> Result<Source, Unloadable> {
    let loaded = fermata_workflow::load_as(world, path, Dialect::Conductor);
    accept(path, loaded, Dialect::Conductor)
}

/// The workflow of a load, when its dialect's own tool would load it.
fn accept(path: &Path, loaded: Loaded, dialect: Dialect) -> Result<Source, Unloadable> {
    let prevents = |rule: &str| match dialect {
        Dialect::Conductor => rule.starts_with(['L', 'S']),
        // Beyond R68 only resources are missing; the nodes that need them fail.
        Dialect::Archon => rule
            .strip_prefix('R')
            .and_then(|number| number.parse::<u32>().ok())
            .is_none_or(|number| number <= 68),
    };
    let problems: Vec<String> = loaded
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .filter(|d| d.upstream.is_some_and(prevents))
        .map(|d| d.message.clone())
        .collect();
    match loaded.workflow {
        Some(workflow) if problems.is_empty() => Ok(Source {
            file: path.to_path_buf(),
            workflow,
        }),
        _ => Err(Unloadable {
            file: key(path),
            problems: if problems.is_empty() {
                vec![match dialect {
                    Dialect::Conductor => "it is not a Conductor workflow".to_owned(),
                    Dialect::Archon => "it is not an Archon workflow".to_owned(),
                }]
            } else {
                problems
            },
        }),
    }
}

/// Steps that run another workflow, for_each items included, with the reference they name.
fn references(workflow: &Workflow) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for step in &workflow.steps {
        match &step.kind {
            StepKind::SubWorkflow(sub) => {
                found.push((step.name.value.clone(), sub.workflow.value.clone()));
            }
            StepKind::ForEach(each) => {
                if let StepKind::SubWorkflow(sub) = &each.agent.kind {
                    let name = format!("{}[]", step.name.as_str());
                    found.push((name, sub.workflow.value.clone()));
                }
            }
            _ => {}
        }
    }
    found
}

/// Whether a reference that names no file would be looked for in a registry (specs/conductor.md 2).
fn of_a_registry(reference: &str) -> bool {
    let lower = reference.to_ascii_lowercase();
    let file_like =
        reference.contains(['/', '\\']) || lower.ends_with(".yaml") || lower.ends_with(".yml");
    reference.contains('@') || !file_like
}

fn remote(reference: &str) -> Unloadable {
    Unloadable {
        file: reference.to_owned(),
        problems: vec![format!(
            "`{reference}` names a workflow of a registry, and workflows are not fetched over the network; put the file into this repository and name it by its path"
        )],
    }
}
