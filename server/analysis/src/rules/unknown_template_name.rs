//! `unknown-template-name`: a template reads a name that nothing in the run has.

use fermata_workflow::loader::Loaded;
use fermata_workflow::model::StepKind;
use fermata_workflow::texts::Site;
use fermata_workflow::{Diagnostic, Edit, Severity, Workflow};

use crate::rule::{CONDUCTOR, Report, Rule};
use crate::suggest;
use crate::texts::{Form, Read, Use, draws_in};

pub(super) const RULE: Rule = Rule {
    code: "unknown-template-name",
    dialects: CONDUCTOR,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    for read in report.texts().everywhere().filter(|r| !draws_in(&r.text)) {
        let mut seen: Vec<&str> = Vec::new();
        for used in read.uses.iter().filter(|u| u.form == Form::Path) {
            let root = used.path[0].as_str();
            if seen.contains(&root) || spared(read, used) {
                continue;
            }
            let names = visible(workflow, read);
            if names.iter().any(|name| name == root) {
                if let Some(found) = inside_a_group(loaded, workflow, read, used) {
                    seen.push(root);
                    report.add(found);
                }
                continue;
            }
            seen.push(root);
            report.add(unknown(loaded, workflow, read, used, &names));
        }
    }
}

/// A name that is only asked for, or falls back to a default, may be missing.
fn spared(read: &Read, used: &Use) -> bool {
    let asked = used.written.defined_test || (used.written.default && used.path.len() == 1);
    asked || read.asks_for(&used.path[..1])
}

/// The names that a text sees, besides those that it declares itself.
fn visible(workflow: &Workflow, read: &Read) -> Vec<String> {
    let mut names: Vec<String> = workflow
        .steps
        .iter()
        .map(|s| s.name.value.clone())
        .collect();
    names.extend(["workflow", "context", "_context_summary"].map(str::to_owned));
    match read.site {
        Site::Condition | Site::RouteOutput => names.push("output".into()),
        Site::Hook => names.extend(["result", "error"].map(str::to_owned)),
        Site::Inline => {
            names.extend(["_index", "_key"].map(str::to_owned));
            if let Some(StepKind::ForEach(each)) = read
                .step
                .and_then(|s| workflow.steps.get(s))
                .map(|s| &s.kind)
            {
                names.push(each.variable.value.clone());
            }
        }
        Site::Step | Site::Final | Site::Runtime => {}
    }
    names
}

fn unknown(
    loaded: &Loaded,
    workflow: &Workflow,
    read: &Read,
    used: &Use,
    names: &[String],
) -> Diagnostic {
    let root = used.path[0].as_str();
    let loc = loaded.sources.locate(&read.text, used.spans[0].clone());
    let report = |message: String| {
        of_step(
            Diagnostic::new(RULE.code, Severity::Warning, loc, message),
            workflow,
            read,
        )
    };
    // `my-step.output` is read as `my` minus `step.output`.
    let hyphenated = names
        .iter()
        .find(|n| n.starts_with(&format!("{root}-")) && read.text.contains(n.as_str()));
    if let Some(name) = hyphenated {
        let better = name.replace('-', "_");
        return report(format!(
            "A template reads `{name}` as a subtraction, so the name `{root}` does not exist; call the step `{better}`"
        ));
    }
    if root == "output" {
        let own = read
            .step
            .and_then(|s| workflow.steps.get(s))
            .map(|s| s.name.as_str());
        return report(match own {
            Some(own) => format!(
                "`output` exists only in routes; after the step has run, its output is `{own}.output`"
            ),
            None => {
                "`output` exists only in routes; write the step's name in front of it".to_owned()
            }
        });
    }
    if let Some(group) = workflow
        .steps
        .iter()
        .find(|s| matches!(&s.kind, StepKind::ForEach(each) if each.agent.name.as_str() == root))
    {
        return report(format!(
            "`{root}` runs inside of the group `{}` and has no output of its own; the results of all items are `{}.outputs`",
            group.name.as_str(),
            group.name.as_str()
        ));
    }
    let loops = workflow
        .steps
        .iter()
        .find(|s| matches!(&s.kind, StepKind::ForEach(each) if each.variable.as_str() == root));
    if let Some(group) = loops.filter(|_| read.site != Site::Inline) {
        return report(format!(
            "The loop variable `{root}` exists only inside of the group `{}`",
            group.name.as_str()
        ));
    }
    if workflow.inputs.contains_key(root) {
        let edit = Edit {
            span: loc.span,
            text: format!("workflow.input.{root}"),
        };
        let found = report(format!(
            "There is no `{root}` here; the workflow's input is `workflow.input.{root}`"
        ));
        return if exact(read) {
            found.fix(format!("Change to `workflow.input.{root}`"), vec![edit])
        } else {
            found
        };
    }
    let message = format!(
        "Nothing in the run is called `{root}`, so the run fails when `{}` is read",
        read.key
    );
    suggest::name(
        report(message),
        root,
        names.iter().map(String::as_str),
        exact(read),
    )
}

/// A step that runs only as a member of a parallel group leaves its output in the group.
fn inside_a_group(
    loaded: &Loaded,
    workflow: &Workflow,
    read: &Read,
    used: &Use,
) -> Option<Diagnostic> {
    let root = used.path[0].as_str();
    if used.path.get(1).map(String::as_str) != Some("output") {
        return None;
    }
    let group = workflow.steps.iter().find(
        |s| matches!(&s.kind, StepKind::Parallel(group) if group.members.iter().any(|member| member.as_str() == root)),
    )?;
    let targeted = workflow.entry.as_ref().is_some_and(|e| e.as_str() == root)
        || workflow.steps.iter().any(|step| {
            let gates = match &step.kind {
                StepKind::HumanGate(gate) => gate.options.iter().any(|o| o.route.as_str() == root),
                StepKind::Questions(questions) => questions
                    .abort_route
                    .as_ref()
                    .is_some_and(|r| r.as_str() == root),
                _ => false,
            };
            gates || step.routes.iter().any(|r| r.to.as_str() == root)
        });
    if targeted {
        return None;
    }
    let right = format!("{}.outputs.{root}", group.name.as_str());
    let span = used.spans[0].start..used.spans[1].end;
    let loc = loaded.sources.locate(&read.text, span);
    let message = format!(
        "`{root}` runs only inside of the group `{}`, so its output is `{right}`",
        group.name.as_str()
    );
    let found = of_step(
        Diagnostic::new(RULE.code, Severity::Warning, loc, message),
        workflow,
        read,
    );
    let edit = Edit {
        span: loc.span,
        text: right.clone(),
    };
    Some(if exact(read) {
        found.fix(format!("Change to `{right}`"), vec![edit])
    } else {
        found
    })
}

/// Whether bytes of the text are bytes of the file.
pub(super) fn exact(read: &Read) -> bool {
    read.text.node.is_some() && !read.text.substituted
}

/// Names the step that a text belongs to.
pub(super) fn of_step(diagnostic: Diagnostic, workflow: &Workflow, read: &Read) -> Diagnostic {
    match read.step.and_then(|index| workflow.steps.get(index)) {
        Some(step) => diagnostic.step(step.name.as_str()),
        None => diagnostic,
    }
}
