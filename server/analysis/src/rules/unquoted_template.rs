//! `unquoted-template`: `{{ x }}` without quotes, which YAML reads as a map in a map.

use fermata_syntax::Node;
use fermata_workflow::loader::Loaded;
use fermata_workflow::{Diagnostic, Edit, Loc, Severity, Workflow};

use crate::rule::{CONDUCTOR, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "unquoted-template",
    dialects: CONDUCTOR,
    check,
};

fn check(loaded: &Loaded, _: &Workflow, report: &mut Report) {
    for (file, source) in loaded.sources.iter().filter(|(_, s)| !s.raw) {
        for node in source.tree.nodes().filter(|n| is_template(*n)) {
            let loc = Loc {
                file,
                span: node.span(),
            };
            let written = source.tree.slice(loc.span);
            let message = "YAML reads `{{ … }}` without quotes as a map in a map, not as a template; put it in quotes";
            let mut found = Diagnostic::new(RULE.code, Severity::Warning, loc, message);
            let quote = if written.contains('"') { '\'' } else { '"' };
            if !written.contains([quote, '\\', '\n']) {
                found = found.fix(
                    "Put it in quotes",
                    vec![Edit {
                        span: loc.span,
                        text: format!("{quote}{written}{quote}"),
                    }],
                );
            }
            report.add(found);
        }
    }
}

/// A flow map whose only key is a flow map of one key, both without values.
fn is_template(node: Node<'_>) -> bool {
    let text = node.tree().slice(node.span());
    text.starts_with("{{") && text.ends_with("}}") && only_key(node).and_then(only_key).is_some()
}

/// The key of a flow map that has one key and no value.
fn only_key(node: Node<'_>) -> Option<Node<'_>> {
    let mapping = node
        .as_mapping()
        .filter(|m| m.is_flow() && m.len() == 1 && node.resolved() == node)?;
    let entry = mapping.entries().next()?;
    entry
        .value
        .as_scalar()
        .filter(|s| s.value().is_empty())
        .map(|_| entry.key)
}
