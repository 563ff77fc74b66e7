//! `unknown-body-provider`: a node inside a loop_group names a provider that does not exist; Archon looks at the top
//! level only.

use fermata_workflow::dialects::archon::PROVIDERS;
use fermata_workflow::loader::Loaded;
use fermata_workflow::{Severity, Workflow};

use crate::nodes::{self, Nodes};
use crate::rule::{ARCHON, Report, Rule};
use crate::suggest;

pub(super) const RULE: Rule = Rule {
    code: "unknown-body-provider",
    dialects: ARCHON,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    for (at, node) in nodes.dag.nodes.iter().enumerate() {
        let provider = nodes::text(&node.settings.raw, &["provider"]);
        let Some(provider) = provider.filter(|p| node.group.is_some() && !PROVIDERS.contains(p))
        else {
            continue;
        };
        let Some(loc) = nodes.place(at, &["provider"]) else {
            continue;
        };
        let message = format!(
            "There is no provider `{provider}`; inside a loop_group only the run finds that out. There are {}",
            PROVIDERS.join(", ")
        );
        let diagnostic = nodes::finding(RULE.code, Severity::Warning, loc, node.step, message);
        report.add(suggest::name(
            diagnostic,
            provider,
            PROVIDERS.iter().copied(),
            true,
        ));
    }
}
