//! Semantic tokens: what YAML calls one text and the dialect reads. References and conditions of Archon, the roots and
//! fields of Conductor's templates. Nothing is said about the YAML round them.

use fermata_expr::archon::{condition, reference};
use fermata_syntax::Span;
use fermata_workflow::dag::{self, Dag, NodeText, Reading};
use fermata_workflow::{Dialect, FileId, Workflow};

use crate::archon::words::VARIABLES;
use crate::snapshot::Snapshot;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum TokenKind {
    /// A step.
    Step,
    /// A field of an output, or of an input.
    Field,
    /// A variable of the engine.
    Variable,
    Operator,
    Text,
    Number,
    Keyword,
}

/// A stretch of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Its bytes; on one line.
    pub span: Span,
    /// What it is.
    pub kind: TokenKind,
}

/// All tokens of a document, from top to bottom, none over another.
#[must_use]
pub fn tokens(snapshot: &Snapshot) -> Vec<Token> {
    let Some(workflow) = snapshot.workflow() else {
        return Vec::new();
    };
    let mut found = match workflow.dialect {
        Dialect::Archon => archon(snapshot, workflow),
        Dialect::Conductor => templates(snapshot, workflow),
    };
    let text = snapshot.tree().map_or("", |tree| tree.text());
    found.retain(|t| {
        let range = std::ops::Range::<usize>::from(t.span);
        !t.span.is_empty() && text.get(range).is_some_and(|t| !t.contains('\n'))
    });
    found.sort_by_key(|t| (t.span.start(), t.span.end()));
    found.dedup_by(|next, last| next.span.start() < last.span.end());
    found
}

fn archon(snapshot: &Snapshot, workflow: &Workflow) -> Vec<Token> {
    let Some(tree) = snapshot.tree() else {
        return Vec::new();
    };
    let dag = Dag::new(workflow);
    let mut found = Vec::new();
    for node in &dag.nodes {
        for text in dag::texts(tree, node.step) {
            let mut add = |range: std::ops::Range<usize>, kind| {
                found.push(Token {
                    span: text.span(range),
                    kind,
                });
            };
            for found in text.references() {
                add(found.span.start..found.node_span.end, TokenKind::Step);
                if let Some(field) = found.field_span {
                    add(field, TokenKind::Field);
                }
            }
            for found in reference::loop_prev_refs(text.text()) {
                add(
                    found.span.start..found.node_span.start - 1,
                    TokenKind::Variable,
                );
                add(found.node_span.clone(), TokenKind::Step);
                if let Some(field) = found.field_span {
                    add(field, TokenKind::Field);
                }
            }
            for found in reference::input_refs(text.text()) {
                let name = found.span.start + "$INPUTS.".len();
                add(found.span.start..name - 1, TokenKind::Variable);
                add(name..found.span.end, TokenKind::Field);
            }
            if text.reading == Reading::When {
                comparisons(&text, &mut add);
            } else {
                variables(&text, &mut add);
            }
        }
    }
    found
}

fn comparisons(text: &NodeText<'_>, add: &mut dyn FnMut(std::ops::Range<usize>, TokenKind)) {
    let whole = text.text();
    let mut last: Option<usize> = None;
    for piece in condition::parse(whole).into_iter().flatten() {
        if let Some(end) = last {
            add(end..piece.span.start, TokenKind::Keyword);
        }
        last = Some(piece.span.end);
        let Some(atom) = piece.atom else { continue };
        let between = &whole[atom.reference_span.end..atom.expected_span.start];
        let start = atom.reference_span.end + between.len() - between.trim_start().len();
        add(start..start + between.trim().len(), TokenKind::Operator);
        let quoted = whole[atom.expected_span.clone()].starts_with('\'');
        let kind = if quoted {
            TokenKind::Text
        } else {
            TokenKind::Number
        };
        add(atom.expected_span, kind);
    }
}

fn variables(text: &NodeText<'_>, add: &mut dyn FnMut(std::ops::Range<usize>, TokenKind)) {
    let whole = text.text();
    for (at, _) in whole.match_indices('$') {
        let longest = VARIABLES
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| whole[at + 1..].starts_with(name))
            .max_by_key(|name| name.len());
        if let Some(name) = longest {
            add(at..at + 1 + name.len(), TokenKind::Variable);
        }
    }
}

/// Roots and fields of the references in templates.
fn templates(snapshot: &Snapshot, workflow: &Workflow) -> Vec<Token> {
    let mut found = Vec::new();
    for template in fermata_workflow::texts::templates(workflow) {
        let text = template.text;
        if text.loc.file != FileId::ROOT || text.substituted {
            continue;
        }
        let Ok(parsed) = fermata_expr::template::parse(text.as_str()) else {
            continue;
        };
        for reference in parsed.references() {
            for (at, part) in reference.path.iter().enumerate() {
                let step = at == 0 && workflow.step(&part.name).is_some();
                let kind = match at {
                    0 if step => TokenKind::Step,
                    0 => TokenKind::Variable,
                    _ => TokenKind::Field,
                };
                let loc = snapshot.loaded.sources.locate(text, part.span.clone());
                if loc.file == FileId::ROOT && loc != text.loc {
                    found.push(Token {
                        span: loc.span,
                        kind,
                    });
                }
            }
        }
    }
    found
}
