//! Tabs that the parser lets pass. Before a line's first key or item no reader
//! takes them; between a colon or a dash and its value YAML 1.2 does, and some
//! readers do not.

use crate::tree::{Data, NodeData, span};
use crate::{MAX_PROBLEMS, Problem, ProblemKind};

/// Appends a problem for each.
pub(crate) fn find(text: &str, nodes: &[NodeData], problems: &mut Vec<Problem>) {
    if !text.contains('\t') {
        return;
    }
    let mut in_brackets = vec![false; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        if let Some(parent) = node.parent {
            let flow = match &nodes[parent.index()].data {
                Data::Mapping { flow, .. } | Data::Sequence { flow, .. } => *flow,
                Data::Scalar { .. } | Data::Alias { .. } => false,
            };
            in_brackets[index] = flow || in_brackets[parent.index()];
        }
        // A block collection begins where its first child does.
        let block = node.full.start() == node.span.start()
            && match &node.data {
                Data::Mapping { flow, .. } => !flow,
                Data::Sequence { .. } | Data::Scalar { .. } | Data::Alias { .. } => false,
            };
        if in_brackets[index] || block || node.full.is_empty() {
            continue;
        }
        let start = usize::from(node.full.start());
        let before = &text[..start];
        let blanks = &before[before.trim_end_matches([' ', '\t']).len()..];
        let Some(tab) = blanks.find('\t') else {
            continue;
        };
        let from = start - blanks.len();
        let indents = from == 0 || text[..from].ends_with(['\n', '\r', '\u{feff}']);
        let tabs = blanks[tab..].len() - blanks[tab..].trim_start_matches('\t').len();
        let message = if indents {
            "expected spaces, found a tab; YAML is indented with spaces only"
        } else {
            "expected a space before the value, found a tab, which not every reader takes; use a space"
        };
        if problems.len() >= MAX_PROBLEMS {
            return;
        }
        problems.push(Problem {
            kind: ProblemKind::Tab,
            span: span(from + tab, from + tab + tabs),
            message: message.to_owned(),
            related: None,
            primary: indents,
        });
    }
}
