//! Hover on an Archon file: what a key takes and means, what a node does and how often, what a reference reads and what
//! becomes of it where it stands.

use std::fmt::Write as _;

use fermata_expr::archon::{js, reference};
use fermata_syntax::{Offset, Tree};
use fermata_workflow::dag::{Dag, DagNode, NodeText};
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{Placed, Workflow};
use serde_json::Value;

use super::words;
use crate::describe;
use crate::hover::Hover;
use crate::place::place;
use crate::snapshot::Snapshot;

/// What is to be said about an offset.
pub(crate) fn hover(snapshot: &Snapshot, offset: Offset) -> Option<Hover> {
    let (tree, workflow) = (snapshot.tree()?, snapshot.workflow()?);
    let dag = Dag::new(workflow);
    if let Some(found) = of_text(snapshot, workflow, tree, &dag, offset) {
        return Some(found);
    }
    if let Some((node, span)) = super::occurrences::target(snapshot, offset) {
        return Some(Hover {
            span,
            markdown: of_node(snapshot, workflow, &dag, node),
        });
    }
    let here = place(tree, offset);
    let key = super::key(&here.path)?;
    let span = match (&here.key, &here.value) {
        (Some((_, span)), _) if here.on_key => *span,
        (_, Some((_, span))) => *span,
        _ => return None,
    };
    let must = if key.required { " · required" } else { "" };
    Some(Hover {
        span,
        markdown: format!(
            "**{}** · {}{must}\n\n{}",
            key.name,
            super::takes(&key.kind),
            key.doc
        ),
    })
}

fn of_text(
    snapshot: &Snapshot,
    workflow: &Workflow,
    tree: &Tree,
    dag: &Dag<'_>,
    offset: Offset,
) -> Option<Hover> {
    let (node, text, at) = super::text_at(tree, dag, offset)?;
    if let Some(found) = super::on(text.references(), |r| r.span.clone(), at) {
        let target = dag.find(node, &found.node)?;
        let mut markdown = of_node(snapshot, workflow, dag, target);
        if let Some(field) = &found.field {
            let _ = write!(
                markdown,
                "\n\n`{field}`{}",
                declared(&dag.nodes[target], field)
            );
        }
        let _ = write!(markdown, "\n\n{}", words::becomes(text.reading));
        return Some(Hover {
            span: text.span(found.span),
            markdown,
        });
    }
    if let Some(found) = super::on(
        reference::loop_prev_refs(text.text()),
        |r| r.span.clone(),
        at,
    ) {
        let markdown = format!(
            "What `{}` has yielded in the iteration before; empty in the first.\n\n{}",
            found.node,
            words::becomes(text.reading)
        );
        return Some(Hover {
            span: text.span(found.span),
            markdown,
        });
    }
    if let Some(found) = super::on(reference::input_refs(text.text()), |r| r.span.clone(), at) {
        let markdown = describe::input(workflow, &found.name)
            .unwrap_or_else(|| format!("**{}** · input of the workflow", found.name));
        return Some(Hover {
            span: text.span(found.span),
            markdown,
        });
    }
    variable(&text, at)
}

fn variable(text: &NodeText<'_>, at: usize) -> Option<Hover> {
    let whole = text.text();
    let start = whole.get(..at)?.rfind('$').filter(|s| at - s <= 40)?;
    let (name, meaning) = words::VARIABLES
        .iter()
        .filter(|(name, _)| whole[start + 1..].starts_with(name))
        .max_by_key(|(name, _)| name.len())?;
    let end = start + 1 + name.len();
    (at <= end).then(|| Hover {
        span: text.span(start..end),
        markdown: format!("**${name}** · {meaning}"),
    })
}

/// What the node declares about a field.
fn declared(node: &DagNode<'_>, field: &str) -> String {
    let property = node
        .settings
        .output_format
        .as_ref()
        .and_then(|f| f.value.get("properties")?.get(field));
    let Some(property) = property else {
        return " of its output".to_owned();
    };
    let mut text = String::new();
    if let Some(kind) = property.get("type").and_then(Value::as_str) {
        let _ = write!(text, " · {kind}");
    }
    if let Some(words) = property.get("enum").and_then(Value::as_array) {
        let words: Vec<String> = words
            .iter()
            .map(|w| format!("`{}`", js::canonical(w)))
            .collect();
        let _ = write!(text, " · {}", words.join(", "));
    }
    if let Some(description) = property.get("description").and_then(Value::as_str) {
        let _ = write!(text, "\n\n{description}");
    }
    text
}

