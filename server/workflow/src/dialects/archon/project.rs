//! The workflows around a file (specs/archon.md 2.1): which files there are, which names they have, and what becomes of
//! a workflow among them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fermata_expr::archon::names;
use fermata_syntax::{Offset, Span, Tree};
use serde_json::Value;

use super::authors::Authors;
use super::expand::{self, ExpandError, Graph, Library};
use super::file::{self, File, Parsed};
use super::findings::{Findings, Refusal};
use super::{nodes, outcome, resource, structure};
use crate::data::Datum;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{FileId, Loc};
use crate::world::{PathKind, World};

mod around;
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
    /// Its text.
    pub(super) tree: Tree,
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
    /// The node of the file, if one is meant.
    pub node: Option<String>,
    /// The include nodes of other files that lead on from there to the one that fails.
    pub within: Vec<String>,
    /// Names in the message.
    pub mentions: Vec<String>,
}

/// The workflows of a repository, and of its user.
pub struct Project<'w> {
    world: &'w dyn World,
    /// The folder that holds `.archon`.
    pub root: Option<PathBuf>,
    members: Vec<Arc<Member>>,
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
            // The user's own folder is no project.
            .filter(|a| user_folder(world).is_none_or(|user| user != *a))
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
    pub fn members(&self) -> &[Arc<Member>] {
        &self.members
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &Member> {
        self.members
            .iter()
            .map(Arc::as_ref)
            .filter(move |m| m.parsed.as_ref().is_some_and(|p| p.name == name))
    }

    /// The one file that has the sound workflow of this name.
    pub(super) fn member_named(&self, name: &str) -> Option<&Member> {
        let mut all = self.named(name);
        all.next().filter(|_| all.next().is_none())
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
                within: Vec::new(),
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
                        let outermost = e.way.first().and_then(|way| way.rsplit('/').next());
                        let node = outermost.unwrap_or(&e.node).to_owned();
                        found.errors.push(Refused {
                            within: e.inner().map(str::to_owned).collect(),
                            ..refuse("R68", e.name, Some(node), e.mentions)
                        });
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
        (file, parsed): (&File, &Parsed),
        authors: &Authors<'_>,
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
        self.pack(path, name_at, findings);
        match self.graph(parsed) {
            Ok(graph) => {
                if findings.project_passed() {
                    resource::check(
                        &resource::Needs {
                            world,
                            project: self,
                            path,
                            map,
                            authors,
                            graph: &graph,
                        },
                        findings,
                    );
                }
                Some(graph)
            }
            Err(Failure::Include(error)) => {
                findings.project(include_problem(&error, authors, name_at));
                None
            }
            Err(Failure::Graph(problem)) => {
                let author = authors.of(&problem.chain());
                findings.project(nodes::problem(&problem, author.as_ref(), name_at));
                None
            }
            Err(Failure::Outcome(problem)) => {
                findings.project(outcome::diagnostic(&problem, map));
                None
            }
        }
    }

    /// R66: the packaged workflow that the file lies in is none.
    fn pack(&self, path: &Path, at: Loc, findings: &mut Findings) {
        let inside = |folder: &str| {
            let parent = path
                .parent()
                .map(|f| f.to_string_lossy().replace('\\', "/"));
            parent.is_some_and(|f| f.ends_with(&format!("/workflows/{folder}")))
        };
        let taken = |file: &str| {
            let left_out = self.members.iter().all(|m| m.path != path);
            left_out && path.file_name().is_some_and(|name| name == file)
        };
        let Some(fault) = self.packs.iter().find(|fault| match fault.name {
            "pack-filename-collision" => taken(&fault.file),
            // A folder that is no pack may hold workflows all the same.
            "pack-bad-dir" => fault.file.contains('/') && inside(&fault.file),
            _ => inside(&fault.file),
        }) else {
            return;
        };
        let file = &fault.file;
        let message = match fault.name {
            "pack-bad-dir" => {
                format!("'{file}' cannot be the name of a packaged workflow; rename the folder")
            }
            "pack-filename-collision" => format!(
                "Another workflow file is called '{file}' too, and one of them is packaged, so neither counts; rename this one"
            ),
            _ => format!("'{file}' must hold exactly one workflow file to be a packaged workflow"),
        };
        findings.project(Diagnostic::new(fault.name, Severity::Error, at, message).upstream("R66"));
    }

    /// The text of a command as a workflow of the project sees it.
    pub(super) fn command_text(&self, path: &Path, name: &str) -> Option<String> {
        let member = self.members.iter().find(|m| m.path == path);
        let pack = member.and_then(|m| m.pack.as_deref());
        let file = commands::find(self.world, self.root.as_deref(), pack, &self.config, name)?;
        Some(String::from_utf8_lossy(&self.world.read(&file).ok()?).into_owned())
    }

    /// Whether a workflow is there for every project: of the user's own folder, or bundled.
    pub(super) fn is_shared(&self, path: &Path) -> bool {
        let global = |m: &Arc<Member>| m.path == path && m.global;
        self.is_bundled(path) || self.members.iter().any(global)
    }

    /// Whether a workflow file is one of those that come with the tool.
    pub(super) fn is_bundled(&self, path: &Path) -> bool {
        path.parent()
            .is_some_and(|folder| folder.ends_with(".archon/workflows/defaults"))
    }

    /// Whether a workflow of this name comes with the tool too.
    pub(super) fn bundles(&self, name: &str) -> bool {
        self.named(name).any(|m| self.is_bundled(&m.path))
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
    fn file_of(&self, name: &str) -> Option<&Path> {
        let mut all = self.named(name);
        let one = all.next()?;
        all.next().is_none().then_some(one.path.as_path())
    }

    /// The file of the workflow that a sub-run means: of this name, else of the only name that differs in the case of
    /// its letters, ends in `-name`, or has the name in it (specs/archon.md 2.1).
    #[must_use]
    pub fn file_meant(&self, name: &str) -> Option<&Path> {
        let sound = self
            .members
            .iter()
            .filter(|member| member.refused.is_none());
        let known: Vec<&str> = sound
            .filter_map(|member| Some(member.parsed.as_ref()?.name.as_str()))
            .collect();
        let meant = || names::resolve(name, &known).ok().flatten();
        self.file_of(name).or_else(|| self.file_of(meant()?))
    }

    /// The names of all commands, for suggestions.
    pub(super) fn command_names(&self) -> Vec<String> {
        commands::all(self.world, self.root.as_deref(), None, &self.config)
            .into_keys()
            .collect()
    }
}

/// R68 at the include that is meant, in the file of its workflow.
fn include_problem(error: &ExpandError, authors: &Authors<'_>, fallback: Loc) -> Diagnostic {
    let author = authors.of_way(&error.way);
    let loc = author.as_ref().map_or(fallback, |author| {
        // A name that is handed over and not declared is the wrong one, its value is not.
        let undeclared = error.name == "include-input-undeclared";
        let key = || {
            let with = author.datum.map()?.map("with")?;
            Some(author.here(with.field(error.mentions.last()?)?.key.loc))
        };
        let key = undeclared.then(key).flatten();
        key.unwrap_or_else(|| author.place(error.field))
    });
    let mut diagnostic = Diagnostic::new(error.name, Severity::Error, loc, error.message.clone())
        .upstream("R68")
        .step(error.node.clone());
    if let Some(author) = author {
        diagnostic = author.included(diagnostic);
    }
    diagnostic
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

/// Where a file of a project stands.
pub(super) struct Standing {
    pub(super) path: PathBuf,
    pub(super) shown: String,
    pub(super) pack: Option<PathBuf>,
    pub(super) global: bool,
}

/// Reads a file of the project in silence, or remembers what it was read as.
pub(super) fn member(world: &dyn World, at: Standing) -> Arc<Member> {
    let Ok(bytes) = world.read(&at.path) else {
        let refusal = Refusal {
            rule: "R67",
            name: "read-error",
            node: None,
            mentions: Vec::new(),
        };
        return Arc::new(at.member(None, Some(refusal), fermata_syntax::parse("")));
    };
    let path = at.path.clone();
    let parse = || {
        let tree = fermata_syntax::parse_bytes(&bytes);
        let mut findings = Findings::default();
        let file = file::read(&tree, FileId::ROOT, &mut findings);
        let loads = findings.loads();
        let refused = findings.first_refusal();
        at.member(file.parsed.filter(|_| loads), refused, tree)
    };
    match world.memo() {
        Some(memo) => memo.member(&path, &bytes, parse),
        None => Arc::new(parse()),
    }
}

impl Standing {
    fn member(self, parsed: Option<Parsed>, refused: Option<Refusal>, tree: Tree) -> Member {
        Member {
            path: self.path,
            shown: self.shown,
            pack: self.pack,
            parsed,
            refused,
            global: self.global,
            tree,
        }
    }
}

/// The user's own folder: `$ARCHON_HOME`, else `~/.archon`.
pub(super) fn user_folder(world: &dyn World) -> Option<PathBuf> {
    let named = world.env("ARCHON_HOME").map(PathBuf::from);
    named.or_else(|| Some(world.home()?.join(".archon")))
}

fn is_file(world: &dyn World, path: &Path) -> bool {
    matches!(world.kind(path), Ok(PathKind::File))
}

fn is_folder(world: &dyn World, path: &Path) -> bool {
    matches!(world.kind(path), Ok(PathKind::Folder))
}
