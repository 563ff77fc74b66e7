//! L3, L4, L6 and L7: what the parser found, in the words of the dialect's rules.

use fermata_syntax::{ProblemKind, Tree};

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Loc;

use super::super::ROOT;
use super::super::findings::Findings;
use super::printable;

/// Reports the tree's problems; true when the dialect would not get past the text.
pub(super) fn report(tree: &Tree, findings: &mut Findings) -> bool {
    let mut stopped = false;
    if let Some((span, character)) = printable::first_forbidden(tree.text()) {
        let message = format!("YAML allows no control character U+{:04X} here; remove it or write it as an escape in double quotes", character as u32);
        findings.load(Diagnostic::new("yaml-syntax", Severity::Error, Loc { file: ROOT, span }, message).upstream("L4"));
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
            ProblemKind::AliasBomb | ProblemKind::TooDeep | ProblemKind::TooLarge => ("file-too-large", None),
        };
        let mut diagnostic = Diagnostic::new(code, Severity::Error, Loc { file: ROOT, span: problem.span }, problem.message.clone());
        diagnostic.upstream = rule;
        if let Some(span) = problem.related {
            diagnostic = diagnostic.related(Loc { file: ROOT, span }, "it begins here");
        }
        stopped = true;
        findings.load(diagnostic);
    }
    stopped
}
