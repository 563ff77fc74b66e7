//! `unknown-output-field`: a template or condition reads a field that the step's output does not have.

mod archon;

use fermata_workflow::loader::Loaded;
use fermata_workflow::model::{StepKind, Workflow};
use fermata_workflow::{Diagnostic, Dialect, Severity};

use super::unknown_template_name::{exact, of_step};
use crate::rule::{BOTH, Report, Rule};
use crate::shapes::{self, Absent, Shape};
use crate::suggest;
use crate::texts::{Form, Read, Use};

pub(super) const RULE: Rule = Rule {
    code: "unknown-output-field",
    dialects: BOTH,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    if workflow.dialect == Dialect::Archon {
        return archon::check(loaded, workflow, report);
    }
    for read in report.texts().everywhere() {
        let mut seen: Vec<&[String]> = Vec::new();
        // Bare and dotted names of plain conditions are for `condition-names`.
        for used in read
            .uses
            .iter()
            .filter(|u| matches!(u.form, Form::Path | Form::Flat))
        {
            let guarded =
                used.written.defined_test || used.written.default || read.asks_for(&used.path);
            if guarded || seen.contains(&used.path.as_slice()) {
                continue;
            }
            if let Some(absent) = absent(loaded, workflow, read, used) {
                seen.push(&used.path);
                report.add(diagnose(loaded, workflow, read, used, &absent));
            }
        }
    }
}

fn absent(loaded: &Loaded, workflow: &Workflow, read: &Read, used: &Use) -> Option<Absent> {
    let called = used.written.called;
    match used.path[0].as_str() {
        "output" => {
            let step = workflow.steps.get(read.step?)?;
            shapes::own(loaded, workflow, step).absent(&used.path, 1, called)
        }
        "workflow" => known(&["input", "dir", "file", "name"]).absent(&used.path, 1, called),
        "context" => known(&["iteration", "history"]).absent(&used.path, 1, called),
        root => {
            // What a loop variable of the same name hides is not looked at.
            let hidden = matches!(read.step.and_then(|s| workflow.steps.get(s)).map(|s| &s.kind),
                Some(StepKind::ForEach(each)) if each.variable.as_str() == root);
            let step = workflow.step(root).filter(|_| !hidden)?;
            shapes::entry(loaded, workflow, step).absent(&used.path, 1, called)
        }
    }
}

fn known(names: &[&str]) -> Shape {
    Shape::Fields(
        names
            .iter()
            .map(|n| ((*n).to_owned(), Shape::Open))
            .collect(),
    )
}

fn diagnose(
    loaded: &Loaded,
    workflow: &Workflow,
    read: &Read,
    used: &Use,
    absent: &Absent,
) -> Diagnostic {
    let wrong = used.path[absent.at].as_str();
    let loc = loaded
        .sources
        .locate(&read.text, used.spans[absent.at].clone());
    let owner = used.path[..absent.at].join(".");
    let list = |names: &[String]| {
        names
            .iter()
            .take(8)
            .map(|n| format!("`{n}`"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let group =
        absent.at == 1 && wrong == "output" && absent.instead.iter().any(|n| n == "outputs");
    let message = if group {
        format!(
            "`{owner}` is a group: its results are `{owner}.outputs`, by member, not `{owner}.output`"
        )
    } else if absent.at == 1 && used.path[0] != "output" {
        format!("`{owner}` has {} and no `{wrong}`", list(&absent.instead))
    } else {
        format!(
            "`{owner}` has no field `{wrong}`; it has {}",
            list(&absent.instead)
        )
    };
    let mut found = of_step(
        Diagnostic::new(RULE.code, Severity::Warning, loc, message),
        workflow,
        read,
    );
    // In the flattened language one written name stands for two of the path.
    let whole = used.form == Form::Path || absent.at > 1;
    found = suggest::name(
        found,
        wrong,
        absent.instead.iter().map(String::as_str),
        exact(read) && whole,
    );
    let declared = workflow.step(&used.path[0]).filter(|s| s.output.is_some());
    match declared {
        Some(step) => found.related(
            step.name.loc,
            format!("the output of `{}` is declared here", step.name.as_str()),
        ),
        None => found,
    }
}
