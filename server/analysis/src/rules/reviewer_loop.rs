//! `reviewer-loop`: a judge sends work back and nothing in the loop decides when to stop.

mod archon;

use fermata_workflow::flow::{
    FieldClass, Flow, FlowEdge, Judge, Loop, ThresholdOrigin, field_class, passing,
};
use fermata_workflow::loader::Loaded;
use fermata_workflow::model::{Limits, Route, StepKind};
use fermata_workflow::{Diagnostic, Dialect, Fix, Severity, Sources, Workflow};

use crate::rule::{BOTH, Report, Rule};
use crate::{insert, loops};

pub(super) const RULE: Rule = Rule {
    code: "reviewer-loop",
    dialects: BOTH,
    check,
};

/// Up to so many rounds under a written limit, the author has plainly thought of the loop.
const FEW_ROUNDS: u64 = 3;
/// Rounds that the offered bounds allow before they decide.
const OFFERED_ROUNDS: u64 = 3;

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    if workflow.dialect == Dialect::Archon {
        return archon::check(loaded, workflow, report);
    }
    let flow = Flow::new(workflow);
    for found in flow
        .loops(workflow)
        .iter()
        .filter(|l| l.bounds.is_empty() && loops::has_exit(workflow, l))
    {
        for judge in &found.judges {
            report.extend(diagnose(&loaded.sources, workflow, &flow, found, judge));
        }
    }
}

fn diagnose(
    sources: &Sources,
    workflow: &Workflow,
    flow: &Flow,
    found: &Loop,
    judge: &Judge,
) -> Option<Diagnostic> {
    let step = &workflow.steps[judge.step];
    let name = step.name.as_str();
    let back = loops::back_route(workflow, judge)?;
    let written = workflow
        .limits
        .max_iterations_written
        .map(|limit| u64::from(limit.value));
    let severity = match written {
        Some(limit) if limit / loops::round_cost(workflow, found) <= FEW_ROUNDS => {
            Severity::Information
        }
        _ => Severity::Warning,
    };
    let limit = written.unwrap_or(u64::from(Limits::DEFAULT_MAX_ITERATIONS));
    let flag = judge
        .fields
        .iter()
        .find(|field| field.class == FieldClass::Flag);
    let says = flag.map_or_else(
        || "its verdict".to_owned(),
        |field| format!("`{}`", field.name),
    );
    let message = format!(
        "`{name}` can send work back to `{}` for ever: {} goes round on {says} alone, until the limit of {limit} iterations stops the run; give the loop a bound of its own",
        back.to.as_str(),
        found.name,
    );
    let mut diagnostic = Diagnostic::new(RULE.code, severity, back.to.loc, message).step(name);
    for edge in loops::inner_edges(flow, found) {
        diagnostic = diagnostic.related(edge.loc, describe(workflow, flow, &edge, found));
    }
    diagnostic.fixes = [
        counter(sources, workflow, found, judge, back),
        escalation(sources, workflow, found, judge),
        exit_on_score(sources, workflow, found, judge),
    ]
    .into_iter()
    .flatten()
    .collect();
    Some(diagnostic)
}

fn describe(workflow: &Workflow, flow: &Flow, edge: &FlowEdge, found: &Loop) -> String {
    let to = loops::target_name(flow, edge);
    let way = if found.back.contains(edge) {
        "back to"
    } else {
        "on to"
    };
    format!(
        "`{}` goes {way} `{to}`",
        workflow.steps[edge.from].name.as_str()
    )
}

/// A way out of the loop in front of the judge's way back, once its score is high enough.
pub(super) fn exit_on_score(
    sources: &Sources,
    workflow: &Workflow,
    found: &Loop,
    judge: &Judge,
) -> Option<Fix> {
    let step = &workflow.steps[judge.step];
    let (score, threshold) = step
        .output
        .iter()
        .flatten()
        .filter(|(name, field)| field_class(name, Some(field)) == FieldClass::Score)
        .find_map(|(name, _)| Some((name, passing(step, name)?)))?;
    let when = format!("{{{{ output.{score} >= {} }}}}", threshold.value);
    let back = loops::back_route(workflow, judge)?;
    let edit = insert::route_before(
        sources,
        back,
        loops::exit_target(workflow, found, judge),
        &when,
    )?;
    let guess = if threshold.origin == ThresholdOrigin::Prompt {
        " (a guess from the prompt)"
    } else {
        ""
    };
    Some(Fix {
        title: format!(
            "Leave the loop once `{score}` is {} or more{guess}",
            threshold.value
        ),
        edits: vec![edit],
    })
}

/// Ask a person once the loop has gone round a few times.
pub(super) fn escalation(
    sources: &Sources,
    workflow: &Workflow,
    found: &Loop,
    judge: &Judge,
) -> Option<Fix> {
    let back = loops::back_route(workflow, judge)?;
    let gate = free_name(workflow, "escalate");
    let when = format!(
        "{{{{ context.iteration >= {} }}}}",
        loops::round_cost(workflow, found) * OFFERED_ROUNDS
    );
    let route = insert::route_before(sources, back, &gate, &when)?;
    let exit = loops::exit_target(workflow, found, judge);
    let lines = [
        format!("name: {gate}"),
        "type: human_gate".to_owned(),
        "prompt: |".to_owned(),
        format!(
            "  {} has not agreed after {{{{ context.iteration }}}} steps.",
            found.name
        ),
        "options:".to_owned(),
        format!("  - {{label: Accept it as it is, value: accept, route: {exit}}}"),
        format!(
            "  - {{label: One more round, value: again, route: {}}}",
            back.to.as_str()
        ),
    ];
    let last = workflow
        .steps
        .iter()
        .rfind(|s| !matches!(s.kind, StepKind::Parallel(_) | StepKind::ForEach(_)))?;
    let added = insert::step_after(sources, last, &lines)?;
    Some(Fix {
        title: format!("Ask a person after {OFFERED_ROUNDS} rounds"),
        edits: vec![route, added],
    })
}

fn counter(
    sources: &Sources,
    workflow: &Workflow,
    found: &Loop,
    judge: &Judge,
    back: &Route,
) -> Option<Fix> {
    let steps = loops::round_cost(workflow, found) * OFFERED_ROUNDS;
    let when = format!("{{{{ context.iteration >= {steps} }}}}");
    let edit = insert::route_before(
        sources,
        back,
        loops::exit_target(workflow, found, judge),
        &when,
    )?;
    Some(Fix {
        title: format!("Leave the loop after {OFFERED_ROUNDS} rounds ({steps} iterations)"),
        edits: vec![edit],
    })
}

/// `base`, or `base_2` and so on where a step has that name.
fn free_name(workflow: &Workflow, base: &str) -> String {
    let taken = |name: &str| workflow.step(name).is_some();
    if !taken(base) {
        return base.to_owned();
    }
    (2..)
        .map(|n| format!("{base}_{n}"))
        .find(|name| !taken(name))
        .unwrap_or_else(|| base.to_owned())
}
