//! `iteration-limit-too-low`: the shortest way to the end, or one round of a loop, needs more than the limit.

mod archon;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use fermata_workflow::flow::{Flow, Target};
use fermata_workflow::loader::Loaded;
use fermata_workflow::model::StepKind;
use fermata_workflow::{Diagnostic, Dialect, Edit, Severity, Workflow};

use crate::loops;
use crate::rule::{BOTH, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "iteration-limit-too-low",
    dialects: BOTH,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    if workflow.dialect == Dialect::Archon {
        return archon::check(loaded, workflow, report);
    }
    let flow = Flow::new(workflow);
    let limit = u64::from(workflow.limits.max_iterations());
    let way = shortest(workflow, &flow).map(|cost| {
        (
            cost,
            format!("the shortest way from `{}` to the end", entry(workflow)),
        )
    });
    let round = flow
        .loops(workflow)
        .iter()
        .map(|l| {
            (
                loops::round_cost(workflow, l),
                format!("one round of {}", l.name),
            )
        })
        .max();
    let Some((cost, what)) = [way, round]
        .into_iter()
        .flatten()
        .find(|(cost, _)| *cost > limit)
    else {
        return;
    };
    let written = workflow.limits.max_iterations_written;
    let default = if written.is_some() { "" } else { " by default" };
    let message = format!(
        "{} takes {cost} iterations, and `max_iterations` is {limit}{default}; the run stops before it is through",
        capital(&what)
    );
    let loc = written.map_or(workflow.name.loc, |w| w.loc);
    let mut found = Diagnostic::new(RULE.code, Severity::Warning, loc, message);
    if let Some(written) = written {
        found = found.fix(
            format!("Raise the limit to {cost}"),
            vec![Edit {
                span: written.loc.span,
                text: cost.to_string(),
            }],
        );
    }
    report.add(found);
}

fn entry(workflow: &Workflow) -> &str {
    workflow.entry.as_ref().map_or("", |e| e.as_str())
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// Iterations on the cheapest way from the entry to the end.
fn shortest(workflow: &Workflow, flow: &Flow) -> Option<u64> {
    let cost = |step: usize| match &workflow.steps[step].kind {
        StepKind::Parallel(group) => group.members.len() as u64,
        _ => 1,
    };
    let mut best = vec![u64::MAX; flow.len()];
    let mut open: BinaryHeap<Reverse<(u64, usize)>> = flow
        .entry()
        .iter()
        .map(|e| Reverse((cost(*e), *e)))
        .collect();
    while let Some(Reverse((spent, at))) = open.pop() {
        if spent >= best[at] {
            continue;
        }
        best[at] = spent;
        let ends = matches!(workflow.steps[at].kind, StepKind::Terminate(_))
            || flow.outgoing(at).iter().any(|e| e.to == Target::End);
        if ends {
            return Some(spent);
        }
        for edge in flow.outgoing(at) {
            if let Target::Step(to) = edge.to {
                open.push(Reverse((spent + cost(to), to)));
            }
        }
    }
    None
}
