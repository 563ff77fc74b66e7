//! The rule on Archon's sub-runs: `with` against the inputs that the target declares.

use fermata_workflow::loader::Loaded;
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{Severity, Workflow};

use super::RULE;
use crate::nodes::{self, Nodes};
use crate::rule::Report;
use crate::suggest;

pub(super) fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    for (at, node) in nodes.dag.nodes.iter().enumerate() {
        let ArchonKind::Workflow {
            workflow: target,
            raw,
        } = node.kind
        else {
            continue;
        };
        let Some(declared) = loaded
            .surroundings
            .workflows
            .get(target.trim())
            .and_then(|w| w.inputs.as_ref())
        else {
            continue;
        };
        let item = nodes::text(raw, &["fan_out", "as"]);
        let given: Vec<&str> = nodes::value(raw, &["with"])
            .and_then(|w| w.as_object())
            .into_iter()
            .flat_map(|w| w.keys().map(String::as_str))
            .collect();
        let missing: Vec<String> = declared
            .iter()
            .filter(|(name, (required, default))| {
                *required
                    && default.is_none()
                    && !given.contains(&name.as_str())
                    && item != Some(name)
            })
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        if !missing.is_empty() {
            let message = format!(
                "`{}` requires {}; hand it over in `with`, or the sub-run is refused",
                target.trim(),
                missing.join(", ")
            );
            let loc = nodes
                .key(at, &["with"])
                .or_else(|| nodes.place(at, &["workflow"]))
                .unwrap_or(target.loc);
            report.add(nodes::finding(
                RULE.code,
                Severity::Warning,
                loc,
                node.step,
                message,
            ));
        }
        for name in given
            .iter()
            .chain(&item)
            .filter(|n| !declared.contains_key(**n))
        {
            let loc = nodes
                .key(at, &["with", name])
                .or_else(|| nodes.place(at, &["fan_out", "as"]))
                .unwrap_or(target.loc);
            let message = format!("`{}` has no input `{name}`", target.trim());
            let diagnostic = nodes::finding(RULE.code, Severity::Warning, loc, node.step, message);
            let free = declared
                .keys()
                .map(String::as_str)
                .filter(|n| !given.contains(n));
            report.add(suggest::name(diagnostic, name, free, true));
        }
    }
}
