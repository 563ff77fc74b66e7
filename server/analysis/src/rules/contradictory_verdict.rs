//! `contradictory-verdict`: a judge yields a score and a flag, and the way back trusts the flag alone.

mod archon;

pub(super) use archon::enough;

use fermata_workflow::flow::{
    BoundKind, FieldClass, Flow, Judge, Loop, ThresholdOrigin, back_conditions, field_class,
    passing,
};
use fermata_workflow::loader::Loaded;
use fermata_workflow::{Diagnostic, Dialect, Severity, Workflow};

use super::reviewer_loop;
use crate::rule::{BOTH, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "contradictory-verdict",
    dialects: BOTH,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    if workflow.dialect == Dialect::Archon {
        return archon::check(loaded, workflow, report);
    }
    // Where a person is asked on the way round, the flag does not have the last word.
    let asked = |found: &Loop| {
        found
            .bounds
            .iter()
            .any(|bound| bound.kind == BoundKind::HumanGate)
    };
    for found in Flow::new(workflow)
        .loops(workflow)
        .iter()
        .filter(|found| !asked(found))
    {
        for judge in &found.judges {
            report.extend(diagnose(loaded, workflow, found, judge));
        }
    }
}

fn diagnose(
    loaded: &Loaded,
    workflow: &Workflow,
    found: &Loop,
    judge: &Judge,
) -> Option<Diagnostic> {
    let step = &workflow.steps[judge.step];
    let name = step.name.as_str();
    let flag = &judge
        .fields
        .iter()
        .find(|field| field.class == FieldClass::Flag && field.step == judge.step)?
        .name;
    if judge
        .fields
        .iter()
        .any(|field| field.class == FieldClass::Score)
    {
        return None;
    }
    let (score, declared) = step
        .output
        .iter()
        .flatten()
        .find(|(name, field)| field_class(name, Some(field)) == FieldClass::Score)?;
    // Nearest to the way back: its own condition, else the last one that must have failed before it.
    let when = judge.back.iter().find_map(|edge| {
        let conditions = back_conditions(step, edge);
        conditions
            .into_iter()
            .max_by_key(|when| when.loc.span.start())
    })?;
    let enough = match passing(step, score) {
        Some(t) if t.origin == ThresholdOrigin::Prompt => format!(
            "above the passing score of {} (a guess from the prompt)",
            t.value
        ),
        Some(t) => format!("above the passing score of {}", t.value),
        None => "with a passing score".to_owned(),
    };
    let message = format!(
        "`{name}` yields a score (`{score}`) and a flag (`{flag}`), and {} trusts the flag alone: it can go on for ever {enough}; let `{score}` decide too",
        found.name
    );
    let mut diagnostic = Diagnostic::new(RULE.code, Severity::Warning, when.loc, message)
        .step(name)
        .related(
            declared.loc,
            format!("`{score}` is declared here and no route looks at it"),
        );
    diagnostic.fixes = [
        reviewer_loop::exit_on_score(&loaded.sources, workflow, found, judge),
        reviewer_loop::escalation(&loaded.sources, workflow, found, judge),
    ]
    .into_iter()
    .flatten()
    .collect();
    Some(diagnostic)
}
