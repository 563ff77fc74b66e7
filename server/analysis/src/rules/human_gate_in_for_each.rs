//! `human-gate-in-for-each`: a gate inside of a for_each group asks a model instead of a person.

use fermata_workflow::loader::Loaded;
use fermata_workflow::model::StepKind;
use fermata_workflow::{Diagnostic, Loc, Severity, Workflow};

use crate::places;
use crate::rule::{CONDUCTOR, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "human-gate-in-for-each",
    dialects: CONDUCTOR,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    for step in &workflow.steps {
        let StepKind::ForEach(each) = &step.kind else {
            continue;
        };
        if !matches!(each.agent.kind, StepKind::HumanGate(_)) {
            continue;
        }
        let ty = places::entry(&loaded.sources, each.agent.loc, "type");
        let loc = ty.map_or(each.agent.name.loc, |e| Loc {
            file: each.agent.loc.file,
            span: e.value.span(),
        });
        let message = format!(
            "A gate inside of `{}` asks nobody: its prompt goes to a language model; collect the items first and ask in a step of its own",
            step.name.as_str()
        );
        report.add(
            Diagnostic::new(RULE.code, Severity::Warning, loc, message)
                .step(each.agent.name.as_str()),
        );
    }
}
