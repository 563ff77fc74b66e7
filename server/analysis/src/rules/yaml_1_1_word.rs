//! `yaml-1.1-word`: `yes`, `no`, `on`, `off` or a number with a leading zero, which tools of YAML 1.1 read as something else.

mod archon;

use fermata_syntax::{Node, ScalarStyle};
use fermata_workflow::dialects::conductor::schema::{Kind, TOP};
use fermata_workflow::loader::Loaded;
use fermata_workflow::{Diagnostic, Dialect, Edit, FileId, Loc, Severity, Workflow};

use crate::rule::{BOTH, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "yaml-1.1-word",
    dialects: BOTH,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    if workflow.dialect == Dialect::Archon {
        return archon::check(loaded, workflow, report);
    }
    let Some(tree) = loaded.sources.get(FileId::ROOT).map(|f| &f.tree) else {
        return;
    };
    // A file that says which YAML it is in is read as it says.
    if tree.yaml_version().is_some() {
        return;
    }
    if let Some(root) = tree.root() {
        walk(root, &Kind::Model(&TOP), report);
    }
}

fn walk(node: Node<'_>, kind: &Kind, report: &mut Report) {
    if node.tag().is_some() || node.resolved() != node {
        return;
    }
    if let Some(scalar) = node.as_scalar() {
        if scalar.style() == ScalarStyle::Plain {
            report.extend(word(node, scalar.value(), kind));
        }
        return;
    }
    for item in node.as_sequence().iter().flat_map(|s| s.items()) {
        match kind {
            Kind::List(inner) => walk(item, inner, report),
            Kind::Any => walk(item, &Kind::Any, report),
            _ => {}
        }
    }
    for entry in node.as_mapping().iter().flat_map(|m| m.entries()) {
        match kind {
            Kind::Map(inner) => walk(entry.value, inner, report),
            Kind::Any => walk(entry.value, &Kind::Any, report),
            Kind::Model(model) | Kind::Short(_, model) => {
                if let Some(key) = entry.key_text().and_then(|k| model.key(k)) {
                    walk(entry.value, &key.kind, report);
                }
            }
            _ => {}
        }
    }
}

fn word(node: Node<'_>, value: &str, kind: &Kind) -> Option<Diagnostic> {
    let truth = match value.to_ascii_lowercase().as_str() {
        "yes" | "on" => Some(true),
        "no" | "off" => Some(false),
        _ => None,
    };
    let octal = value.len() > 1
        && value.starts_with('0')
        && value.bytes().all(|b| (b'0'..=b'7').contains(&b));
    let (message, better) = match (kind, truth) {
        (Kind::Bool, Some(truth)) => (
            format!(
                "`{value}` is a text in YAML 1.2 that is only taken for a boolean; write `{truth}`"
            ),
            truth.to_string(),
        ),
        (Kind::Any, Some(truth)) => (
            format!(
                "`{value}` is a text here and `{truth}` to tools of YAML 1.1; write `{truth}`, or quote it"
            ),
            format!("\"{value}\""),
        ),
        (Kind::Any | Kind::Int(..) | Kind::Number(..), None) if octal => {
            let number = value.trim_start_matches('0');
            let number = if number.is_empty() { "0" } else { number };
            (
                format!(
                    "`{value}` is the number {number} here and an octal number to tools of YAML 1.1; write `{number}`"
                ),
                number.to_owned(),
            )
        }
        _ => return None,
    };
    let loc = Loc {
        file: FileId::ROOT,
        span: node.span(),
    };
    let found = Diagnostic::new(RULE.code, Severity::Information, loc, message);
    Some(found.fix(
        format!("Change to `{better}`"),
        vec![Edit {
            span: loc.span,
            text: better,
        }],
    ))
}
