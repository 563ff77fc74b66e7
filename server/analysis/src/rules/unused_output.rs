//! `unused-output`: an agent must answer in a declared form, and nothing ever reads the answer.

mod archon;

use fermata_workflow::flow::{Flow, Target};
use fermata_workflow::loader::Loaded;
use fermata_workflow::model::StepKind;
use fermata_workflow::{Diagnostic, Dialect, Severity, Workflow};

use crate::places;
use crate::rule::{BOTH, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "unused-output",
    dialects: BOTH,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    if workflow.dialect == Dialect::Archon {
        return archon::check(loaded, workflow, report);
    }
    let texts = report.texts();
    let flow = Flow::new(workflow);
    if texts.includes {
        return;
    }
    for (index, step) in workflow.steps.iter().enumerate() {
        let declared = matches!(step.kind, StepKind::Agent(_))
            && step.output.as_ref().is_some_and(|o| !o.is_empty());
        // The last step's answer is in the record of the run, and that may be all that is wanted.
        let last = flow.outgoing(index).iter().any(|e| e.to == Target::End);
        let member = workflow.steps.iter().any(
            |s| matches!(&s.kind, StepKind::Parallel(g) if g.members.iter().any(|m| m.as_str() == step.name.as_str())),
        );
        if !declared || last || member {
            continue;
        }
        let name = step.name.as_str();
        let read = texts
            .read_paths()
            .any(|(on, path)| path[0] == name || (path[0] == "output" && on == Some(index)));
        // Texts that no rule follows, such as a validator's criteria, may speak of it too.
        let spoken = format!("{name}.output");
        let named = loaded
            .sources
            .iter()
            .any(|(_, source)| source.tree.text().contains(&spoken));
        if read || named {
            continue;
        }
        let loc = places::key(&loaded.sources, step.loc, "output");
        let loc = if loc == step.loc { step.name.loc } else { loc };
        let message = format!(
            "`{name}` must answer with these fields, and no prompt, condition or output of the workflow reads them"
        );
        report.add(Diagnostic::new(RULE.code, Severity::Information, loc, message).step(name));
    }
}