/// What a node is: kind, description, what it waits for, how often it is tried, who carries it out.
pub(crate) fn of_node(
    snapshot: &Snapshot,
    workflow: &Workflow,
    dag: &Dag<'_>,
    at: usize,
) -> String {
    let node = &dag.nodes[at];
    let name = node.step.name.trim();
    let mut text = format!("**{name}** · {}", node.kind.word());
    if let Some(description) = &node.step.description {
        let _ = write!(text, "\n\n{}", description.as_str());
    }
    let waits: Vec<String> = node
        .settings
        .depends_on
        .iter()
        .map(|d| format!("`{}`", d.as_str()))
        .collect();
    if !waits.is_empty() {
        let rule = node
            .settings
            .trigger_rule
            .as_ref()
            .map_or("all_success", |t| t.as_str());
        let _ = write!(text, "\n\nWaits for {} (`{rule}`).", waits.join(", "));
    }
    if let Some(rounds) = rounds(node.kind) {
        let _ = write!(text, "\n\nGoes round at most {} times.", rounds.value);
    }
    if let Some(agent) = agent(workflow, node) {
        let _ = write!(text, "\n\n{agent}");
    }
    if let Some(retry) = retry(node) {
        let _ = write!(text, "\n\n{retry}");
    }
    let fields = node
        .settings
        .output_format
        .as_ref()
        .and_then(|f| f.value.get("properties")?.as_object());
    if let Some(fields) = fields.filter(|f| !f.is_empty()) {
        let list: Vec<String> = fields.keys().map(|f| format!("`{f}`")).collect();
        let _ = write!(text, "\n\nYields {}.", list.join(", "));
    }
    let held = snapshot
        .facts
        .runs
        .iter()
        .find(|run| run.gates.iter().any(|gate| gate.step == name));
    if let Some(run) = held {
        let _ = write!(text, "\n\nRun {} holds here.", run.short);
    }
    text
}

pub(crate) fn rounds(kind: &ArchonKind) -> Option<Placed<u32>> {
    match kind {
        ArchonKind::Loop(inner) => inner.max_iterations,
        ArchonKind::LoopGroup { max_iterations, .. } => *max_iterations,
        _ => None,
    }
}

/// Provider and model that a node runs on, and who says so.
fn agent(workflow: &Workflow, node: &DagNode<'_>) -> Option<String> {
    let own = matches!(
        node.kind,
        ArchonKind::Prompt { .. } | ArchonKind::Command { .. }
    );
    let looped = matches!(node.kind, ArchonKind::Loop(_));
    if !own && !looped {
        return None;
    }
    let top = &workflow.archon.as_ref()?.raw;
    let of = |key: &str| -> (String, &'static str) {
        let written = |value: &Value| value.get(key)?.as_str().map(str::to_owned);
        // What a loop says itself never arrives.
        match (
            own.then(|| written(&node.settings.raw)).flatten(),
            written(top),
        ) {
            (Some(value), _) => (value, ""),
            (None, Some(value)) => (value, " of the workflow"),
            (None, None) => ("default".to_owned(), " of the configuration"),
        }
    };
    let ((provider, by), (model, whose)) = (of("provider"), of("model"));
    Some(format!(
        "Runs on provider `{provider}`{by}, model `{model}`{whose}."
    ))
}

/// How often a node is tried, defaults included.
pub(crate) fn retry(node: &DagNode<'_>) -> Option<String> {
    let agent = matches!(
        node.kind,
        ArchonKind::Prompt { .. } | ArchonKind::Command { .. }
    );
    let exec = matches!(
        node.kind,
        ArchonKind::Bash { .. } | ArchonKind::Script { .. }
    );
    let written = node.settings.raw.get("retry");
    match written {
        None if agent => Some(
            "Tried up to 3 times on transient errors, after 3 and 6 seconds (the default)."
                .to_owned(),
        ),
        None => None,
        Some(_) if !agent && !exec => None,
        Some(retry) => {
            let times = retry
                .get("max_attempts")
                .and_then(Value::as_u64)
                .unwrap_or(1)
                + 1;
            let delay = retry
                .get("delay_ms")
                .and_then(Value::as_f64)
                .unwrap_or(3000.0)
                / 1000.0;
            let which = match retry.get("on_error").and_then(Value::as_str) {
                Some("all") => "all but fatal errors",
                _ => "transient errors",
            };
            Some(format!(
                "Tried up to {times} times on {which}, the first time again after {delay} seconds."
            ))
        }
    }
}
