//! What a run of an Archon workflow needs besides its file: the graphs,
//! commands, scripts, and the files of the workflows that its nodes start.
//! All of it is read when the definition is loaded, so that it is pinned.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use fermata_expr::archon::names;
use fermata_workflow::dialects::archon as dialect;
use fermata_workflow::{Workflow, World};
use serde_json::Value;

use super::graph::{self, Graph};
use super::models::Models;
use super::node::{Kind, Node};
use super::rounds::Control;
use super::scripts::Scripts;
use super::setting::Setting;
use crate::effect::PinnedScript;
use crate::ids::StepPath;
use crate::path::escape;

/// What decides whether many runs of a workflow may be at work at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nature {
    /// Whether it may hold for people.
    pub(crate) interactive: bool,
    /// Whether its runs change their checkout.
    pub(crate) mutates_checkout: bool,
}

/// Graphs, commands, scripts and targets of one workflow.
#[derive(Debug, Clone, Default)]
pub struct Project {
    graphs: HashMap<String, Graph>,
    commands: BTreeMap<String, String>,
    scripts: Scripts,
    targets: BTreeMap<String, PathBuf>,
    natures: BTreeMap<PathBuf, Nature>,
    started: Vec<PathBuf>,
    models: Models,
    base_branch: Option<String>,
    remote: Option<String>,
    docs: Option<String>,
    setting: Setting,
}

impl Project {
    pub(crate) fn load(world: &dyn World, file: &Path, workflow: &Workflow) -> Self {
        let mut project = Self::default();
        let nodes = workflow
            .archon
            .as_ref()
            .map(|settings| settings.nodes.as_slice())
            .unwrap_or_default();
        project.add_graphs(&StepPath::root(), nodes);
        let library = dialect::Project::around(world, file);
        project.models = Models {
            config: library.config.models.clone(),
            assistant: library.config.assistant.clone(),
        };
        project.base_branch.clone_from(&library.config.base_branch);
        project.remote.clone_from(&library.config.remote);
        project.docs.clone_from(&library.config.docs);
        project.draw(world, &library, file, nodes);
        let mut seen = vec![file.to_path_buf()];
        let mut due: Vec<PathBuf> = project.targets.values().cloned().collect();
        // What a child needs is drawn in with its parent: it is pinned then, not when the child starts.
        while let Some(path) = due.pop() {
            if seen.contains(&path) {
                continue;
            }
            let loaded = fermata_workflow::load_as(world, &path, fermata_workflow::Dialect::Archon);
            let mut child = Self::default();
            if let Some(settings) = loaded.workflow.and_then(|workflow| workflow.archon) {
                child.draw(world, &library, &path, &settings.nodes);
                project.natures.insert(
                    path.clone(),
                    Nature {
                        interactive: settings.interactive || holds(&settings.nodes),
                        mutates_checkout: settings.mutates_checkout,
                    },
                );
            }
            due.extend(child.targets.into_values());
            project.started.push(path.clone());
            seen.push(path);
        }
        project
    }

    fn add_graphs(&mut self, scope: &StepPath, nodes: &[Value]) {
        for node in nodes.iter().map(Node::of) {
            if let Some(body) = node.body() {
                self.add_graphs(&scope.child(&escape(node.id())), body);
            }
        }
        self.graphs.insert(graph::key(scope), Graph::of(nodes));
    }

    /// Reads what the nodes name.
    fn draw(
        &mut self,
        world: &dyn World,
        library: &dialect::Project<'_>,
        file: &Path,
        nodes: &[Value],
    ) {
        for node in nodes.iter().map(Node::of) {
            for name in commands_of(node) {
                if let Some((_, text)) = library.command_file(file, name) {
                    self.commands.insert(name.to_owned(), text);
                }
            }
            match node.kind() {
                Kind::Script => self.draw_script(world, library, file, node),
                Kind::Workflow => {
                    let name = node.text("workflow").unwrap_or_default();
                    if let Some(path) = library.file_meant(name) {
                        self.targets.insert(name.to_owned(), path.to_path_buf());
                    }
                }
                Kind::LoopGroup => {
                    let body = node.body().map(Vec::as_slice).unwrap_or_default();
                    self.draw(world, library, file, body);
                }
                Kind::Prompt
                | Kind::Command
                | Kind::Bash
                | Kind::Loop
                | Kind::Approval
                | Kind::Cancel => {}
            }
        }
    }

