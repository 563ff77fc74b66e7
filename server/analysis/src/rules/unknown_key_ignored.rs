//! `unknown-key-ignored`: a key that the dialect drops without a word, because its object takes any key.

use fermata_syntax::{Node, ScalarStyle};
use fermata_workflow::dialects::conductor::schema::{Kind, Model, TOP};
use fermata_workflow::loader::Loaded;
use fermata_workflow::nearest::nearest;
use fermata_workflow::{Diagnostic, Edit, FileId, Loc, Severity, Workflow};

use crate::rule::{CONDUCTOR, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "unknown-key-ignored",
    dialects: CONDUCTOR,
    check,
};

fn check(loaded: &Loaded, _: &Workflow, report: &mut Report) {
    let Some(source) = loaded.sources.get(FileId::ROOT) else {
        return;
    };
    if let Some(root) = source.tree.root() {
        walk(root, &Kind::Model(&TOP), &mut |model, node| {
            unknown(model, node, report)
        });
    }
}

/// Visits every mapping that the schema describes, along the schema. Aliases
/// and included values are left to the place where they are written.
fn walk(node: Node<'_>, kind: &Kind, visit: &mut dyn FnMut(&'static Model, Node<'_>)) {
    if node.tag().is_some() || node.resolved() != node {
        return;
    }
    match kind {
        Kind::List(item) => {
            for element in node.as_sequence().iter().flat_map(|s| s.items()) {
                walk(element, item, visit);
            }
        }
        Kind::Map(value) => {
            for entry in node.as_mapping().iter().flat_map(|m| m.entries()) {
                walk(entry.value, value, visit);
            }
        }
        Kind::Model(model) | Kind::Short(_, model) => {
            let Some(mapping) = node.as_mapping() else {
                return;
            };
            visit(model, node);
            for entry in mapping.entries() {
                if let Some(key) = entry.key_text().and_then(|k| model.key(k)) {
                    walk(entry.value, &key.kind, visit);
                }
            }
        }
        _ => {}
    }
}

fn unknown(model: &'static Model, node: Node<'_>, report: &mut Report) {
    if model.strict {
        return;
    }
    let Some(mapping) = node.as_mapping() else {
        return;
    };
    let free: Vec<&str> = model
        .keys
        .iter()
        .map(|k| k.name)
        .filter(|k| mapping.get(k).is_none())
        .collect();
    for entry in mapping.entries() {
        let Some(name) = entry
            .key_text()
            .filter(|n| *n != "<<" && model.key(n).is_none())
        else {
            continue;
        };
        let loc = Loc {
            file: FileId::ROOT,
            span: entry.key.span(),
        };
        let mut found = Diagnostic::new(
            RULE.code,
            Severity::Warning,
            loc,
            format!(
                "{} has no key `{name}`; it is dropped without a word",
                capital(model.name)
            ),
        );
        if let Some(best) = nearest(name, free.iter().copied()) {
            found.message.push_str(&format!("; did you mean `{best}`?"));
            if entry
                .key
                .as_scalar()
                .is_some_and(|s| s.style() == ScalarStyle::Plain)
            {
                found = found.fix(
                    format!("Change to `{best}`"),
                    vec![Edit {
                        span: loc.span,
                        text: best.to_owned(),
                    }],
                );
            }
        }
        report.add(found);
    }
}

fn capital(name: &str) -> String {
    let mut chars = name.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}
