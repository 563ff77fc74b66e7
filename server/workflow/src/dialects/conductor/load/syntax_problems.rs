//! L3, L4, L6 and L7: what the parser found, in the words of the dialect's rules.

use fermata_syntax::{Kind, Node, Offset, ProblemKind, Span, Tree};

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Loc;

use super::super::ROOT;
use super::super::findings::Findings;
use super::printable;

/// Reports the tree's problems; true when the dialect would not get past the text.
pub(super) fn report(tree: &Tree, findings: &mut Findings) -> bool {
    let mut stopped = false;
    if let Some((span, character)) = printable::first_forbidden(tree.text()) {
        let message = format!(
            "YAML allows no control character U+{:04X} here; remove it or write it as an escape in double quotes",
            character as u32
        );
        findings.load(
            Diagnostic::new(
                "yaml-syntax",
                Severity::Error,
                Loc { file: ROOT, span },
                message,
            )
            .upstream("L4"),
        );
        stopped = true;
    }
    if tree.problems().is_empty()
        && let Some(span) = tab_before_token(tree)
    {
        let message = "YAML takes no tab here; use spaces between a key and its value";
        findings.load(
            Diagnostic::new(
                "yaml-tab",
                Severity::Error,
                Loc { file: ROOT, span },
                message,
            )
            .upstream("L7"),
        );
        stopped = true;
    }
    let mut problems: Vec<_> = tree.problems().iter().collect();
    problems.sort_by_key(|p| (!p.primary, p.span.start()));
    for problem in problems {
        let (code, rule) = match problem.kind {
            // Construction problems: `compose` reports duplicates with the dialect's own idea of equal keys.
            ProblemKind::DuplicateKey => continue,
            ProblemKind::MultipleDocuments => ("multiple-documents", Some("L6")),
            ProblemKind::Tab => ("yaml-tab", Some("L7")),
            ProblemKind::Syntax => ("yaml-syntax", Some("L4")),
            ProblemKind::UnknownAlias => ("unknown-alias", Some("L4")),
            ProblemKind::InvalidUtf8 => ("file-unreadable", Some("L3")),
            ProblemKind::AliasBomb | ProblemKind::TooDeep | ProblemKind::TooLarge => {
                ("file-too-large", None)
            }
        };
        let mut diagnostic = Diagnostic::new(
            code,
            Severity::Error,
            Loc {
                file: ROOT,
                span: problem.span,
            },
            problem.message.clone(),
        );
        diagnostic.upstream = rule;
        if let Some(span) = problem.related {
            diagnostic = diagnostic.related(Loc { file: ROOT, span }, "it begins here");
        }
        stopped = true;
        findings.load(diagnostic);
    }
    stopped
}

/// A tab between a key and its value, or before a list item's text: the dialect's reader takes spaces only.
fn tab_before_token(tree: &Tree) -> Option<Span> {
    let text = tree.text().as_bytes();
    tree.nodes().find_map(|node| {
        let span = node.full_span();
        // Inside brackets the reader takes a tab.
        let flow = |n: Node<'_>| match n.kind() {
            Kind::Mapping(m) => m.is_flow(),
            Kind::Sequence(s) => s.is_flow(),
            _ => false,
        };
        if span.is_empty() || node.parent().is_some_and(flow) {
            return None;
        }
        let start = usize::from(span.start());
        let tab = (0..start)
            .rev()
            .take_while(|i| matches!(text[*i], b' ' | b'\t'))
            .filter(|i| text[*i] == b'\t')
            .last()?;
        let at = Offset::try_from(tab).ok()?;
        Some(Span::at(at, Offset::from(1)))
    })
}