    fn draw_script(
        &mut self,
        world: &dyn World,
        library: &dialect::Project<'_>,
        file: &Path,
        node: Node<'_>,
    ) {
        let name = node.text("script").unwrap_or_default();
        let runtime = node.text("runtime").unwrap_or_default();
        if names::is_inline_script(name) {
            return;
        }
        if let Some(path) = library.script(file, name, runtime) {
            self.scripts.draw(world, name, runtime, path);
        }
    }

    pub(crate) fn set_in(&mut self, setting: Setting) {
        self.setting = setting;
    }

    /// `worktree.baseBranch` of the configuration.
    #[must_use]
    pub fn base_branch(&self) -> Option<&str> {
        self.base_branch.as_deref()
    }

    /// `worktree.remote` of the configuration.
    #[must_use]
    pub fn remote(&self) -> Option<&str> {
        self.remote.as_deref()
    }

    /// `docs.path` of the configuration.
    #[must_use]
    pub fn docs(&self) -> Option<&str> {
        self.docs.as_deref()
    }

    /// Folders and limits of the run.
    #[must_use]
    pub fn setting(&self) -> &Setting {
        &self.setting
    }

    /// The file of the workflow that a `workflow:` node names.
    #[must_use]
    pub fn target(&self, name: &str) -> Option<&Path> {
        self.targets.get(name).map(PathBuf::as_path)
    }

    /// What is known of the workflow that a `workflow:` node names, when its file loads.
    pub(crate) fn nature(&self, name: &str) -> Option<Nature> {
        self.natures.get(self.target(name)?).copied()
    }

    pub(crate) fn graph(&self, scope: &StepPath) -> Option<&Graph> {
        self.graphs.get(&graph::key(scope))
    }

    pub(crate) fn models(&self) -> &Models {
        &self.models
    }

    pub(crate) fn command(&self, name: &str) -> Option<&str> {
        self.commands.get(name).map(String::as_str)
    }

    /// File of a named script.
    pub(crate) fn script(&self, name: &str, runtime: &str) -> Option<&Path> {
        self.scripts.file(name, runtime)
    }

    /// A named script as it was pinned, with what it may import; copies go below `copies`.
    pub(crate) fn pinned_script(
        &self,
        name: &str,
        runtime: &str,
        copies: &str,
    ) -> Option<PinnedScript> {
        self.scripts.pinned(name, runtime, copies)
    }

    /// What a node is, in words that are compared and never shown: itself, the commands that it sends and the scripts
    /// that it runs, those of its body included.
    #[must_use]
    pub fn content(&self, node: &Value) -> String {
        let mut content = node.to_string();
        self.add_content(Node::of(node), &mut content);
        content
    }

    fn add_content(&self, node: Node<'_>, content: &mut String) {
        for name in commands_of(node) {
            let text = self.commands.get(name).map_or("", String::as_str);
            content.push_str(&format!("\n{name:?}: {text:?}"));
        }
        if node.kind() == Kind::Script {
            let name = node.text("script").unwrap_or_default();
            let runtime = node.text("runtime").unwrap_or_default();
            for (file, bytes) in self.scripts.content(name, runtime) {
                content.push_str(&format!("\n{file:?}: {:?}", String::from_utf8_lossy(bytes)));
            }
        }
        for inner in node.body().into_iter().flatten() {
            self.add_content(Node::of(inner), content);
        }
    }

    /// The files of the workflows that this one's nodes start, and that those start.
    pub fn started_files(&self) -> impl Iterator<Item = &Path> {
        self.started.iter().map(PathBuf::as_path)
    }
}

/// Whether one of the nodes is a gate. A workflow that has one is interactive, whatever it says (rule R15).
fn holds(nodes: &[Value]) -> bool {
    nodes.iter().map(Node::of).any(|node| {
        node.kind() == Kind::Approval
            || Control::of(node).is_some_and(Control::interactive)
            || node.body().is_some_and(|body| holds(body))
    })
}

/// Commands that a node sends: its own, or that of its loop.
fn commands_of(node: Node<'_>) -> impl Iterator<Item = &str> {
    let own = node
        .get("source")
        .filter(|source| source.get("kind").and_then(Value::as_str) == Some("command"))
        .and_then(|source| source.get("name"));
    let looped = node
        .get("loop")
        .and_then(|settings| settings.get("command"));
    own.into_iter().chain(looped).filter_map(Value::as_str)
}
