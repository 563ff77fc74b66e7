//! References in templates of steps: V27 (steps and groups) and V28 (inputs).

use super::super::findings::Findings;
use super::super::references::{Chain, Name, chains};
use super::view::{StepView, View, suggest};

/// What is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    /// No step or group of that name.
    Step,
    /// No declared input of that name, while others are declared.
    Input,
}

/// Roots that are never steps.
const ROOTS: &[&str] = &["workflow", "context", "item", "_index", "_key", "loop"];

/// What is wrong with a chain, and the name that is.
pub(super) fn problem<'c>(
    view: &View<'_>,
    chain: &'c Chain,
    known: &[&str],
) -> Option<(Problem, &'c Name)> {
    let (root, part) = (chain.first()?, chain.get(1)?);
    if root.name == "workflow" && part.name == "input" {
        let input = chain.get(2)?;
        let declared = view.inputs();
        let unknown = !declared.is_empty() && !declared.contains(&input.name.as_str());
        return unknown.then_some((Problem::Input, input));
    }
    if ROOTS.contains(&root.name.as_str()) || known.contains(&root.name.as_str()) {
        return None;
    }
    let reads = matches!(part.name.as_str(), "output" | "outputs" | "errors");
    (reads && !view.is_known(&root.name)).then_some((Problem::Step, root))
}

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    for step in view.all_steps() {
        check_step(view, step, findings);
    }
}

fn check_step(view: &View<'_>, step: &StepView<'_>, findings: &mut Findings) {
    for (key, text) in step.templates() {
        let mut seen = Vec::new();
        for chain in chains(&text.value) {
            let Some((found, at)) = problem(view, &chain, &[]) else {
                continue;
            };
            if seen.contains(&(found, at.name.clone())) {
                continue;
            }
            seen.push((found, at.name.clone()));
            let loc = view.part(text, at.range.clone());
            let exact = text.node.is_some() && !text.substituted;
            let diagnostic = match found {
                Problem::Step => {
                    let what = format!(
                        "`{key}` of `{}` reads `{}`, and there is no such step or group",
                        step.name, at.name
                    );
                    suggest(
                        step.diagnostic("unknown-template-step", "V27", loc, what),
                        &at.name,
                        view.names(),
                        exact,
                    )
                }
                Problem::Input => {
                    let what = format!(
                        "`{key}` of `{}` reads the workflow input `{}`, which is not declared under `workflow.input`",
                        step.name, at.name
                    );
                    suggest(
                        step.diagnostic("undeclared-input", "V28", loc, what),
                        &at.name,
                        view.inputs(),
                        exact,
                    )
                }
            };
            let mut diagnostic = diagnostic;
            diagnostic.path = Some(format!("{}.{key}", step.path));
            findings.semantic(diagnostic);
        }
    }
}
