//! The rule on Archon's loops: what was said of the work, by a judge in the group or by a person at the gate, reaches
//! nobody who could mend it.

use fermata_workflow::loader::Loaded;
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{Severity, Workflow};

use super::RULE;
use crate::judged;
use crate::nodes::{self, Nodes};
use crate::rule::Report;
use crate::signals::{self, LoopTexts};

pub(super) fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    for found in signals::loops(loaded, &nodes) {
        judge(&nodes, &found, report);
        person(&nodes, &found, report);
    }
    for at in 0..nodes.dag.nodes.len() {
        rework(&nodes, at, report);
    }
}

/// A worker in a session of its own that never reads what the judge said.
fn judge(nodes: &Nodes<'_>, found: &LoopTexts, report: &mut Report) {
    let Some(verdict) = judged::read(nodes, found) else {
        return;
    };
    let Some(&worker) = verdict.workers.first() else {
        return;
    };
    let raw = |n: usize| &nodes.dag.nodes[n].settings.raw;
    let whole = nodes::is_set(&found.raw, &["fresh_context"]);
    let fresh = whole || nodes::text(raw(worker), &["context"]) == Some("fresh");
    let name = nodes.dag.nodes[verdict.judge].step.name.trim();
    let read = format!("$LOOP_PREV.{name}.output");
    let told = found.texts.iter().any(|t| t.contains(&read));
    // A group that hands nothing on at all is another rule's.
    let nothing = whole && !found.texts.iter().any(|t| t.contains("$LOOP_PREV"));
    let by_files = found.texts.iter().any(|t| signals::names_files(t));
    let once = found.raw.get("max_iterations").and_then(|n| n.as_u64()) == Some(1);
    if !fresh || told || nothing || by_files || once || !found.whole {
        return;
    }
    let step = nodes.dag.nodes[worker].step;
    let (key, own) = (nodes.dag.nodes[worker].kind.word(), step.name.trim());
    let Some(loc) = nodes.key(worker, &[key]) else {
        return;
    };
    let message = format!(
        "`{name}` sends work back, and `{own}` never learns why: its session is fresh, and nothing reads `{read}`"
    );
    let mut diagnostic = nodes::finding(RULE.code, Severity::Warning, loc, step, message)
        .related(verdict.loc, "this sends the work back");
    let texts = nodes.texts(worker);
    let text = texts.iter().find(|t| t.field == "prompt");
    let line = format!("What {name} said of the last version: {read}");
    if let Some(edit) = text.and_then(|t| nodes::add_line(nodes.tree, t, &line)) {
        diagnostic = diagnostic.fix(
            format!("Show the output of `{name}` to `{own}`"),
            vec![edit],
        );
    }
    report.add(diagnostic);
}

/// A gate in every round, and nobody who reads what is answered there.
fn person(nodes: &Nodes<'_>, found: &LoopTexts, report: &mut Report) {
    let told = found.texts.iter().any(|t| t.contains("LOOP_USER_INPUT"));
    if !nodes::is_set(&found.raw, &["interactive"]) || told || !found.whole {
        return;
    }
    let step = nodes.dag.nodes[found.node].step;
    let Some(loc) = nodes.key(found.node, &[found.key, "interactive"]) else {
        return;
    };
    let message = "What a person answers between two iterations reaches nobody: no text reads `$LOOP_USER_INPUT`";
    let mut diagnostic = nodes::finding(RULE.code, Severity::Warning, loc, step, message);
    let texts = nodes.texts(found.node);
    let text = texts.iter().find(|t| t.field == "loop.prompt");
    let line = "What was answered to the last version: $LOOP_USER_INPUT";
    if let Some(edit) = text.and_then(|t| nodes::add_line(nodes.tree, t, line)) {
        diagnostic = diagnostic.fix("Hand the answer on", vec![edit]);
    }
    report.add(diagnostic);
}

/// A rework that is not told why the work was rejected.
fn rework(nodes: &Nodes<'_>, at: usize, report: &mut Report) {
    let node = &nodes.dag.nodes[at];
    if !matches!(node.kind, ArchonKind::Approval { .. }) {
        return;
    }
    let texts = nodes.texts(at);
    let text = texts
        .iter()
        .find(|t| t.field == "approval.on_reject.prompt")
        .filter(|t| !t.text().contains("REJECTION_REASON"));
    let Some(text) = text else { return };
    let Some(loc) = nodes.key(at, &["approval", "on_reject", "prompt"]) else {
        return;
    };
    let message = "Whoever rejects says why, and the rework is never told: read `$REJECTION_REASON` in its prompt";
    let mut diagnostic = nodes::finding(RULE.code, Severity::Warning, loc, node.step, message);
    let line = "It was rejected with these words: $REJECTION_REASON";
    if let Some(edit) = nodes::add_line(nodes.tree, text, line) {
        diagnostic = diagnostic.fix("Tell the rework why", vec![edit]);
    }
    report.add(diagnostic);
}
