//! The rule on Archon's nodes: retries, rounds of the groups around, and children of a fan-out multiplied.

use fermata_workflow::loader::Loaded;
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{Loc, Severity, Workflow};

use super::{MANY, RULE};
use crate::judged;
use crate::nodes::{self, Nodes};
use crate::rule::Report;

/// `fan_out.max_parallel` where it is not written.
const WIDTH: u64 = 5;

pub(super) fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    for at in 0..nodes.dag.nodes.len() {
        retried(&nodes, at, report);
        fanned_out(loaded, &nodes, at, report);
    }
}

/// An agent that is asked again within every round.
fn retried(nodes: &Nodes<'_>, at: usize, report: &mut Report) {
    let node = &nodes.dag.nodes[at];
    let retries = nodes::value(&node.settings.raw, &["retry", "max_attempts"]);
    let Some(attempts) = retries.and_then(|n| n.as_u64()).map(|n| n + 1) else {
        return;
    };
    let around = rounds(nodes, at);
    let times: u64 = around
        .iter()
        .fold(1, |all, (rounds, _)| all.saturating_mul(*rounds));
    let calls = attempts.saturating_mul(times);
    if !judged::is_agent(nodes, at) || attempts < 2 || calls < MANY {
        return;
    }
    let Some(loc) = nodes.key(at, &["retry"]) else {
        return;
    };
    let factors: Vec<String> = std::iter::once(format!("{attempts} attempts"))
        .chain(
            around
                .iter()
                .map(|(rounds, _)| format!("{rounds} iterations")),
        )
        .collect();
    let message = format!(
        "`{}` can come to {calls} agent calls: {}; lower one of them",
        node.step.name.trim(),
        factors.join(" × ")
    );
    let diagnostic = nodes::finding(RULE.code, Severity::Warning, loc, node.step, message);
    report.add(around.iter().fold(diagnostic, |d, (_, loc)| {
        d.related(*loc, "the iterations around it")
    }));
}

/// Iterations of the groups around a node, innermost first.
fn rounds(nodes: &Nodes<'_>, at: usize) -> Vec<(u64, Loc)> {
    let group = |n: &usize| nodes.dag.nodes[*n].group;
    std::iter::successors(group(&at), group)
        .filter_map(|n| match nodes.dag.nodes[n].kind {
            ArchonKind::LoopGroup { max_iterations, .. } => {
                max_iterations.map(|bound| (u64::from(bound.value), bound.loc))
            }
            _ => None,
        })
        .collect()
}

/// Many runs at once of a workflow that retries within its rounds.
fn fanned_out(loaded: &Loaded, nodes: &Nodes<'_>, at: usize, report: &mut Report) {
    let node = &nodes.dag.nodes[at];
    let ArchonKind::Workflow { workflow, raw } = node.kind else {
        return;
    };
    let Some(fan) = raw.get("fan_out") else {
        return;
    };
    let target = workflow.trim();
    let Some(each) = loaded.surroundings.workflows.get(target).map(|w| w.retried) else {
        return;
    };
    let width = fan
        .get("max_parallel")
        .and_then(|n| n.as_u64())
        .unwrap_or(WIDTH);
    let calls = each.saturating_mul(width);
    if each < 2 || width < 2 || calls < MANY {
        return;
    }
    let Some(loc) = nodes.key(at, &["fan_out"]) else {
        return;
    };
    let message = format!(
        "`{}` can come to {calls} agent calls at once: {width} runs of `{target}`, whose retries and iterations come to {each} each; lower one of them",
        node.step.name.trim()
    );
    report.add(nodes::finding(
        RULE.code,
        Severity::Warning,
        loc,
        node.step,
        message,
    ));
}
