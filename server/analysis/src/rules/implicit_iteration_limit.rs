//! `implicit-iteration-limit`: there is a loop, and the limit is left at its default.

use fermata_syntax::Span;
use fermata_workflow::flow::Flow;
use fermata_workflow::loader::Loaded;
use fermata_workflow::model::Limits;
use fermata_workflow::{Diagnostic, Edit, Severity, Workflow};

use crate::loops;
use crate::rule::{CONDUCTOR, Report, Rule};
use fermata_workflow::edits::line_ending;

pub(super) const RULE: Rule = Rule {
    code: "implicit-iteration-limit",
    dialects: CONDUCTOR,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    if workflow.limits.max_iterations_written.is_some() {
        return;
    }
    let all = Flow::new(workflow).loops(workflow);
    let Some(found) = all.first() else { return };
    let limit = u64::from(Limits::DEFAULT_MAX_ITERATIONS);
    let cost = loops::round_cost(workflow, found);
    let rounds = match (limit / cost, limit % cost) {
        (n, 0) => format!("{n} rounds"),
        (n, _) => format!("between {n} and {} rounds", n + 1),
    };
    let message = format!(
        "`limits.max_iterations` is not written, so the default of {limit} steps holds: that is {rounds} of {}; write the limit you mean",
        found.name
    );
    let mut diagnostic = Diagnostic::new(RULE.code, Severity::Warning, workflow.name.loc, message);
    for step in &found.steps {
        let name = &workflow.steps[*step].name;
        diagnostic =
            diagnostic.related(name.loc, format!("`{}` is part of the loop", name.as_str()));
    }
    if let Some(edit) = write_default(loaded, limit) {
        diagnostic = diagnostic.fix(format!("Write `max_iterations: {limit}`"), vec![edit]);
    }
    report.add(diagnostic);
}

/// Inserts the default under `limits`, making that key when there is none. Block style only.
fn write_default(loaded: &Loaded, limit: u64) -> Option<Edit> {
    let tree = &loaded.sources.get(fermata_workflow::FileId::ROOT)?.tree;
    let text = tree.text();
    let end = line_ending(text);
    let workflow = tree
        .root()?
        .as_mapping()?
        .get("workflow")?
        .value
        .as_mapping()?;
    let insert_before = |entry: fermata_syntax::Entry<'_>, key: &str| {
        let start = usize::from(entry.key.span().start());
        let line = text[..start].rfind('\n').map_or(0, |n| n + 1);
        let indent = &text[line..start];
        indent.trim().is_empty().then(|| Edit {
            span: Span::empty(u32::try_from(line).unwrap_or(0).into()),
            text: key.replace('\n', end).replace("@", indent),
        })
    };
    match workflow.get("limits") {
        Some(limits) => {
            let first = limits.value.as_mapping()?.entries().next()?;
            insert_before(first, &format!("@max_iterations: {limit}\n"))
        }
        // After the entry point a reader looks for how the run is bounded.
        None => {
            let mut entries = workflow
                .entries()
                .skip_while(|e| e.key_text() != Some("entry_point"))
                .skip(1);
            let next = entries.next().or_else(|| workflow.get("entry_point"))?;
            insert_before(next, &format!("@limits:\n@  max_iterations: {limit}\n"))
        }
    }
}
