//! `when-unparseable`: a condition that Archon cannot read, or that compares by size what is no number. It loads, and
//! the node is skipped for ever.

use fermata_expr::archon::{condition, js};
use fermata_syntax::ScalarStyle;
use fermata_workflow::dag::{NodeText, Reading};
use fermata_workflow::loader::Loaded;
use fermata_workflow::{Edit, Fix, Severity, Workflow};

use crate::nodes::{self, Nodes};
use crate::rule::{ARCHON, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "when-unparseable",
    dialects: ARCHON,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    for (at, node) in nodes.dag.nodes.iter().enumerate() {
        let texts = nodes.texts(at);
        let Some(when) = texts
            .iter()
            .find(|t| t.reading == Reading::When && !t.text().trim().is_empty())
        else {
            continue;
        };
        for piece in condition::parse(when.text()).into_iter().flatten() {
            let (span, why) = match &piece.atom {
                None => {
                    let written = &when.text()[piece.span.clone()];
                    let start = piece.span.start + written.len() - written.trim_start().len();
                    let end = start + written.trim().len();
                    let why = if written.trim().is_empty() {
                        "a comparison is missing here".to_owned()
                    } else {
                        format!(
                            "`{}` is no comparison of the form `$node.output.field == 'text'`",
                            written.trim()
                        )
                    };
                    (start..end, why)
                }
                Some(atom)
                    if atom.comparison.is_ordering()
                        && js::leading_number(&atom.expected).is_none() =>
                {
                    let why = format!(
                        "`{}` compares numbers, and `{}` is none",
                        atom.comparison.as_str(),
                        atom.expected
                    );
                    (atom.expected_span.clone(), why)
                }
                Some(_) => continue,
            };
            let message = format!(
                "Archon cannot decide this condition and skips `{}` every time: {why}",
                node.step.name.trim()
            );
            let span = if span.is_empty() {
                when.scalar.span()
            } else {
                when.span(span)
            };
            let mut diagnostic = nodes::finding(
                RULE.code,
                Severity::Error,
                nodes::at(span),
                node.step,
                message,
            );
            diagnostic.fixes.extend(mended(when));
            report.add(diagnostic);
            // The fix is about the whole condition.
            break;
        }
    }
}

/// The condition written as Archon reads it, when one of the usual slips is all that is wrong.
fn mended(when: &NodeText<'_>) -> Option<Fix> {
    let text = when.text().trim();
    let slips: [&dyn Fn(&str) -> String; 6] = [
        &|t| t.replace('"', "'"),
        &|t| t.replace("===", "==").replace("!==", "!="),
        &|t| t.replace(" = ", " == "),
        &|t| t.replace(" and ", " && ").replace(" or ", " || "),
        &quoted,
        &|t| {
            quoted(
                &t.replace('"', "'")
                    .replace(" and ", " && ")
                    .replace(" or ", " || "),
            )
        },
    ];
    let sound = |t: &str| {
        condition::parse(t).iter().flatten().all(|p| {
            p.atom.as_ref().is_some_and(|a| {
                !a.comparison.is_ordering() || js::leading_number(&a.expected).is_some()
            })
        })
    };
    let better = slips.iter().map(|slip| slip(text)).find(|t| sound(t))?;
    let writable = !better.contains(['"', '\\', '\n']) && !when.scalar.style().is_block();
    (writable && when.scalar.style() != ScalarStyle::Folded).then(|| Fix {
        title: format!("Write `{better}`"),
        edits: vec![Edit {
            span: when.scalar.span(),
            text: format!("\"{better}\""),
        }],
    })
}

/// Bare words on the right sides in quotes.
fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    for alternative in text.split("||") {
        let pieces: Vec<String> = alternative
            .split("&&")
            .map(|piece| {
                ["==", "!="]
                    .iter()
                    .find_map(|op| piece.split_once(op).map(|(l, r)| (l, *op, r.trim())))
                    .filter(|(_, _, right)| {
                        !right.is_empty() && !right.contains(['\'', '$', '(', ')'])
                    })
                    .map_or_else(
                        || piece.to_owned(),
                        |(left, op, right)| {
                            if fermata_expr::archon::atom::parse(piece).is_some() {
                                piece.to_owned()
                            } else {
                                format!("{left}{op} '{right}' ")
                            }
                        },
                    )
            })
            .collect();
        out.push(pieces.join("&&"));
    }
    out.join("||").trim().to_owned()
}
