//! The rule on Archon's loops: `max_iterations` of 50 or more, bodies and nested loops multiplied.

use fermata_workflow::loader::Loaded;
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{Placed, Severity, Workflow};

use super::{HIGH, RULE};
use crate::nodes::{self, Nodes};
use crate::rule::Report;

pub(super) fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    for (at, node) in nodes.dag.nodes.iter().enumerate() {
        let Some(bound) = rounds(node.kind).filter(|b| b.value >= HIGH) else {
            continue;
        };
        let calls = calls(&nodes, at);
        if calls == 0 {
            continue;
        }
        let message = format!(
            "`{}` may go round {} times, up to {calls} agent calls, before anybody is asked; lower `max_iterations`",
            node.step.name.trim(),
            bound.value
        );
        report.add(nodes::finding(
            RULE.code,
            Severity::Warning,
            bound.loc,
            node.step,
            message,
        ));
    }
}

fn rounds(kind: &ArchonKind) -> Option<Placed<u32>> {
    match kind {
        ArchonKind::Loop(inner) => inner.max_iterations,
        ArchonKind::LoopGroup { max_iterations, .. } => *max_iterations,
        _ => None,
    }
}

/// Agent calls of a node in the worst case.
fn calls(nodes: &Nodes<'_>, at: usize) -> u64 {
    let node = &nodes.dag.nodes[at];
    let times = u64::from(rounds(node.kind).map_or(1, |b| b.value));
    match node.kind {
        ArchonKind::Prompt { .. } | ArchonKind::Command { .. } => 1,
        ArchonKind::Loop(_) => times,
        ArchonKind::LoopGroup { .. } => {
            let body: u64 = nodes.dag.list(Some(at)).map(|(n, _)| calls(nodes, n)).sum();
            times.saturating_mul(body)
        }
        _ => 0,
    }
}
