//! `completion-signal-unmentioned`: nothing tells the agent of a loop the word that ends it.

use fermata_workflow::loader::Loaded;
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{Severity, Workflow};

use crate::judged;
use crate::nodes::{self, Nodes};
use crate::rule::{ARCHON, Report, Rule};
use crate::signals::{self, LoopTexts};

pub(super) const RULE: Rule = Rule {
    code: "completion-signal-unmentioned",
    dialects: ARCHON,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    for found in signals::loops(loaded, &nodes) {
        let signal = found.signal.trim();
        let other = ["until_bash", "until_field"]
            .iter()
            .any(|key| found.raw.get(key).is_some());
        let told = found.texts.iter().any(|t| t.contains(signal));
        if signal.is_empty() || other || !found.whole {
            continue;
        }
        let node = nodes.dag.nodes[found.node].step;
        let message = match elsewhere(loaded, &nodes, &found).filter(|_| told) {
            Some(last) => format!(
                "`{signal}` is looked for in the output of `{last}`, which nothing tells to say it, so the group goes on to its last iteration and fails"
            ),
            None if told => continue,
            None => format!(
                "No text of this loop tells the agent to answer `{signal}`, so it goes on to its last iteration and fails"
            ),
        };
        let Some(loc) = nodes.place(found.node, &[found.key, "until"]) else {
            continue;
        };
        let mut diagnostic = nodes::finding(RULE.code, Severity::Warning, loc, node, message);
        let prompt = nodes
            .texts(found.node)
            .into_iter()
            .find(|t| t.field == "loop.prompt");
        let line = format!("When it is finished, end your answer with {signal}.");
        if let Some(edit) = prompt.and_then(|t| nodes::add_line(nodes.tree, &t, &line)) {
            diagnostic = diagnostic.fix("Tell the agent the signal", vec![edit]);
        }
        report.add(diagnostic);
    }
}

/// The node that gives a group its output, when neither its own texts nor what it hands on can have the signal.
fn elsewhere<'w>(loaded: &Loaded, nodes: &Nodes<'w>, found: &LoopTexts) -> Option<&'w str> {
    if found.key != "loop_group" {
        return None;
    }
    let signal = found.signal.trim();
    let sinks = judged::sinks(nodes, found.node);
    let silent = |at: &usize| {
        let node = &nodes.dag.nodes[*at];
        let command = match node.kind {
            ArchonKind::Command { name, .. } => {
                loaded.surroundings.command_texts.get(name.trim()).cloned()
            }
            ArchonKind::Prompt { .. } | ArchonKind::Bash { .. } => None,
            // What a program, a loop or a person comes to is not written here.
            _ => return false,
        };
        let own = nodes.texts(*at);
        let texts = own.iter().map(|t| t.text()).chain(command.as_deref());
        let says = |text: &str| text.contains(signal) || text.contains('$');
        !texts.into_iter().any(says)
    };
    let last = sinks.first()?;
    sinks
        .iter()
        .all(silent)
        .then(|| nodes.dag.nodes[*last].step.name.trim())
}
