//! The workflows around a file (specs/archon.md 2.1): which files there are, which names they have, and what becomes of
//! a workflow among them.

use std::path::{Path, PathBuf};

use fermata_syntax::{Offset, Span};
use serde_json::Value;

use super::expand::{self, ExpandError, Graph, Library};
use super::file::{self, File, Parsed};
use super::findings::{Findings, Refusal};
use super::{nodes, outcome, place, resource, structure};
use crate::data::Datum;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{FileId, Loc};
use crate::world::{PathKind, World};

mod commands;
mod config;
mod scripts;
mod walk;

pub use config::Config;

/// One workflow file of a project.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its path.
    pub path: PathBuf,
    /// The path below `workflows/`, with `/`.
    pub shown: String,
    /// The folder of its pack, if it comes in one.
    pub pack: Option<PathBuf>,
    /// What it says; `None` when it does not load by itself.
    pub parsed: Option<Parsed>,
    /// What keeps it from loading by itself.
    pub refused: Option<Refusal>,
    /// Whether it comes from the user's own folder.
    pub global: bool,
}

/// What a search for workflows finds.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Names of the workflows that can be run, sorted.
    pub workflows: Vec<String>,
    /// Files that cannot, with rule, name of the rule, node and names in the message.
    pub errors: Vec<Refused>,
}

/// A file that is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The file or folder below `workflows/`.
    pub file: String,
    /// The rule's number.
    pub rule: &'static str,
    /// The rule's name.
    pub name: &'static str,
    /// The node, if one is meant.
    pub node: Option<String>,
    /// Names in the message.
    pub mentions: Vec<String>,
}

/// The workflows of a repository, and of its user.
pub struct Project<'w> {
    world: &'w dyn World,
    /// The folder that holds `.archon`.
    pub root: Option<PathBuf>,
    members: Vec<Member>,
    packs: Vec<Refused>,
    /// `.archon/config.yaml`.
    pub config: Config,
}

impl<'w> Project<'w> {
    /// The project that a workflow file lies in.
    #[must_use]
    pub fn around(world: &'w dyn World, path: &Path) -> Self {
        let root = path
            .ancestors()
            .find(|a| a.ends_with(".archon/workflows"))
            .and_then(Path::parent)
            .and_then(Path::parent);
        Self::at(world, root)
    }

    /// The project of a repository.
    #[must_use]
    pub fn at(world: &'w dyn World, root: Option<&Path>) -> Self {
        let config = Config::read(world, root);
        let (members, packs) = walk::members(world, root);
        Self {
            world,
            root: root.map(Path::to_path_buf),
            members,
            packs,
            config,
        }
    }

