//! `iteration-limit-unbounded`: a high iteration limit over a loop of agents, with neither a time-out nor a budget.

mod archon;

use fermata_workflow::flow::Flow;
use fermata_workflow::loader::Loaded;
use fermata_workflow::model::StepKind;
use fermata_workflow::{Diagnostic, Dialect, Severity, Step, Workflow};

use crate::rule::{BOTH, Report, Rule};
use fermata_workflow::edits::line_ending;

pub(super) const RULE: Rule = Rule {
    code: "iteration-limit-unbounded",
    dialects: BOTH,
    check,
};

/// From here on a limit bounds nothing that a person would wait for.
const HIGH: u32 = 50;
/// Nested workflows that are looked into.
const DEPTH: usize = 10;

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    if workflow.dialect == Dialect::Archon {
        return archon::check(loaded, workflow, report);
    }
    let Some(written) = workflow
        .limits
        .max_iterations_written
        .filter(|w| w.value >= HIGH)
    else {
        return;
    };
    if workflow.limits.timeout_seconds.is_some() || workflow.limits.budget_usd.is_some() {
        return;
    }
    let Some(found) = Flow::new(workflow)
        .loops(workflow)
        .into_iter()
        .find(|l| l.steps.iter().any(|s| asks(workflow, &workflow.steps[*s])))
    else {
        return;
    };
    let calls = worst(loaded, workflow, 0);
    let message = format!(
        "{} may go on for {} iterations, up to {calls} agent calls, with neither `timeout_seconds` nor `budget_usd`; bound the time or the money as well",
        found.name, written.value
    );
    let mut diagnostic = Diagnostic::new(RULE.code, Severity::Warning, written.loc, message);
    if let Some(edit) = hour(loaded, written.loc) {
        diagnostic = diagnostic.fix("Stop the run after an hour", vec![edit]);
    }
    report.add(diagnostic);
}

/// Agent calls in the worst case: the limit, times what the dearest step can cost in one iteration.
fn worst(loaded: &Loaded, workflow: &Workflow, depth: usize) -> u64 {
    let calls = |step: &Step| {
        let own = match &step.kind {
            StepKind::ForEach(each) => &each.agent,
            _ => step,
        };
        if depth >= DEPTH || !matches!(own.kind, StepKind::SubWorkflow(_)) {
            return None;
        }
        let child = loaded
            .children
            .iter()
            .find(|c| c.step == own.name.as_str())?;
        Some(worst(
            &child.loaded,
            child.loaded.workflow.as_ref()?,
            depth + 1,
        ))
    };
    let dearest = workflow.steps.iter().filter_map(calls).max().unwrap_or(1);
    u64::from(workflow.limits.max_iterations()).saturating_mul(dearest)
}

/// Whether a step asks a model.
fn asks(workflow: &Workflow, step: &Step) -> bool {
    match &step.kind {
        StepKind::Agent(_) | StepKind::SubWorkflow(_) => true,
        StepKind::ForEach(each) => asks(workflow, &each.agent),
        StepKind::Parallel(group) => group
            .members
            .iter()
            .filter_map(|m| workflow.step(m))
            .any(|s| matches!(s.kind, StepKind::Agent(_))),
        _ => false,
    }
}

/// `timeout_seconds: 3600` on a line of its own behind the limit.
fn hour(loaded: &Loaded, limit: fermata_workflow::Loc) -> Option<fermata_workflow::Edit> {
    let text = loaded.sources.get(limit.file)?.tree.text();
    let (start, end) = (
        usize::from(limit.span.start()),
        usize::from(limit.span.end()),
    );
    let line = text.get(..start)?.rfind('\n').map_or(0, |n| n + 1);
    let indent: String = text[line..start]
        .chars()
        .take_while(|c| *c == ' ')
        .collect();
    if !text[line..start].trim().starts_with("max_iterations") {
        return None;
    }
    let newline = text.get(end..)?.find('\n').map(|n| end + n + 1)?;
    let at = fermata_syntax::Span::empty(u32::try_from(newline).ok()?.into());
    Some(fermata_workflow::Edit {
        span: at,
        text: format!("{indent}timeout_seconds: 3600{}", line_ending(text)),
    })
}
