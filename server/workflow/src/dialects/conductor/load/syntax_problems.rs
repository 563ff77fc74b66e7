//! L3, L4, L6 and L7: what the parser found, in the words of the dialect's rules.

use fermata_syntax::{Kind, Node, Offset, ProblemKind, ScalarStyle, Span, Tree};

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
        findings.load(refusal("yaml-syntax", "L4", span, message));
        stopped = true;
    }
    if tree.problems().is_empty()
        && let Some(span) = stray_tab(tree)
    {
        let message = "YAML takes no tab here; use spaces, or quotes around a text that has a tab";
        findings.load(refusal("yaml-tab", "L7", span, message));
        stopped = true;
    }
    if tree.problems().is_empty()
        && let Some(span) = ends_before_it_begins(tree)
    {
        let message = "`...` ends a document, and none has begun; remove the line";
        findings.load(refusal("yaml-syntax", "L4", span, message));
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

/// A text that the dialect does not get past, by a rule (`L…`).
fn refusal(
    code: &'static str,
    rule: &'static str,
    span: Span,
    message: impl Into<String>,
) -> Diagnostic {
    let at = Loc { file: ROOT, span };
    Diagnostic::new(code, Severity::Error, at, message).upstream(rule)
}

/// A tab where the dialect's reader takes spaces only: anywhere but in quotes, in a block of text, in brackets and in
/// comments. It ends a plain text too.
fn stray_tab(tree: &Tree) -> Option<Span> {
    let text = tree.text().as_bytes();
    if !text.contains(&b'\t') {
        return None;
    }
    let shielded = |node: Node<'_>| match node.kind() {
        Kind::Scalar(s) => s.style() != ScalarStyle::Plain,
        Kind::Mapping(m) => m.is_flow(),
        Kind::Sequence(s) => s.is_flow(),
        Kind::Alias(_) => false,
    };
    let mut shields: Vec<std::ops::Range<usize>> = tree
        .nodes()
        .filter(|node| shielded(*node))
        .map(|node| {
            let span: std::ops::Range<usize> = node.span().into();
            match node.kind() {
                // Its header is a line like any other.
                Kind::Scalar(s)
                    if matches!(s.style(), ScalarStyle::Literal | ScalarStyle::Folded) =>
                {
                    let header = text[span.clone()].iter().position(|byte| *byte == b'\n');
                    span.start + header.unwrap_or(span.len())..span.end
                }
                _ => span,
            }
        })
        .chain(tree.comments().iter().map(|comment| comment.span.into()))
        .collect();
    shields.sort_by_key(|shield| shield.start);
    let mut from = 0;
    let end = text.len();
    for shield in shields.into_iter().chain(std::iter::once(end..end)) {
        let open = from..shield.start.max(from);
        if let Some(found) = text[open].iter().position(|byte| *byte == b'\t') {
            let at = Offset::try_from(from + found).ok()?;
            return Some(Span::at(at, Offset::from(1)));
        }
        from = from.max(shield.end);
    }
    None
}

/// A `...` that ends a document which has not begun.
fn ends_before_it_begins(tree: &Tree) -> Option<Span> {
    let text = tree.text();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let word = line.trim_start_matches('\u{feff}').trim_end();
        if word == "..." || word.starts_with("... ") {
            let start = Offset::try_from(at + line.find('.')?).ok()?;
            return Some(Span::at(start, Offset::from(3)));
        }
        if !word.is_empty() && !word.trim_start().starts_with('#') {
            return None;
        }
        at += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{ends_before_it_begins, stray_tab};

    #[test]
    fn a_tab_is_taken_in_quotes_brackets_comments_and_blocks_of_text_only() {
        let fine = [
            "a: \"x\ty\"\n",
            "a: 'x\ty' # c\td\n",
            "a: {b:\tc}\n",
            "a: [b,\tc]\nd: 1\n",
            "a: |\n  x\ty\nb: 1\n",
            "#\tc\na: 1\n",
        ];
        for text in fine {
            assert_eq!(stray_tab(&fermata_syntax::parse(text)), None, "{text:?}");
        }
        for text in [
            "a: x\ty\n",
            "a: x\t\n",
            "a:\t\n  b: 1\n",
            "a: 1\n\t\nb: 2\n",
            "a: &x \tb\n",
            "a: 1\t# c\n",
            "a: {b: c}\t\n",
            "a:\tb\n",
            "a: |\t\n  b\n",
        ] {
            assert!(
                stray_tab(&fermata_syntax::parse(text)).is_some(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_document_cannot_end_before_it_begins() {
        for (text, refused) in [
            ("...\na: 1\n", true),
            ("# c\n\n...\na: 1\n", true),
            ("a: 1\n...\n", false),
            ("a: ...\n", false),
        ] {
            let found = ends_before_it_begins(&fermata_syntax::parse(text));
            assert_eq!(found.is_some(), refused, "{text:?}");
        }
    }
}