    /// Every file of the project.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &Member> {
        self.members
            .iter()
            .filter(move |m| m.parsed.as_ref().is_some_and(|p| p.name == name))
    }

    /// Everything that can be run and everything that cannot.
    #[must_use]
    pub fn discover(&self) -> Found {
        let mut found = Found {
            errors: self.packs.clone(),
            ..Found::default()
        };
        for member in &self.members {
            let base = member
                .path
                .file_name()
                .map(|n| n.to_string_lossy().into_owned())
                .unwrap_or_default();
            let refuse = |rule, name, node: Option<String>, mentions| Refused {
                file: base.clone(),
                rule,
                name,
                node,
                mentions,
            };
            match (&member.parsed, &member.refused) {
                (_, Some(r)) => {
                    found
                        .errors
                        .push(refuse(r.rule, r.name, r.node.clone(), r.mentions.clone()))
                }
                (None, None) => {}
                (Some(parsed), None) if self.named(&parsed.name).count() > 1 => {
                    found.errors.push(refuse(
                        "R65",
                        "duplicate-workflow-name",
                        None,
                        vec![parsed.name.clone()],
                    ));
                }
                (Some(parsed), None) => match self.graph(parsed) {
                    Ok(_) => found.workflows.push(parsed.name.clone()),
                    Err(Failure::Include(e)) => {
                        found
                            .errors
                            .push(refuse("R68", e.name, Some(e.node), e.mentions))
                    }
                    Err(Failure::Graph(p)) => found
                        .errors
                        .push(refuse(p.rule, p.name, p.node, p.mentions)),
                    Err(Failure::Outcome(p)) => {
                        found.errors.push(refuse("R14", p.name, None, p.mentions))
                    }
                },
            }
        }
        found.workflows.sort();
        found.errors.sort_by(|a, b| a.file.cmp(&b.file));
        found
    }

    /// A workflow with its includes, checked again as a whole.
    fn graph(&self, parsed: &Parsed) -> Result<Graph, Failure> {
        let graph = expand::expand(parsed, self).map_err(Failure::Include)?;
        if let Some(problem) = structure::check(&graph.nodes).into_iter().next() {
            return Err(Failure::Graph(problem));
        }
        let field = parsed
            .outcome_field
            .as_ref()
            .map(|f| Value::String(f.clone()));
        if let Some(problem) =
            outcome::outcome_field(field.as_ref(), graph.returns.as_deref(), &graph.nodes)
        {
            return Err(Failure::Outcome(problem));
        }
        Ok(graph)
    }

    /// The graph of the workflow of this name, when it can be run.
    #[must_use]
    pub fn expanded(&self, name: &str) -> Option<Graph> {
        let parsed = self.named(name).next()?.parsed.as_ref()?;
        self.graph(parsed).ok()
    }

    /// How many warnings the dialect shows for a workflow.
    #[must_use]
    pub fn warnings(&self, name: &str) -> usize {
        self.named(name)
            .next()
            .and_then(|m| m.parsed.as_ref())
            .map_or(0, |p| p.warnings)
    }

    /// Checks one file of the project among the others; the graph, when it can be run.
    pub(super) fn check(
        &self,
        world: &dyn World,
        path: &Path,
        file: &File,
        parsed: &Parsed,
        findings: &mut Findings,
    ) -> Option<Graph> {
        let map = file.root.as_ref().and_then(Datum::map)?;
        let name_at = map.get("name").map_or(
            Loc {
                file: FileId::ROOT,
                span: Span::empty(Offset::new(0)),
            },
            |d| d.loc,
        );
        let others: Vec<&str> = self
            .named(&parsed.name)
            .filter(|m| m.path != path)
            .map(|m| m.shown.as_str())
            .collect();
        if !others.is_empty() {
            let message = format!(
                "'{}' is the name of {} too; every file of that name is left out",
                parsed.name,
                others.join(", ")
            );
            findings.project(
                Diagnostic::new("duplicate-workflow-name", Severity::Error, name_at, message)
                    .upstream("R65"),
            );
        }
        match self.graph(parsed) {
            Ok(graph) => {
                if findings.project_passed() {
                    resource::check(
                        &resource::Needs {
                            world,
                            project: self,
                            path,
                            map,
                            parsed,
                            graph: &graph,
                        },
                        findings,
                    );
                }
                Some(graph)
            }
            Err(Failure::Include(error)) => {
                let loc = parsed
                    .written
                    .iter()
                    .find(|(chain, _)| chain.rsplit('/').next() == Some(&error.root))
                    .map_or(name_at, |(_, d)| place::of(d, &place::dotted(error.field)));
                findings.project(
                    Diagnostic::new(error.name, Severity::Error, loc, error.message.clone())
                        .upstream("R68")
                        .step(error.root),
                );
                None
            }
            Err(Failure::Graph(problem)) => {
                let include = problem
                    .node
                    .as_deref()
                    .and_then(|n| n.split("__").next())
                    .filter(|n| parsed.written.contains_key(*n));
                findings.project(nodes::problem(
                    &problem,
                    &parsed.written,
                    name_at,
                    include,
                    None,
                ));
                None
            }
            Err(Failure::Outcome(problem)) => {
                findings.project(outcome::diagnostic(&problem, map));
                None
            }
        }
    }

    /// Whether a command exists for a workflow of the project.
    pub(super) fn has_command(&self, path: &Path, name: &str) -> bool {
        let pack = self
            .members
            .iter()
            .find(|m| m.path == path)
            .and_then(|m| m.pack.clone());
        commands::find(
            self.world,
            self.root.as_deref(),
            pack.as_deref(),
            &self.config,
            name,
        )
        .is_some()
    }

    /// The file of a command and its text, as a workflow file of the project sees it.
    #[must_use]
    pub fn command_file(&self, workflow: &Path, name: &str) -> Option<(PathBuf, String)> {
        let pack = self
            .members
            .iter()
            .find(|m| m.path == workflow)
            .and_then(|m| m.pack.clone());
        let root = self.root.as_deref();
        let path = commands::find(self.world, root, pack.as_deref(), &self.config, name)?;
        let bytes = self.world.read(&path).ok()?;
        Some((path, String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The file of a named script, as a workflow file of the project sees it.
    #[must_use]
    pub fn script(&self, workflow: &Path, name: &str, runtime: &str) -> Option<PathBuf> {
        scripts::find(self.world, self.root.as_deref(), workflow, name, runtime)
    }

    /// The file of the workflow of this name, when exactly one file has it.
    #[must_use]
    pub fn file_of(&self, name: &str) -> Option<&Path> {
        let mut all = self.named(name);
        let one = all.next()?;
        all.next().is_none().then_some(one.path.as_path())
    }

    /// The names of all commands, for suggestions.
    pub(super) fn command_names(&self) -> Vec<String> {
        commands::names(self.world, self.root.as_deref(), &self.config)
    }
}

enum Failure {
    Include(ExpandError),
    Graph(structure::Problem),
    Outcome(outcome::Problem),
}

impl Library for Project<'_> {
    fn workflow(&self, name: &str) -> Option<&Parsed> {
        let mut all = self.named(name);
        let one = all.next()?;
        // Of two files with one name neither is taken.
        all.next()
            .is_none()
            .then_some(one.parsed.as_ref()?)
            .filter(|_| one.refused.is_none())
    }

    fn names(&self) -> Vec<&str> {
        self.members
            .iter()
            .filter_map(|m| m.parsed.as_ref())
            .map(|p| p.name.as_str())
            .collect()
    }

    fn command(&self, of: &str, name: &str) -> Option<String> {
        let pack = self.named(of).next().and_then(|m| m.pack.as_deref());
        let path = commands::find(self.world, self.root.as_deref(), pack, &self.config, name)?;
        Some(String::from_utf8_lossy(&self.world.read(&path).ok()?).into_owned())
    }
}

/// Reads a file of the project in silence.
fn member(world: &dyn World, path: &Path) -> (Option<Parsed>, Option<Refusal>) {
    let Ok(bytes) = world.read(path) else {
        let refusal = Refusal {
            rule: "R67",
            name: "read-error",
            node: None,
            mentions: Vec::new(),
        };
        return (None, Some(refusal));
    };
    let tree = fermata_syntax::parse_bytes(&bytes);
    let mut findings = Findings::default();
    let file = file::read(&tree, FileId::ROOT, &mut findings);
    let loads = findings.loads();
    let refused = findings.first_refusal();
    (file.parsed.filter(|_| loads), refused)
}

fn is_file(world: &dyn World, path: &Path) -> bool {
    matches!(world.kind(path), Ok(PathKind::File))
}

fn is_folder(world: &dyn World, path: &Path) -> bool {
    matches!(world.kind(path), Ok(PathKind::Folder))
}
