//! `route-output-dropped`: a route's `output` is used only on the way to `$end`.

use fermata_workflow::loader::Loaded;
use fermata_workflow::model::END;
use fermata_workflow::{Diagnostic, Severity, Workflow};

use crate::places;
use crate::rule::{CONDUCTOR, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "route-output-dropped",
    dialects: CONDUCTOR,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    for step in &workflow.steps {
        for route in step
            .routes
            .iter()
            .filter(|r| !r.output.is_empty() && r.to.as_str() != END)
        {
            let loc = places::key(&loaded.sources, route.loc, "output");
            let to = route.to.as_str();
            let message = format!(
                "The `output` of a route counts only on the way to `{END}`; on the way to `{to}` it is dropped"
            );
            let mut found = Diagnostic::new(RULE.code, Severity::Warning, loc, message)
                .step(step.name.as_str())
                .related(route.to.loc, format!("goes to `{to}`"));
            if let Some(edit) = places::remove_entry(&loaded.sources, route.loc, "output") {
                found = found.fix("Remove `output` from the route", vec![edit]);
            }
            report.add(found);
        }
    }
}
