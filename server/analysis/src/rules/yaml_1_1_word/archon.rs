//! The rule on Archon's free values: what is handed over, defaults of inputs, flags of extensions. Elsewhere the shape of
//! a node says already that a word is no boolean.

use fermata_syntax::{Node, ScalarStyle};
use fermata_workflow::loader::Loaded;
use fermata_workflow::{Diagnostic, Edit, FileId, Loc, Severity, Workflow};

use super::RULE;
use crate::nodes::Nodes;
use crate::rule::Report;
use fermata_workflow::dag;

pub(super) fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    let root = nodes.tree.root().and_then(|n| n.resolved().as_mapping());
    let inputs = root.and_then(|m| dag::value(m, &["inputs"])?.as_mapping());
    for input in inputs.iter().flat_map(|m| m.entries()) {
        let spec = input.value.resolved().as_mapping();
        if let Some(default) = spec.and_then(|m| dag::value(m, &["default"])) {
            walk(default, report);
        }
    }
    for node in &nodes.dag.nodes {
        let Some(mapping) = dag::mapping(nodes.tree, node.step) else {
            continue;
        };
        for path in [&["with"][..], &["pi", "extensionFlags"]] {
            if let Some(value) = dag::value(mapping, path) {
                walk(value, report);
            }
        }
    }
}

fn walk(node: Node<'_>, report: &mut Report) {
    if node.tag().is_some() || node.resolved() != node {
        return;
    }
    if let Some(scalar) = node.as_scalar() {
        if scalar.style() == ScalarStyle::Plain {
            report.extend(word(node, scalar.value()));
        }
        return;
    }
    for item in node.as_sequence().iter().flat_map(|s| s.items()) {
        walk(item, report);
    }
    for entry in node.as_mapping().iter().flat_map(|m| m.entries()) {
        walk(entry.value, report);
    }
}

fn word(node: Node<'_>, value: &str) -> Option<Diagnostic> {
    let digits =
        |text: &str, radix: u32| !text.is_empty() && text.chars().all(|c| c.is_digit(radix));
    let plain = value.replace('_', "");
    let grouped = plain.len() < value.len() && value.starts_with(|c: char| c.is_ascii_digit());
    let (here, there, better) = match value.to_ascii_lowercase().as_str() {
        "yes" | "on" => ("a text", "`true`".to_owned(), "true".to_owned()),
        "no" | "off" => ("a text", "`false`".to_owned(), "false".to_owned()),
        _ if value.strip_prefix("0b").is_some_and(|d| digits(d, 2)) => {
            let number = u64::from_str_radix(&value[2..], 2).ok()?.to_string();
            ("a text", format!("the number {number}"), number)
        }
        _ if grouped && digits(&plain, 10) => {
            ("a text", format!("the number {plain}"), plain.clone())
        }
        _ if value.len() > 1 && value.starts_with('0') && digits(value, 8) => {
            let number = value.trim_start_matches('0');
            let number = if number.is_empty() { "0" } else { number };
            (
                "a number in tens",
                "an octal number".to_owned(),
                number.to_owned(),
            )
        }
        _ => return None,
    };
    let loc = Loc {
        file: FileId::ROOT,
        span: node.span(),
    };
    let message = format!(
        "`{value}` is {here} here and {there} to tools of YAML 1.1; write `{better}`, or quote it"
    );
    let fix = |diagnostic: Diagnostic, text: String| {
        let title = format!("Change to `{text}`");
        let span = loc.span;
        diagnostic.fix(title, vec![Edit { span, text }])
    };
    let found = Diagnostic::new(RULE.code, Severity::Information, loc, message);
    Some(fix(fix(found, format!("\"{value}\"")), better))
}
