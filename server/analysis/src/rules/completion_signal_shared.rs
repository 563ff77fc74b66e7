//! `completion-signal-shared`: a loop that ends the body of a group ends with the group's own signal, so that the group
//! takes the end of the one for its own.

use fermata_workflow::loader::Loaded;
use fermata_workflow::{Severity, Workflow};

use crate::nodes::{self, Nodes};
use crate::rule::{ARCHON, Report, Rule};
use crate::{judged, signals};

pub(super) const RULE: Rule = Rule {
    code: "completion-signal-shared",
    dialects: ARCHON,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    let all = signals::loops(loaded, &nodes);
    for group in all.iter().filter(|l| l.key == "loop_group") {
        let signal = group.signal.trim();
        if signal.is_empty() {
            continue;
        }
        let sinks = judged::sinks(&nodes, group.node);
        // Archon looks at the end of the output and asks for no boundary before the signal.
        let inner = all
            .iter()
            .filter(|l| sinks.contains(&l.node) && l.signal.trim().ends_with(signal));
        for inner in inner {
            let name = nodes.dag.nodes[inner.node].step.name.trim();
            let message = format!(
                "`{name}` ends with `{}`, and its output is that of the group: the first end of the one is the end of both; give the group a signal of its own",
                inner.signal.trim()
            );
            let Some(loc) = nodes.place(group.node, &["loop_group", "until"]) else {
                continue;
            };
            let step = nodes.dag.nodes[group.node].step;
            let mut diagnostic = nodes::finding(RULE.code, Severity::Warning, loc, step, message);
            if let Some(other) = nodes.place(inner.node, &[inner.key, "until"]) {
                diagnostic = diagnostic.related(other, "the signal of the loop inside");
            }
            report.add(diagnostic);
        }
    }
}
