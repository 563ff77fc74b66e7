//! `dead-route`: a route that can never be taken, because one before it always is, or its condition never holds.

use fermata_expr::condition;
use fermata_workflow::edits::remove_lines;
use fermata_workflow::loader::Loaded;
use fermata_workflow::model::{Route, StepKind};
use fermata_workflow::{Diagnostic, Severity, Workflow};
use serde_json::json;

use crate::rule::{CONDUCTOR, Report, Rule};
use crate::texts::Texts;

pub(super) const RULE: Rule = Rule {
    code: "dead-route",
    dialects: CONDUCTOR,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let texts = report.texts();
    for (index, step) in workflow.steps.iter().enumerate() {
        // The routes of a gate are ignored as a whole, which another rule says.
        if matches!(step.kind, StepKind::HumanGate(_)) {
            continue;
        }
        let mut always: Option<&Route> = None;
        for (at, route) in step.routes.iter().enumerate() {
            let constant = constant(&texts, index, at, route);
            let to = route.to.as_str();
            let found = match (always, constant) {
                (Some(first), _) => {
                    let message = format!(
                        "The route to `{to}` is never taken: the one to `{}` before it always is",
                        first.to.as_str()
                    );
                    Some(
                        Diagnostic::new(RULE.code, Severity::Warning, route.to.loc, message)
                            .related(first.to.loc, "always taken"),
                    )
                }
                (None, Some(false)) => {
                    let loc = route.when.as_ref().map_or(route.to.loc, |w| w.loc);
                    let message =
                        format!("The route to `{to}` is never taken: its condition never holds");
                    Some(Diagnostic::new(RULE.code, Severity::Warning, loc, message))
                }
                _ => None,
            };
            if let Some(mut found) = found {
                let text = loaded
                    .sources
                    .get(route.loc.file)
                    .map_or("", |f| f.tree.text());
                if let Some(edit) =
                    remove_lines(text, route.loc.span).filter(|_| step.routes.len() > 1)
                {
                    found = found.fix("Remove this route", vec![edit]);
                }
                report.add(found.step(step.name.as_str()));
            }
            if always.is_none() && constant == Some(true) {
                always = Some(route);
            }
        }
    }
}

/// What a condition without any name of the run comes to.
fn constant(texts: &Texts, step: usize, at: usize, route: &Route) -> Option<bool> {
    let Some(when) = &route.when else {
        return Some(true);
    };
    let read = texts.condition(step, at)?;
    if !read.uses.is_empty() || read.error.is_some() {
        return None;
    }
    condition::evaluate(when, &json!({})).ok()
}
