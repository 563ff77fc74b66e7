//! `quoted-node-ref`: quotes of the shell round a reference that comes quoted, where Archon's own check (R78) does not
//! see them: single quotes, and double quotes that open inside a word.

use fermata_expr::archon::reference;
use fermata_workflow::dag::{NodeText, Reading};
use fermata_workflow::loader::Loaded;
use fermata_workflow::{Edit, Severity, Workflow};

use crate::nodes::{self, Nodes};
use crate::rule::{ARCHON, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "quoted-node-ref",
    dialects: ARCHON,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    for (at, node) in nodes.dag.nodes.iter().enumerate() {
        for text in nodes.texts(at) {
            // Here-documents have rules of their own.
            if text.reading != Reading::Bash || text.text().contains("<<") {
                continue;
            }
            let seen = reference::double_quoted(text.text());
            for found in text.references() {
                if seen.iter().any(|r| r.end == found.span.end) {
                    continue;
                }
                let quote = quote_at(text.text(), found.span.start);
                let message = match quote {
                    Some('\'') => {
                        "The value arrives in single quotes, which end the quotes round it: the shell reads it bare, and runs what is in it; take the quotes away"
                    }
                    Some('"') => {
                        "The value arrives in single quotes, which become part of the text inside double quotes; take the double quotes away"
                    }
                    _ => continue,
                };
                let loc = nodes::at(text.span(found.span.clone()));
                let mut diagnostic =
                    nodes::finding(RULE.code, Severity::Warning, loc, node.step, message);
                if let Some(edits) = bare(&text, &found.span, quote.unwrap_or('\'')) {
                    diagnostic = diagnostic.fix("Take the quotes away", edits);
                }
                report.add(diagnostic);
            }
        }
    }
}

/// Edits that remove quotes which stand directly round a reference.
fn bare(text: &NodeText<'_>, span: &std::ops::Range<usize>, quote: char) -> Option<Vec<Edit>> {
    let whole = text.text();
    let direct = whole[..span.start].ends_with(quote) && whole[span.end..].starts_with(quote);
    let plain =
        text.scalar.style().is_block() || text.scalar.style() == fermata_syntax::ScalarStyle::Plain;
    (direct && plain).then(|| {
        [span.start - 1..span.start, span.end..span.end + 1]
            .map(|range| Edit {
                span: text.span(range),
                text: String::new(),
            })
            .to_vec()
    })
}

/// The quote that a byte of shell text is inside of.
pub(super) fn quote_at(text: &str, at: usize) -> Option<char> {
    let bytes = text.as_bytes();
    // The quote that is open, once for each `$(` that it is nested in.
    let mut open: Vec<Option<char>> = vec![None];
    let mut i = 0;
    while i < at {
        let state = open.last_mut()?;
        match (bytes[i], *state) {
            (b'\\', None | Some('"')) => i += 1,
            (b'\'', None) => *state = Some('\''),
            (b'\'', Some('\'')) | (b'"', Some('"')) => *state = None,
            (b'"', None) => *state = Some('"'),
            (b'$', None | Some('"')) if bytes.get(i + 1) == Some(&b'(') => {
                open.push(None);
                i += 1;
            }
            (b')', None) if open.len() > 1 => {
                open.pop();
            }
            (b'#', None) if i == 0 || bytes[i - 1].is_ascii_whitespace() => {
                i += bytes[i..]
                    .iter()
                    .position(|b| *b == b'\n')
                    .unwrap_or(bytes.len());
            }
            _ => {}
        }
        i += 1;
    }
    // In a comment nothing is read.
    if i > at { None } else { open.last().copied()? }
}

#[cfg(test)]
mod tests {
    use super::quote_at;

    #[test]
    fn quotes_are_told_from_escapes_comments_and_substitutions() {
        let at = |text: &str| quote_at(text, text.find('@').expect("a mark"));
        assert_eq!(at("echo @"), None);
        assert_eq!(at("echo 'a @"), Some('\''));
        assert_eq!(at("echo a\"@"), Some('"'));
        assert_eq!(at("echo \\\" @"), None);
        assert_eq!(at("echo \"$(cat @"), None);
        assert_eq!(at("# don't\necho @"), None);
        assert_eq!(at("# it's @"), None);
        assert_eq!(at("echo \"$(a)\"@"), None);
    }
}
