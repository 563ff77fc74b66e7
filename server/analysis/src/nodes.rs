//! What rules over Archon's nodes share: the nodes of a load, their texts with places, and how a finding is made.

use fermata_expr::archon::reference::NodeRef;
use fermata_syntax::{ScalarStyle, Span, Tree};
use fermata_workflow::dag::{self, Dag, NodeText};
use fermata_workflow::loader::Loaded;
use fermata_workflow::{Diagnostic, Edit, FileId, Loc, Severity, Step, Workflow};
use serde_json::Value;

/// The nodes of a load, with their file.
pub(crate) struct Nodes<'w> {
    pub(crate) tree: &'w Tree,
    pub(crate) dag: Dag<'w>,
}

impl<'w> Nodes<'w> {
    /// `None` when the file's text is not there.
    pub(crate) fn new(loaded: &'w Loaded, workflow: &'w Workflow) -> Option<Self> {
        Some(Self {
            tree: &loaded.sources.get(FileId::ROOT)?.tree,
            dag: Dag::new(workflow),
        })
    }

    /// The texts of a node.
    pub(crate) fn texts(&self, node: usize) -> Vec<NodeText<'w>> {
        dag::texts(self.tree, self.dag.nodes[node].step)
    }

    /// The scalar or key at a path of keys below a node: its place.
    pub(crate) fn place(&self, node: usize, path: &[&str]) -> Option<Loc> {
        let mapping = dag::mapping(self.tree, self.dag.nodes[node].step)?;
        let value = dag::value(mapping, path)?;
        Some(at(match value.as_scalar() {
            Some(scalar) => scalar.span(),
            None => value.span(),
        }))
    }

    /// The place of a key at a path of keys below a node.
    pub(crate) fn key(&self, node: usize, path: &[&str]) -> Option<Loc> {
        let (last, parents) = path.split_last()?;
        let mut mapping = dag::mapping(self.tree, self.dag.nodes[node].step)?;
        for key in parents {
            mapping = dag::entry(mapping, key)?.value.resolved().as_mapping()?;
        }
        Some(at(dag::entry(mapping, last)?.key.span()))
    }
}

/// A place in the workflow's own file.
pub(crate) fn at(span: Span) -> Loc {
    Loc {
        file: FileId::ROOT,
        span,
    }
}

/// A finding about a node.
pub(crate) fn finding(
    code: &'static str,
    severity: Severity,
    loc: Loc,
    step: &Step,
    message: impl Into<String>,
) -> Diagnostic {
    Diagnostic::new(code, severity, loc, message).step(step.name.trim())
}

/// A text of a node's data at a path of keys.
pub(crate) fn text<'v>(raw: &'v Value, path: &[&str]) -> Option<&'v str> {
    value(raw, path)?.as_str()
}

/// A value of a node's data at a path of keys.
pub(crate) fn value<'v>(raw: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(raw, |v, key| v.get(*key))
}

/// Whether a flag of a node's data is set.
pub(crate) fn is_set(raw: &Value, path: &[&str]) -> bool {
    value(raw, path) == Some(&Value::Bool(true))
}

/// How a reference is written.
pub(crate) fn word<'t>(text: &NodeText<'t>, found: &NodeRef) -> &'t str {
    &text.text()[found.span.clone()]
}

/// An edit that adds a line to the end of a text in block style.
pub(crate) fn add_line(tree: &Tree, text: &NodeText<'_>, line: &str) -> Option<Edit> {
    if !matches!(text.scalar.style(), ScalarStyle::Literal) || text.text().trim().is_empty() {
        return None;
    }
    let content = text.scalar.content_span();
    let source = tree.text();
    let body = &source[content];
    let kept = body.trim_end();
    let last = kept.rfind('\n').map_or(0, |n| n + 1);
    let indent = kept[last..].len() - kept[last..].trim_start().len();
    let end = content.start() + fermata_syntax::Offset::try_from(kept.len()).ok()?;
    let newline = fermata_workflow::edits::line_ending(source);
    Some(Edit {
        span: Span::empty(end),
        text: format!("{newline}{}{line}", " ".repeat(indent)),
    })
}
