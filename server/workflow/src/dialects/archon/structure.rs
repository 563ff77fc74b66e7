//! Rules about nodes together (R53 to R64), on nodes as the engine sees them: for a file by itself and again for the
//! graph after includes. In the order in which the dialect looks; its own tool stops at the first.

use serde_json::Value;

mod dependencies;
mod free_text;
mod ids;
mod references;
mod sessions;
mod upstream;

pub use references::{Mention, mentions};

/// One problem of the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The rule's number.
    pub rule: &'static str,
    /// The rule's name.
    pub name: &'static str,
    /// The node, if one is meant.
    pub node: Option<String>,
    /// The loop_groups around it, outermost first.
    pub within: Vec<String>,
    /// Where in the node, with dots.
    pub field: String,
    /// What of that field is meant, when it is one item of a list.
    pub part: Option<String>,
    /// Names that the message is about.
    pub mentions: Vec<String>,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Problem {
    /// Groups and node, joined by `/`.
    #[must_use]
    pub fn chain(&self) -> String {
        let node = self.node.as_deref().unwrap_or_default();
        self.within
            .iter()
            .map(String::as_str)
            .chain([node])
            .collect::<Vec<_>>()
            .join("/")
    }
}

/// One list of nodes with what is around it.
#[derive(Debug, Clone)]
pub(super) struct Scope<'n> {
    /// Its nodes.
    pub(super) nodes: &'n [Value],
    /// The scopes around it with the group that holds the next one, outermost first.
    pub(super) around: Vec<(&'n [Value], &'n str)>,
}

impl<'n> Scope<'n> {
    fn within(&self) -> Vec<String> {
        self.around
            .iter()
            .map(|(_, group)| (*group).to_owned())
            .collect()
    }

    fn problem(
        &self,
        rule: &'static str,
        name: &'static str,
        node: &Value,
        field: &str,
        mentions: &[&str],
        message: String,
    ) -> Problem {
        Problem {
            rule,
            name,
            node: Some(id(node).to_owned()),
            within: self.within(),
            field: field.to_owned(),
            part: None,
            mentions: mentions.iter().map(|m| (*m).to_owned()).collect(),
            message,
        }
    }

    /// The node of this id here or around.
    fn find(&self, name: &str) -> Option<&'n Value> {
        let here = self.nodes.iter().find(|n| id(n) == name);
        here.or_else(|| {
            self.around
                .iter()
                .rev()
                .find_map(|(nodes, _)| nodes.iter().find(|n| id(n) == name))
        })
    }

    /// Every id that a text may name.
    fn visible(&self) -> impl Iterator<Item = &'n str> + '_ {
        self.nodes.iter().map(id).chain(
            self.around
                .iter()
                .flat_map(|(nodes, _)| nodes.iter().map(id)),
        )
    }
}

/// A node's id.
pub(super) fn id(node: &Value) -> &str {
    text(node, "id")
}

/// A text of a node, or nothing.
pub(super) fn text<'v>(node: &'v Value, key: &str) -> &'v str {
    node.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A node's dependencies.
pub(super) fn depends_on(node: &Value) -> impl Iterator<Item = &str> {
    node.get("depends_on")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// The body of a loop_group.
pub(super) fn body(node: &Value) -> Option<&[Value]> {
    node.get("loop_group")?
        .get("nodes")?
        .as_array()
        .map(Vec::as_slice)
}

/// Everything wrong with a graph, in the order in which the dialect looks.
#[must_use]
pub fn check(nodes: &[Value]) -> Vec<Problem> {
    let mut problems = Vec::new();
    scope(
        &Scope {
            nodes,
            around: Vec::new(),
        },
        &mut problems,
    );
    problems
}

fn scope(scope_: &Scope<'_>, problems: &mut Vec<Problem>) {
    ids::check(scope_, problems);
    dependencies::check(scope_, problems);
    for node in scope_.nodes {
        references::check(scope_, node, problems);
        free_text::check(scope_, node, problems);
    }
    sessions::check(scope_, problems);
    upstream::items(scope_, problems);
    upstream::bindings(scope_, problems);
    for node in scope_.nodes {
        if let Some(body) = body(node) {
            let mut around = scope_.around.clone();
            around.push((scope_.nodes, id(node)));
            let inner = Scope {
                nodes: body,
                around,
            };
            if body
                .iter()
                .any(|n| n.get("kind").is_some_and(|k| k == "workflow"))
            {
                let message = "A loop_group cannot start sub-runs; put the `workflow` node outside"
                    .to_owned();
                // The dialect names the group inside itself.
                problems.push(inner.problem(
                    "R63",
                    "workflow-in-body",
                    node,
                    "loop_group.nodes",
                    &[],
                    message,
                ));
            }
            scope(&inner, problems);
        }
    }
}

/// The name that [`suggest`] has appended to a message, if it has.
pub(super) fn suggested(message: &str) -> Option<&str> {
    message.rsplit_once(SUGGESTION)?.1.strip_suffix("'?")
}

const SUGGESTION: &str = "; did you mean '";

/// Appends the name that is right to a message.
pub(super) fn offer(message: &str, name: &str) -> String {
    format!("{message}{SUGGESTION}{name}'?")
}

/// Appends the nearest existing name to a message.
pub(super) fn suggest<'a>(
    message: String,
    wrong: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> String {
    match crate::nearest::nearest(wrong, names) {
        Some(near) => offer(&message, near),
        None => message,
    }
}
