//! `loop-without-exit`: no route leaves a loop.

use fermata_workflow::flow::{EdgeKind, Flow};
use fermata_workflow::loader::Loaded;
use fermata_workflow::model::END;
use fermata_workflow::{Diagnostic, Severity, Workflow};

use crate::rule::{CONDUCTOR, Report, Rule};
use crate::{insert, loops};

pub(super) const RULE: Rule = Rule {
    code: "loop-without-exit",
    dialects: CONDUCTOR,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    for found in Flow::new(workflow)
        .loops(workflow)
        .iter()
        .filter(|l| !loops::has_exit(workflow, l))
    {
        let back = found.back.iter().find_map(|edge| match edge.kind {
            EdgeKind::Route(route) => Some((&workflow.steps[edge.from], route)),
            _ => None,
        });
        let Some((step, route)) = back else { continue };
        let route = &step.routes[route];
        let message = format!(
            "No route leaves the loop {}, so the workflow can only end at its iteration limit; add a route to `{END}` or to a step outside",
            found.name
        );
        let mut diagnostic = Diagnostic::new(RULE.code, Severity::Error, route.to.loc, message)
            .step(step.name.as_str());
        for inside in &found.steps {
            let name = &workflow.steps[*inside].name;
            diagnostic =
                diagnostic.related(name.loc, format!("`{}` is part of the loop", name.as_str()));
        }
        let when = format!(
            "{{{{ context.iteration >= {} }}}}",
            loops::round_cost(workflow, found) * 3
        );
        if let Some(edit) = insert::route_before(&loaded.sources, route, END, &when) {
            diagnostic = diagnostic.fix("Leave the loop after 3 rounds", vec![edit]);
        }
        report.add(diagnostic);
    }
}
