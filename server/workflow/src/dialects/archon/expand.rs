//! Includes (specs/archon.md 2.5): the nodes of another workflow in place of one node. Pure: workflows and command files
//! come in by two functions.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::file::Parsed;
use super::outcome;
use super::structure::{self, depends_on, id};

mod commands;
mod inputs;
mod rename;
mod texts;

/// More than this many workflows inside each other are refused. The dialect's own limit of three depends on the order
/// of files and is not kept (specs/archon.md 13.1).
pub const MAX_DEPTH: usize = 16;

/// A workflow with everything it includes.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// Its nodes as the engine runs them.
    pub nodes: Vec<Value>,
    /// The node whose output is the result.
    pub returns: Option<String>,
    /// What the workflow and its includes require.
    pub requires: Vec<String>,
    /// Texts that its includes were handed over. They may read inputs of the workflow itself.
    pub(super) handed: Vec<String>,
}

/// Why an include cannot be expanded (R68).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpandError {
    /// The rule's name.
    pub name: &'static str,
    /// The include node, in the workflow that has it.
    pub node: String,
    /// The include nodes that lead there, outermost first and this one last: each by its chain of ids in its own
    /// workflow (`group/include`).
    pub way: Vec<String>,
    /// The field of the include node that is meant.
    pub field: &'static str,
    /// Names that the message is about.
    pub mentions: Vec<String>,
    /// What is wrong and what would be right.
    pub message: String,
}

impl ExpandError {
    fn new(
        name: &'static str,
        node: &str,
        field: &'static str,
        mentions: &[&str],
        message: impl Into<String>,
    ) -> Self {
        let mentions = mentions.iter().map(|m| (*m).to_owned()).collect();
        Self {
            name,
            node: node.to_owned(),
            way: Vec::new(),
            field,
            mentions,
            message: message.into(),
        }
    }

    /// The ids of the include nodes behind the outermost one, without their groups.
    pub(super) fn inner(&self) -> impl Iterator<Item = &str> {
        let ids = self.way.iter().skip(1);
        ids.filter_map(|chain| chain.rsplit('/').next())
    }
}

/// What expansion asks of its surroundings.
pub trait Library {
    /// The sound workflow of this name.
    fn workflow(&self, name: &str) -> Option<&Parsed>;
    /// Names of all workflows, for suggestions.
    fn names(&self) -> Vec<&str>;
    /// The text of a command as the workflow `of` sees it: `None` when there is no such file.
    fn command(&self, of: &str, name: &str) -> Option<String>;
}

/// Expands a workflow and pushes its settings down into its nodes.
///
/// # Errors
/// The first include that cannot be expanded.
pub fn expand(root: &Parsed, library: &dyn Library) -> Result<Graph, ExpandError> {
    graph(root, library, std::slice::from_ref(&root.name))
}

fn graph(file: &Parsed, library: &dyn Library, chain: &[String]) -> Result<Graph, ExpandError> {
    let mut nodes = file.nodes.clone();
    push_settings(&mut nodes, &file.pushed, false);
    let mut whole = Graph {
        requires: file.requires.clone(),
        ..Graph::default()
    };
    let (nodes, uses) = scope(nodes, "", &mut whole, library, chain)?;
    let result = |name: String| uses.get(&name).map_or(name, |ends| ends.result.clone());
    Ok(Graph {
        nodes,
        returns: file.returns.clone().map(result),
        ..whole
    })
}

