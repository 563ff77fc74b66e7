//! `completion-signal-unmentioned`: nothing tells the agent of a loop the word that ends it.

use fermata_workflow::loader::Loaded;
use fermata_workflow::{Severity, Workflow};

use crate::nodes::{self, Nodes};
use crate::rule::{ARCHON, Report, Rule};
use crate::signals;

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
        if signal.is_empty() || other || told || !found.whole {
            continue;
        }
        let node = nodes.dag.nodes[found.node].step;
        let message = format!(
            "No text of this loop tells the agent to answer `{signal}`, so it goes on to its last iteration and fails"
        );
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
