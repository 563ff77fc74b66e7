//! The features on Archon files: nodes instead of steps with routes, `$references` instead of templates. One file per
//! feature, as for the other dialect.

pub(crate) mod completion;
pub(crate) mod hover;
pub(crate) mod links;
pub(crate) mod message;
pub(crate) mod occurrences;
pub(crate) mod words;

use fermata_expr::archon::schema::TOP;
use fermata_expr::archon::schema::keys::{Key, Kind, Model};
use fermata_syntax::{Offset, Tree};
use fermata_workflow::dag::{self, Dag, NodeText};

/// The map that stands at a place such as `nodes[].loop`; the whole file for an empty one.
pub(crate) fn model(path: &str) -> Option<&'static Model> {
    let mut at: &'static Model = &TOP;
    let mut named = false;
    for part in path.split('.').filter(|p| !p.is_empty()) {
        if named {
            // The name of an input or a sub-agent, which the author has chosen.
            named = false;
            continue;
        }
        let key = part.trim_end_matches("[]");
        named = matches!(key, "inputs" | "agents") && !part.ends_with("[]");
        at = at.below(key)?;
    }
    Some(at)
}

/// The key that a place names.
pub(crate) fn key(path: &str) -> Option<&'static Key> {
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
    model(parent)?.key(name.trim_end_matches("[]"))
}

/// The words of a key that takes one of a few; empty for all others.
pub(crate) fn choices(kind: &Kind) -> &'static [&'static str] {
    match kind {
        Kind::Word(words) | Kind::Words(words) => words,
        Kind::Flag => &["true", "false"],
        _ => &[],
    }
}

/// What a key takes, in words.
pub(crate) fn takes(kind: &Kind) -> String {
    match kind {
        Kind::Text | Kind::Full | Kind::Solid => "text".to_owned(),
        Kind::Flag => "true or false".to_owned(),
        Kind::Number {
            least,
            most,
            integer,
            positive,
        } => {
            let what = if *integer { "whole number" } else { "number" };
            match (positive, most.is_finite()) {
                (true, _) => format!("{what} above 0"),
                (false, true) => format!("{what}, {least} to {most}"),
                (false, false) => format!("{what}, at least {least}"),
            }
        }
        Kind::Word(words) => words.join(", "),
        Kind::Texts | Kind::Fulls(_) => "list of texts".to_owned(),
        Kind::Words(words) => format!("list of {}", words.join(", ")),
        Kind::Map => "map".to_owned(),
        Kind::Object(model) => model.name.to_owned(),
        Kind::Own(own) => own.words.to_owned(),
    }
}

/// The innermost node that an offset is in, as an index of the nodes.
pub(crate) fn node_at(dag: &Dag<'_>, offset: Offset) -> Option<usize> {
    let inside =
        |(_, node): &(usize, &dag::DagNode<'_>)| node.step.loc.span.contains_inclusive(offset);
    // Bodies stand behind their groups.
    dag.nodes
        .iter()
        .enumerate()
        .filter(inside)
        .map(|(at, _)| at)
        .next_back()
}

/// The text of a node that an offset is in, and which byte of it that is.
pub(crate) fn text_at<'t>(
    tree: &'t Tree,
    dag: &Dag<'_>,
    offset: Offset,
) -> Option<(usize, NodeText<'t>, usize)> {
    let node = node_at(dag, offset)?;
    dag::texts(tree, dag.nodes[node].step)
        .into_iter()
        .filter(|text| text.scalar.content_span().contains_inclusive(offset))
        .find_map(|text| Some((node, text, text.scalar.cooked_offset(offset)?)))
}

/// Which of several references a byte is on.
pub(crate) fn on<T>(
    found: Vec<T>,
    span: impl Fn(&T) -> std::ops::Range<usize>,
    at: usize,
) -> Option<T> {
    found
        .into_iter()
        .find(|f| span(f).start <= at && at <= span(f).end)
}
