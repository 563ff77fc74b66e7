//! `no-catch-all-route`: there is a case in which no route of a step applies, and the run fails.

use fermata_syntax::Span;
use fermata_workflow::loader::Loaded;
use fermata_workflow::model::{END, Route, StepKind};
use fermata_workflow::{Diagnostic, Edit, Severity, Sources, Workflow};

use crate::cases;
use crate::rule::{CONDUCTOR, Report, Rule};
use fermata_workflow::edits::line_ending;

pub(super) const RULE: Rule = Rule {
    code: "no-catch-all-route",
    dialects: CONDUCTOR,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let texts = report.texts();
    for (index, step) in workflow.steps.iter().enumerate() {
        // Gates go by their options, whatever their routes say.
        let routed = !matches!(
            step.kind,
            StepKind::HumanGate(_) | StepKind::Terminate(_) | StepKind::Archon(_)
        );
        if !routed || step.routes.is_empty() || step.routes.iter().any(|r| r.when.is_none()) {
            continue;
        }
        let Some(case) = cases::unmatched(
            loaded,
            workflow,
            step,
            &texts.conditions(index).collect::<Vec<_>>(),
        ) else {
            continue;
        };
        let when = if case.is_empty() {
            String::new()
        } else {
            format!(" when {case}")
        };
        let name = step.name.as_str();
        let message = format!(
            "No route of `{name}` applies{when}, and then the run fails; add a last route without `when`"
        );
        let last = &step.routes[step.routes.len() - 1];
        let mut found =
            Diagnostic::new(RULE.code, Severity::Warning, last.to.loc, message).step(name);
        for route in &step.routes {
            if let Some(when) = &route.when {
                found = found.related(
                    when.loc,
                    format!("to `{}` on this condition", route.to.as_str()),
                );
            }
        }
        if let Some(edit) = last_route(&loaded.sources, last) {
            found = found.fix(format!("Add a last route to `{END}`"), vec![edit]);
        }
        report.add(found);
    }
}

/// A route to the end behind the last one, in the style of the file.
fn last_route(sources: &Sources, last: &Route) -> Option<Edit> {
    let text = sources.get(last.loc.file)?.tree.text();
    let (start, end) = (
        usize::from(last.loc.span.start()),
        usize::from(last.loc.span.end()),
    );
    let at = |offset: usize| u32::try_from(offset).ok().map(|o| Span::empty(o.into()));
    let before = text.get(..start)?;
    let line = before.rfind('\n').map_or(0, |n| n + 1);
    if let Some(indent) = before[line..]
        .trim_end()
        .strip_suffix('-')
        .filter(|i| i.trim().is_empty())
    {
        let newline = line_ending(text);
        if text.get(..end)?.ends_with('\n') {
            return Some(Edit {
                span: at(end)?,
                text: format!("{indent}- to: {END}{newline}"),
            });
        }
        let (place, lead) = match text[end..].find('\n') {
            Some(next) => (end + next + 1, ""),
            None => (text.len(), newline),
        };
        return Some(Edit {
            span: at(place)?,
            text: format!("{lead}{indent}- to: {END}{newline}"),
        });
    }
    before.trim_end().ends_with(['[', ',']).then_some(Edit {
        span: at(end)?,
        text: format!(", {{to: {END}}}"),
    })
}
