//! `retry-storm`: retries, rounds of a loop and fan-out multiply to 100 agent calls or more.

mod archon;

use fermata_workflow::flow::Flow;
use fermata_workflow::loader::Loaded;
use fermata_workflow::model::{AgentStep, StepKind};
use fermata_workflow::{Diagnostic, Dialect, Severity, Step, Workflow};

use crate::loops;
use crate::places;
use crate::rule::{BOTH, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "retry-storm",
    dialects: BOTH,
    check,
};

/// Calls of one step from which on nobody has meant it.
const MANY: u64 = 100;

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    if workflow.dialect == Dialect::Archon {
        return archon::check(loaded, workflow, report);
    }
    let flow = Flow::new(workflow);
    let found = flow.loops(workflow);
    let limit = u64::from(workflow.limits.max_iterations());
    for (index, step) in workflow.steps.iter().enumerate() {
        let (own, width) = match &step.kind {
            StepKind::ForEach(each) => (&each.agent, u64::from(each.max_concurrent)),
            _ => (step, 1),
        };
        let StepKind::Agent(agent) = &own.kind else {
            continue;
        };
        let attempts = attempts(agent);
        // A member of a group goes round with its group.
        let runs_in = |other: usize| other == index || member(workflow, other, own);
        let round = found.iter().find(|l| l.steps.iter().any(|s| runs_in(*s)));
        let rounds = round.map_or(1, |l| (limit / loops::round_cost(workflow, l)).max(1));
        let calls = attempts * rounds * width;
        if attempts < 2 || calls < MANY {
            continue;
        }
        let mut factors = vec![format!("{attempts} attempts")];
        if rounds > 1 {
            factors.push(format!("{rounds} rounds"));
        }
        if width > 1 {
            factors.push(format!("{width} items at a time"));
        }
        let name = own.name.as_str();
        let message = format!(
            "`{name}` can come to {calls} agent calls: {}; lower one of them",
            factors.join(" × ")
        );
        let loc = places::key(&loaded.sources, own.loc, "retry");
        let loc = if loc == own.loc { own.name.loc } else { loc };
        let mut diagnostic = Diagnostic::new(RULE.code, Severity::Warning, loc, message).step(name);
        if let Some(round) = round {
            diagnostic = diagnostic.related(
                workflow.steps[round.steps[0]].name.loc,
                format!("the loop {}", round.name),
            );
        }
        report.add(diagnostic);
    }
}

/// Calls that one execution can take.
fn attempts(agent: &AgentStep) -> u64 {
    let retries = agent
        .retry
        .as_ref()
        .map_or(1, |r| u64::from(r.max_attempts));
    let again = agent
        .validator
        .as_ref()
        .map_or(1, |v| 1 + u64::from(v.max_retries));
    retries * again
}

fn member(workflow: &Workflow, group: usize, step: &Step) -> bool {
    matches!(&workflow.steps[group].kind, StepKind::Parallel(g) if g.members.iter().any(|m| m.as_str() == step.name.as_str()))
}
