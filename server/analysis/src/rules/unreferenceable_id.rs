//! `unreferenceable-id`: a node whose id no reference can name.

use fermata_expr::archon::names;
use fermata_workflow::loader::Loaded;
use fermata_workflow::{Severity, Workflow};

use crate::nodes::{self, Nodes};
use crate::rule::{ARCHON, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "unreferenceable-id",
    dialects: ARCHON,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    for node in &nodes.dag.nodes {
        let id = node.step.name.trim();
        if !names::is_name(id) {
            let message = format!(
                "No text can read the output of `{id}`: a reference is `$` and a name of letters, digits, `_` and `-` that begins with a letter; rename the node"
            );
            report.add(nodes::finding(
                RULE.code,
                Severity::Warning,
                node.step.name.loc,
                node.step,
                message,
            ));
        }
    }
}
