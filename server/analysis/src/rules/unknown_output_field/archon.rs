//! The rule on Archon's references: fields against what a node declares, and fields that cannot be referenced.

use fermata_expr::archon::reference::NodeRef;
use fermata_workflow::dag::{DagNode, NodeText};
use fermata_workflow::loader::Loaded;
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{Severity, Workflow};
use serde_json::Value;

use super::RULE;
use crate::nodes::{self, Nodes};
use crate::rule::Report;
use crate::suggest;

pub(super) fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    for (at, node) in nodes.dag.nodes.iter().enumerate() {
        for text in nodes.texts(at) {
            for found in text.references() {
                let Some(target) = nodes.dag.find(at, &found.node) else {
                    continue;
                };
                let producer = &nodes.dag.nodes[target];
                if let (Some(field), Some(span)) = (&found.field, &found.field_span) {
                    one(&text, &found, field, span, node, producer, report);
                }
            }
        }
    }
}

fn one(
    text: &NodeText<'_>,
    found: &NodeRef,
    field: &str,
    span: &std::ops::Range<usize>,
    node: &DagNode<'_>,
    producer: &DagNode<'_>,
    report: &mut Report,
) {
    let name = &found.node;
    let add = |message: String, names: &[&str], report: &mut Report| {
        let loc = nodes::at(text.span(span.clone()));
        let diagnostic = nodes::finding(RULE.code, Severity::Warning, loc, node.step, message);
        report.add(suggest::name(
            diagnostic,
            field,
            names.iter().copied(),
            true,
        ));
    };
    match fields(producer) {
        Fields::Unknown => {}
        Fields::None(why) => add(
            format!("`{name}` {why}, so `{field}` cannot be read and this node fails"),
            &[],
            report,
        ),
        Fields::Declared(declared) if !declared.contains(&field) => {
            let tail = hyphened(text.text(), span.end);
            let whole = format!("{field}{tail}");
            if !tail.is_empty() && declared.contains(&whole.as_str()) {
                let message = format!(
                    "The field `{whole}` cannot be referenced: a reference ends at the hyphen; declare it with `_`"
                );
                add(message, &[], report);
                return;
            }
            let list = declared.join(", ");
            let list = if list.is_empty() { "none" } else { &list };
            add(
                format!("`{name}` declares no field `{field}` (it has {list}); this node fails"),
                &declared,
                report,
            );
        }
        Fields::Declared(_) => {
            if let Some(inner) = deeper(text.text(), span.end, producer, field) {
                let message = format!(
                    "A reference reads one level: this is `{field}` followed by the text `.{inner}`"
                );
                add(message, &[], report);
            }
        }
    }
}

enum Fields<'v> {
    Unknown,
    /// There are none, and why.
    None(&'static str),
    Declared(Vec<&'v str>),
}

fn fields<'w>(producer: &DagNode<'w>) -> Fields<'w> {
    match producer.kind {
        ArchonKind::Approval { raw, .. } => match raw.get("decisions") {
            Some(_) => Fields::Declared(vec!["decision", "text"]),
            None => Fields::None("is an approval without `decisions` and answers in plain text"),
        },
        ArchonKind::Prompt { .. } | ArchonKind::Command { .. } | ArchonKind::Loop(_) => {
            let properties = producer
                .settings
                .output_format
                .as_ref()
                .and_then(|f| f.value.get("properties")?.as_object());
            properties.map_or(Fields::Unknown, |p| {
                Fields::Declared(p.keys().map(String::as_str).collect())
            })
        }
        _ => Fields::Unknown,
    }
}

/// What follows with hyphens behind a field.
fn hyphened(text: &str, end: usize) -> &str {
    let rest = &text[end..];
    let length = rest
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        .count();
    let tail = &rest[..length];
    if tail.starts_with('-') { tail } else { "" }
}

/// A second level that the declaration has and the reference cannot reach.
fn deeper<'t>(text: &'t str, end: usize, producer: &DagNode<'_>, field: &str) -> Option<&'t str> {
    let rest = text[end..].strip_prefix('.')?;
    let length = rest
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
        .count();
    let inner = &rest[..length];
    let declared: &Value = &producer.settings.output_format.as_ref()?.value;
    declared["properties"][field]["properties"]
        .get(inner)
        .map(|_| inner)
}
