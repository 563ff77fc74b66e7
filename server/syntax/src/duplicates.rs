//! Finds keys that stand twice in one mapping.

use std::collections::HashMap;

use crate::node::NodeId;
use crate::scalar::ScalarStyle;
use crate::tree::{Data, NodeData};
use crate::{MAX_PROBLEMS, Problem, ProblemKind};

/// Appends one problem for every key that equals an earlier one.
pub(crate) fn find(nodes: &[NodeData], problems: &mut Vec<Problem>) {
    for node in nodes {
        let Data::Mapping { entries, .. } = &node.data else {
            continue;
        };
        if entries.len() < 2 {
            continue;
        }
        let mut seen = HashMap::with_capacity(entries.len());
        for &(key, _) in entries {
            let Some(same) = identity(nodes, key) else {
                continue;
            };
            let span = nodes[key.index()].span;
            let Some(&first) = seen.get(&same) else {
                seen.insert(same, span);
                continue;
            };
            let (_, text, _) = same;
            if problems.len() >= MAX_PROBLEMS {
                return;
            }
            problems.push(Problem {
                kind: ProblemKind::DuplicateKey,
                span,
                message: format!(
                    "expected every key once, found `{}` again; rename or remove one of the two",
                    shorten(text)
                ),
                related: Some(first),
                primary: false,
            });
        }
    }
}

/// What makes two scalar keys the same key in every dialect: their text and
/// tag, and whether the text may mean something other than text. So `1` and
/// `"1"` differ, `a` and `"a"` do not.
fn identity(nodes: &[NodeData], key: NodeId) -> Option<(Option<&str>, &str, bool)> {
    let mut node = &nodes[key.index()];
    if let Data::Alias { target, .. } = &node.data {
        node = &nodes[(*target)?.index()];
    }
    let Data::Scalar { value, style, .. } = &node.data else {
        return None;
    };
    let tag = node.props.as_deref().and_then(|props| props.tag.as_ref());
    let typed = *style == ScalarStyle::Plain && may_be_typed(value);
    Some((tag.map(|(tag, _)| &**tag), value, typed))
}

/// Whether some YAML schema reads this plain text as something else than text.
fn may_be_typed(value: &str) -> bool {
    let first = value.bytes().next();
    first.is_none_or(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'~' | b'<' | b'='))
        || ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
            .iter()
            .any(|word| value.eq_ignore_ascii_case(word))
}

/// At most 60 characters of a key, for a message.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
