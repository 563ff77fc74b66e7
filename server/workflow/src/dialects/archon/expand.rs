//! Includes (specs/archon.md 2.5): the nodes of another workflow in place of one node. Pure: workflows and command files
//! come in by two functions.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::file::Parsed;
use super::structure::{self, depends_on, id};

mod commands;
mod inputs;
mod rename;

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
    push_settings(&mut nodes, &file.pushed);
    let mut requires = file.requires.clone();
    let mut returns = file.returns.clone();
    let nodes = scope(nodes, "", &mut returns, &mut requires, library, chain)?;
    Ok(Graph {
        nodes,
        returns,
        requires,
    })
}

/// Settings of a workflow hold for its own nodes, bodies included, where these do not say otherwise.
fn push_settings(nodes: &mut [Value], settings: &IndexMap<String, Value>) {
    for node in nodes
        .iter_mut()
        .filter_map(Value::as_object_mut)
        .filter(|n| !n.contains_key("include"))
    {
        for (key, value) in settings {
            node.entry(key.clone()).or_insert_with(|| value.clone());
        }
        if let Some(Value::Array(body)) =
            node.get_mut("loop_group").and_then(|g| g.get_mut("nodes"))
        {
            push_settings(body, settings);
        }
    }
}

/// Expands the includes of one list of nodes, bodies of groups first. `around` is the chain of groups that the list is in.
fn scope(
    mut nodes: Vec<Value>,
    around: &str,
    returns: &mut Option<String>,
    requires: &mut Vec<String>,
    library: &dyn Library,
    chain: &[String],
) -> Result<Vec<Value>, ExpandError> {
    for node in &mut nodes {
        let within = format!("{around}{}/", id(node));
        if let Some(body) = node.get_mut("loop_group").and_then(|g| g.get_mut("nodes")) {
            let inner = body.as_array().cloned().unwrap_or_default();
            *body = Value::Array(scope(inner, &within, &mut None, requires, library, chain)?);
        }
    }
    while let Some(at) = nodes.iter().position(|n| n.get("include").is_some()) {
        let include = nodes[at].clone();
        let name = id(&include).to_owned();
        let child = block(&include, requires, library, chain).map_err(|mut error| {
            error.way.insert(0, format!("{around}{name}"));
            error
        })?;
        let (sinks, result) = ends(&child);
        nodes.splice(at..=at, child.nodes);
        for node in &mut nodes {
            rename::include_uses(node, &name, &sinks, &result);
        }
        if returns.as_deref() == Some(&name) {
            *returns = Some(result);
        }
    }
    Ok(nodes)
}

/// The nodes on which nobody else waits, and the one whose output stands for the include.
fn ends(child: &Graph) -> (Vec<String>, String) {
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
    (sinks, result)
}

/// The nodes that take the place of an include node.
fn block(
    include: &Value,
    requires: &mut Vec<String>,
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
    let values = inputs::values(include, file)?;
    if let Some(twice) = repeated(&child.nodes) {
        let message = format!("'{target}' has two nodes '{twice}' after its own includes");
        return Err(ExpandError::new(
            "include-other",
            name,
            "include",
            &[name, &twice],
            message,
        ));
    }
    commands::inline(&mut child.nodes, include, file, library)?;
    rename::prefix(&mut child, name);
    inputs::substitute(&mut child.nodes, include, target, &values)?;
    boundary(&mut child.nodes, include)?;
    for requirement in &child.requires {
        if !requires.contains(requirement) {
            requires.push(requirement.clone());
        }
    }
    Ok(child)
}

fn repeated(nodes: &[Value]) -> Option<String> {
    let mut seen = HashSet::new();
    let twice = nodes.iter().map(id).find(|id| !seen.insert(*id));
    twice.map(str::to_owned)
}

/// What holds for the include holds for the nodes it begins with; every node of it knows the boundary it is in.
fn boundary(nodes: &mut [Value], include: &Value) -> Result<(), ExpandError> {
    let name = id(include).to_owned();
    let outer = include
        .get("when")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let rules: Vec<Option<&Value>> = nodes
        .iter()
        .filter(|node| node.get("depends_on").is_none())
        .map(|node| node.get("trigger_rule").or(include.get("trigger_rule")))
        .collect();
    let mark = json!({
        "id": name,
        "depends_on": include.get("depends_on").cloned().unwrap_or(json!([])),
        "when": outer,
        "entry_rules": rules,
    });
    for node in nodes.iter_mut().filter_map(Value::as_object_mut) {
        let entry = !node.contains_key("depends_on");
        if let Value::Array(marks) = node.entry("composed").or_insert_with(|| json!([])) {
            let mut mark = mark.clone();
            mark["entry"] = json!(entry);
            marks.insert(0, mark);
        }
        if !entry {
            continue;
        }
        if let Some(dependencies) = include.get("depends_on") {
            node.insert("depends_on".into(), dependencies.clone());
        }
        if let Some(outer) = &outer {
            let joined = match node.get("when").and_then(Value::as_str) {
                None => outer.clone(),
                Some(own) if outer.contains("||") || own.contains("||") => {
                    let message = format!(
                        "The conditions of '{name}' and of the node it begins with cannot be joined: one has `||`, and there are no brackets"
                    );
                    return Err(ExpandError::new(
                        "include-when-or",
                        &name,
                        "when",
                        &[&name],
                        message,
                    ));
                }
                Some(own) => format!("{outer} && {own}"),
            };
            node.insert("when".into(), json!(joined));
        }
        if let Some(rule) = include
            .get("trigger_rule")
            .filter(|_| !node.contains_key("trigger_rule"))
        {
            node.insert("trigger_rule".into(), rule.clone());
        }
    }
    Ok(())
}
