//! `unknown-input`: `$INPUTS.name` where the workflow declares inputs and this is none of them.

use fermata_expr::archon::reference;
use fermata_workflow::loader::Loaded;
use fermata_workflow::{Severity, Workflow};

use crate::nodes::{self, Nodes};
use crate::rule::{ARCHON, Report, Rule};
use crate::suggest;

pub(super) const RULE: Rule = Rule {
    code: "unknown-input",
    dialects: ARCHON,
    check,
};

const HEAD: usize = "$INPUTS.".len();

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    // A workflow that declares nothing takes whatever it is given.
    if workflow.inputs.is_empty() {
        return;
    }
    for (at, node) in nodes.dag.nodes.iter().enumerate() {
        let bound = nodes::value(&node.settings.raw, &["with"]).and_then(|w| w.as_object());
        for text in nodes.texts(at) {
            for found in reference::input_refs(text.text()) {
                let name = found.name.as_str();
                if workflow.inputs.contains_key(name) || bound.is_some_and(|b| b.contains_key(name))
                {
                    continue;
                }
                let loc = nodes::at(text.span(found.span.start + HEAD..found.span.end));
                let message =
                    format!("The workflow declares no input `{name}`, so this node fails");
                let diagnostic =
                    nodes::finding(RULE.code, Severity::Warning, loc, node.step, message);
                let names = workflow.inputs.keys().map(String::as_str);
                report.add(suggest::name(diagnostic, name, names, true));
            }
        }
    }
}
