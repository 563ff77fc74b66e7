//! `unreachable-step`: no way leads from the entry point to a step.

mod archon;

use fermata_workflow::flow::{Flow, Target};
use fermata_workflow::loader::Loaded;
use fermata_workflow::model::StepKind;
use fermata_workflow::{Diagnostic, Dialect, Severity, Workflow};

use crate::rule::{BOTH, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "unreachable-step",
    dialects: BOTH,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    if workflow.dialect == Dialect::Archon {
        return archon::check(loaded, workflow, report);
    }
    let flow = Flow::new(workflow);
    let Some(entry) = flow.entry().first().map(|e| flow.name(*e)) else {
        return;
    };
    let reached = flow.reachable(workflow);
    let member = |name: &str| {
        workflow.steps.iter().any(|s| matches!(&s.kind, StepKind::Parallel(g) if g.members.iter().any(|m| m.as_str() == name)))
    };
    // A duplicate can never be reached by name; another rule says that.
    let first = |index: usize| {
        workflow
            .steps
            .iter()
            .position(|s| s.name.value == workflow.steps[index].name.value)
            == Some(index)
    };
    let lost: Vec<usize> = (0..workflow.steps.len())
        .filter(|i| !reached[*i] && first(*i) && !member(workflow.steps[*i].name.as_str()))
        .collect();
    for index in &lost {
        // What only other lost steps lead to is lost with them; a circle is named once.
        let led_to = flow
            .incoming(*index)
            .any(|e| e.from != *index && lost.contains(&e.from));
        if led_to && !begins_circle(&flow, &lost, *index) {
            continue;
        }
        let step = &workflow.steps[*index];
        let name = step.name.as_str();
        let message = format!(
            "No route leads to `{name}` from the entry point `{entry}`, so it never runs; route to it or remove it"
        );
        let mut found =
            Diagnostic::new(RULE.code, Severity::Warning, step.name.loc, message).step(name);
        for other in behind(&flow, &lost, *index) {
            let other = &workflow.steps[other];
            found = found.related(
                other.name.loc,
                format!("`{}` is reached only from there", other.name.as_str()),
            );
        }
        report.add(found);
    }
}

/// Lost steps that a lost step leads to.
fn behind(flow: &Flow, lost: &[usize], from: usize) -> Vec<usize> {
    let (mut found, mut open) = (Vec::new(), vec![from]);
    while let Some(at) = open.pop() {
        for edge in flow.outgoing(at) {
            if let Target::Step(to) = edge.to
                && to != from
                && lost.contains(&to)
                && !found.contains(&to)
            {
                found.push(to);
                open.push(to);
            }
        }
    }
    found.sort_unstable();
    found
}

/// Whether every lost step that leads here is led to from here, and this is the first of them.
fn begins_circle(flow: &Flow, lost: &[usize], index: usize) -> bool {
    let ahead = behind(flow, lost, index);
    lost.iter().all(|other| {
        *other == index
            || !behind(flow, lost, *other).contains(&index)
            || (ahead.contains(other) && index < *other)
    })
}
