//! `blind-revision`: work goes back to a step, and nothing in the loop reads why.

mod archon;

use fermata_syntax::{ScalarStyle, Span};
use fermata_workflow::flow::{Flow, Loop, Target};
use fermata_workflow::loader::Loaded;
use fermata_workflow::model::{ContextMode, StepKind};
use fermata_workflow::{Diagnostic, Dialect, Edit, Severity, Step, Workflow};

use crate::loops;
use crate::rule::{BOTH, Report, Rule};
use crate::texts::Texts;
use fermata_workflow::edits::line_ending;
use fermata_workflow::texts::Site;

pub(super) const RULE: Rule = Rule {
    code: "blind-revision",
    dialects: BOTH,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    if workflow.dialect == Dialect::Archon {
        return archon::check(loaded, workflow, report);
    }
    let texts = report.texts();
    if texts.includes {
        return;
    }
    for found in &Flow::new(workflow).loops(workflow) {
        for judge in &found.judges {
            let step = &workflow.steps[judge.step];
            let Some(edge) = judge.back.first() else {
                continue;
            };
            let Target::Step(target) = edge.to else {
                continue;
            };
            let revised = &workflow.steps[target];
            // A step that only runs again, like a wait or a test, has nothing to read.
            // Nor has a step that decides something itself: it looks at the work again, not at what was said about it.
            let judges = target != judge.step && revised.routes.iter().any(|r| r.when.is_some());
            if judges
                || !revises(workflow, revised)
                || reads(workflow, &texts, found, judge.step, step.name.as_str())
            {
                continue;
            }
            let (name, to) = (step.name.as_str(), revised.name.as_str());
            let message = format!(
                "`{name}` sends work back to `{to}`, and no prompt of the loop reads `{name}.output`: `{to}` does the same again without knowing why"
            );
            let mut diagnostic = Diagnostic::new(RULE.code, Severity::Warning, edge.loc, message)
                .step(name)
                .related(
                    revised.name.loc,
                    format!("`{to}` never reads what `{name}` said"),
                );
            if let Some(route) = loops::back_route(workflow, judge).and_then(|r| r.when.as_ref()) {
                diagnostic = diagnostic.related(route.loc, "work goes back on this condition");
            }
            if let Some(edit) = carry(loaded, workflow, revised, name) {
                diagnostic =
                    diagnostic.fix(format!("Show the output of `{name}` to `{to}`"), vec![edit]);
            }
            report.add(diagnostic);
        }
    }
}

/// Whether running the step again asks a model again.
fn revises(workflow: &Workflow, step: &Step) -> bool {
    match &step.kind {
        StepKind::Agent(agent) => agent.session_key.is_none(),
        StepKind::ForEach(each) => revises(workflow, &each.agent),
        StepKind::Parallel(group) => group
            .members
            .iter()
            .filter_map(|m| workflow.step(m))
            .any(|s| revises(workflow, s)),
        _ => false,
    }
}

/// Whether a text of the loop, other than the judge's own conditions, reads the judge's output.
fn reads(workflow: &Workflow, texts: &Texts, found: &Loop, judge: usize, name: &str) -> bool {
    let group_of = |step: usize| {
        let own = workflow.steps[step].name.as_str();
        workflow.steps.iter().position(
            |s| matches!(&s.kind, StepKind::Parallel(group) if group.members.iter().any(|m| m.as_str() == own)),
        )
    };
    let inside = |step: usize| {
        found.contains(step) || group_of(step).is_some_and(|group| found.contains(group))
    };
    let in_texts = texts
        .all
        .iter()
        .filter(|r| r.site != Site::Condition && r.site != Site::RouteOutput)
        .any(|read| {
            let there = read.step.is_some_and(inside);
            there
                && read.uses.iter().any(|u| {
                    u.path[0] == name || u.path.starts_with(&["context".into(), "history".into()])
                })
        });
    let listed = texts.paths.iter().any(|read| {
        let there = read.step.is_some_and(|step| step != judge && inside(step));
        there && read.uses.iter().any(|u| u.path[0] == name)
    });
    in_texts || listed
}

/// A last line of the prompt that shows the judge's output once there is one.
fn carry(loaded: &Loaded, workflow: &Workflow, step: &Step, judge: &str) -> Option<Edit> {
    let StepKind::Agent(agent) = &step.kind else {
        return None;
    };
    let prompt = agent.prompt.as_ref().filter(|p| !p.substituted)?;
    let identifier = judge.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if workflow.context.mode == ContextMode::Explicit
        || !identifier
        || workflow.steps.iter().any(|s| {
            s.name.as_str() == judge
                && matches!(s.kind, StepKind::Parallel(_) | StepKind::ForEach(_))
        })
    {
        return None;
    }
    let tree = &loaded.sources.get(prompt.loc.file)?.tree;
    let scalar = tree
        .node(prompt.node?)
        .as_scalar()
        .filter(|s| s.style() == ScalarStyle::Literal)?;
    let text = tree.text();
    let content = text.get(
        usize::from(scalar.content_span().start())..usize::from(scalar.content_span().end()),
    )?;
    let last = content.lines().rfind(|line| !line.trim().is_empty())?;
    let first = usize::from(scalar.content_span().start());
    let line = text.get(..first)?.rfind('\n').map_or(0, |n| n + 1);
    let own: String = text[line..].chars().take_while(|c| *c == ' ').collect();
    let at = first + content.rfind(last)? + last.len();
    let end = line_ending(text);
    let shown = format!(
        "{{% if {judge} is defined %}}Heed this feedback: {{{{ {judge}.output | json }}}}{{% endif %}}"
    );
    Some(Edit {
        span: Span::empty(u32::try_from(at).ok()?.into()),
        text: format!("{end}{own}{shown}"),
    })
}
