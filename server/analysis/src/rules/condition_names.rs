//! `condition-names`: a plain condition uses a name that its flattened names do not have.

use fermata_expr::condition::Language;
use fermata_workflow::loader::Loaded;
use fermata_workflow::nearest::nearest;
use fermata_workflow::{Diagnostic, Edit, Severity, Workflow};

use super::unknown_template_name::{exact, of_step};
use crate::rule::{CONDUCTOR, Report, Rule};
use crate::shapes;
use crate::texts::{Form, Read, Use};

pub(super) const RULE: Rule = Rule {
    code: "condition-names",
    dialects: CONDUCTOR,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    for read in report
        .texts()
        .all
        .iter()
        .filter(|r| r.language == Some(Language::Plain))
    {
        for used in &read.uses {
            let found = match used.form {
                Form::Dotted => Some(dotted(loaded, read, used)),
                Form::Bare => bare(loaded, workflow, read, used),
                Form::Path | Form::Flat => None,
            };
            report.extend(found.map(|d| of_step(d, workflow, read)));
        }
    }
}

/// `a.output.x`, which only templates have.
fn dotted(loaded: &Loaded, read: &Read, used: &Use) -> Diagnostic {
    let span = used.spans[0].start..used.spans[1].end;
    let written = &read.text[span.clone()];
    let right = if used.path[0] == "output" {
        used.path[1].clone()
    } else {
        format!("{}_{}", used.path[0], used.path[1])
    };
    let loc = loaded.sources.locate(&read.text, span);
    let message = format!(
        "A condition without `{{{{ }}}}` does not know `{written}`; there it is called `{right}`"
    );
    change(
        Diagnostic::new(RULE.code, Severity::Warning, loc, message),
        read,
        right,
    )
}

/// A name that should be a field of the step's own output.
fn bare(loaded: &Loaded, workflow: &Workflow, read: &Read, used: &Use) -> Option<Diagnostic> {
    let name = used.path[1].as_str();
    let loc = loaded.sources.locate(&read.text, used.spans[1].clone());
    let report = |message: String| Diagnostic::new(RULE.code, Severity::Warning, loc, message);
    let step = workflow.steps.get(read.step?)?;
    let shape = shapes::own(loaded, workflow, step);
    let fields: Vec<&str> = shape.fields().map(Iterator::collect).unwrap_or_default();
    if fields.contains(&name) {
        return None;
    }
    let word = match name {
        "true" => Some("True"),
        "false" => Some("False"),
        "null" | "none" | "nil" => Some("None"),
        _ => None,
    };
    if let Some(word) = word {
        let message = format!(
            "A condition without `{{{{ }}}}` is a Python expression: `{name}` is written `{word}`"
        );
        return Some(change(report(message), read, word.to_owned()));
    }
    if used.written.called && used.path.len() == 2 {
        let message = format!(
            "There is no function `{name}` in a condition without `{{{{ }}}}`; only `int`, `float`, `str`, `rand` and `randint`"
        );
        return Some(report(message));
    }
    if workflow.step(name).is_some() {
        let parts = match &step_part(workflow, name) {
            true => "outputs",
            false => "output",
        };
        return Some(report(format!(
            "A condition without `{{{{ }}}}` does not know `{name}`; what the step gave is `{name}_{parts}`"
        )));
    }
    if ["workflow", "context"].contains(&name) {
        return Some(report(format!(
            "A condition without `{{{{ }}}}` does not know `{name}`; write `workflow_input.…` or `context_iteration`"
        )));
    }
    if workflow.inputs.contains_key(name) && !fields.is_empty() {
        let right = format!("workflow_input.{name}");
        let message = format!(
            "`{}` has no field `{name}`; the workflow's input is called `{right}` here",
            step.name.as_str()
        );
        return Some(change(report(message), read, right));
    }
    if fields.is_empty() {
        return None;
    }
    let list = fields
        .iter()
        .take(8)
        .map(|f| format!("`{f}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let mut found = report(format!(
        "The output of `{}` has no field `{name}`; it has {list}",
        step.name.as_str()
    ));
    if let Some(best) = nearest(name, fields.iter().copied()) {
        found.message.push_str(&format!("; did you mean `{best}`?"));
        found = change(found, read, best.to_owned());
    }
    Some(found)
}

fn step_part(workflow: &Workflow, name: &str) -> bool {
    use fermata_workflow::StepKind;
    workflow
        .step(name)
        .is_some_and(|s| matches!(s.kind, StepKind::Parallel(_) | StepKind::ForEach(_)))
}

fn change(diagnostic: Diagnostic, read: &Read, right: String) -> Diagnostic {
    if !exact(read) {
        return diagnostic;
    }
    let edit = Edit {
        span: diagnostic.loc.span,
        text: right.clone(),
    };
    diagnostic.fix(format!("Change to `{right}`"), vec![edit])
}