/// Settings of a workflow hold for its own nodes, bodies included, where these do not say otherwise.
fn push_settings(nodes: &mut [Value], settings: &IndexMap<String, Value>, in_body: bool) {
    for node in nodes
        .iter_mut()
        .filter_map(Value::as_object_mut)
        .filter(|n| !n.contains_key("include"))
    {
        let agent = node.get("kind").is_some_and(|kind| kind == "agent");
        // A model is one of the workflow's provider: a node on another has that one's own.
        let elsewhere = node
            .get("provider")
            .is_some_and(|own| settings.get("provider") != Some(own));
        for (key, value) in settings {
            let holds = match key.as_str() {
                "model" => !elsewhere,
                // A body begins anew in every iteration, and only an agent has a session to keep.
                "persist_session" => agent && !in_body,
                _ => true,
            };
            if holds {
                node.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        if let Some(Value::Array(body)) =
            node.get_mut("loop_group").and_then(|g| g.get_mut("nodes"))
        {
            push_settings(body, settings, true);
        }
    }
}

/// What stands for an include among its neighbours.
#[derive(Debug)]
struct Ends {
    /// The nodes on which nobody else of it waits.
    sinks: Vec<String>,
    /// The node whose output is its output.
    result: String,
}

/// The includes of one list of nodes, by their ids.
type Uses = IndexMap<String, Ends>;

/// Expands the includes of one list of nodes and of the bodies in it, in the order in which they are written. `around` is
/// the chain of groups that the list is in; `whole` gathers what includes bring for the workflow as a whole.
fn scope(
    nodes: Vec<Value>,
    around: &str,
    whole: &mut Graph,
    library: &dyn Library,
    chain: &[String],
) -> Result<(Vec<Value>, Uses), ExpandError> {
    let mut expanded = Vec::with_capacity(nodes.len());
    let mut uses = Uses::new();
    for mut node in nodes {
        if node.get("include").is_some() {
            let name = id(&node).to_owned();
            let child = block(&node, whole, library, chain).map_err(|mut error| {
                error.way.insert(0, format!("{around}{name}"));
                error
            })?;
            uses.insert(name, ends(&child));
            expanded.extend(child.nodes);
            continue;
        }
        let within = format!("{around}{}/", id(&node));
        if let Some(Value::Array(body)) =
            node.get_mut("loop_group").and_then(|g| g.get_mut("nodes"))
        {
            let inner = std::mem::take(body);
            let (inner, inside) = scope(inner, &within, whole, library, chain)?;
            *body = inner;
            rename::until_bash(&mut node, &inside);
        }
        expanded.push(node);
    }
    for node in &mut expanded {
        rename::include_uses(node, &uses);
    }
    Ok((expanded, uses))
}

fn ends(child: &Graph) -> Ends {
    let waited = |name: &str| child.nodes.iter().any(|n| depends_on(n).any(|d| d == name));
    let sinks: Vec<String> = child
        .nodes
        .iter()
        .map(id)
        .filter(|n| !waited(n))
        .map(str::to_owned)
        .collect();
    let result = child
        .returns
        .clone()
        .or_else(|| sinks.first().cloned())
        .unwrap_or_default();
    Ends { sinks, result }
}

/// The nodes that take the place of an include node.
fn block(
    include: &Value,
    whole: &mut Graph,
    library: &dyn Library,
    chain: &[String],
) -> Result<Graph, ExpandError> {
    let name = id(include);
    let target = structure::text(include, "include");
    if chain.iter().any(|c| c == target) {
        let way: Vec<&str> = chain.iter().map(String::as_str).chain([target]).collect();
        let message = format!("This include never ends: {}", way.join(" → "));
        return Err(ExpandError::new(
            "include-cycle",
            name,
            "include",
            &way,
            message,
        ));
    }
    let Some(file) = library.workflow(target) else {
        let message = structure::suggest(
            format!("There is no sound workflow '{target}' to include"),
            target,
            library.names(),
        );
        return Err(ExpandError::new(
            "include-target-unknown",
            name,
            "include",
            &[target],
            message,
        ));
    };
    if chain.len() >= MAX_DEPTH {
        let message = format!("More than {MAX_DEPTH} workflows are included in each other here");
        return Err(ExpandError::new(
            "include-depth",
            name,
            "include",
            &[target],
            message,
        ));
    }
    let deeper: Vec<String> = chain.iter().cloned().chain([target.to_owned()]).collect();
    let mut child = graph(file, library, &deeper)?;
    if let Some((message, names)) = unsound(&child, file) {
        let mentions: Vec<&str> = std::iter::once(name)
            .chain(names.iter().map(String::as_str))
            .collect();
        let message = format!("'{target}' does not load with what it includes itself: {message}");
        return Err(ExpandError::new(
            "include-other",
            name,
            "include",
            &mentions,
            message,
        ));
    }
    let values = inputs::values(include, file)?;
    let inlining = commands::Inlining::new(&child.nodes, include, file, library);
    let renaming = rename::Renaming::new(&child, name);
    let mut missing = BTreeSet::new();
    let mark = Mark::new(&child.nodes, include);
    for node in &mut child.nodes {
        inlining.top(node)?;
        renaming.node(node);
        inputs::substitute(node, name, &values, &mut missing)?;
        mark.onto(node)?;
    }
    child.returns = child
        .returns
        .take()
        .map(|r| renaming.new_name(&r).unwrap_or(r));
    let passed_on = inputs::passed_on(&child.handed, &values, &mut missing);
    if let Some(error) = inputs::missing(name, target, &missing) {
        return Err(error);
    }
    for requirement in &child.requires {
        if !whole.requires.contains(requirement) {
            whole.requires.push(requirement.clone());
        }
    }
    whole.handed.extend(passed_on);
    // What is handed over belongs to the nodes of the workflow itself; without any there is nobody to have it.
    if file.nodes.iter().any(|node| node.get("include").is_none()) {
        let texts = values.values().filter_map(Value::as_str);
        whole.handed.extend(texts.map(str::to_owned));
    }
    Ok(child)
}

/// What is wrong with a workflow after its own includes: the first problem, with the names it is about.
fn unsound(graph: &Graph, file: &Parsed) -> Option<(String, Vec<String>)> {
    if let Some(problem) = structure::check(&graph.nodes).into_iter().next() {
        return Some((problem.message, problem.mentions));
    }
    let field = file.outcome_field.clone().map(Value::String);
    let problem = outcome::outcome_field(field.as_ref(), graph.returns.as_deref(), &graph.nodes)?;
    Some((problem.message, problem.mentions))
}

/// What holds for the include holds for the nodes it begins with; every node of it knows the boundary it is in.
struct Mark<'i> {
    include: &'i Value,
    /// What every node of the include keeps of it.
    boundary: Value,
}

impl<'i> Mark<'i> {
    fn new(nodes: &[Value], include: &'i Value) -> Self {
        let rules: Vec<Option<&Value>> = nodes
            .iter()
            .filter(|node| node.get("depends_on").is_none())
            .map(|node| node.get("trigger_rule").or(include.get("trigger_rule")))
            .collect();
        let boundary = json!({
            "id": id(include),
            "depends_on": include.get("depends_on").cloned().unwrap_or(json!([])),
            "when": include.get("when"),
            "entry_rules": rules,
        });
        Self { include, boundary }
    }

    fn onto(&self, node: &mut Value) -> Result<(), ExpandError> {
        let Some(node) = node.as_object_mut() else {
            return Ok(());
        };
        let entry = !node.contains_key("depends_on");
        if let Value::Array(marks) = node.entry("composed").or_insert_with(|| json!([])) {
            let mut mark = self.boundary.clone();
            mark["entry"] = json!(entry);
            marks.insert(0, mark);
        }
        if !entry {
            return Ok(());
        }
        if let Some(dependencies) = self.include.get("depends_on") {
            node.insert("depends_on".into(), dependencies.clone());
        }
        if let Some(outer) = self.include.get("when").and_then(Value::as_str) {
            let joined = match node.get("when").and_then(Value::as_str) {
                None => outer.to_owned(),
                Some(own) if outer.contains("||") || own.contains("||") => {
                    let name = id(self.include);
                    let message = format!(
                        "The conditions of '{name}' and of the node it begins with cannot be joined: one has `||`, and there are no brackets"
                    );
                    return Err(ExpandError::new(
                        "include-when-or",
                        name,
                        "when",
                        &[name],
                        message,
                    ));
                }
                Some(own) => format!("{outer} && {own}"),
            };
            node.insert("when".into(), json!(joined));
        }
        if let Some(rule) = self.include.get("trigger_rule") {
            node.entry("trigger_rule").or_insert_with(|| rule.clone());
        }
        Ok(())
    }
}
