//! `hooks-have-no-effect`: the engine renders a hook and does nothing with the text.

use fermata_workflow::loader::Loaded;
use fermata_workflow::{Diagnostic, Edit, FileId, Loc, Severity, Workflow};

use crate::places;
use crate::rule::{CONDUCTOR, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "hooks-have-no-effect",
    dialects: CONDUCTOR,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(first) = workflow.hooks.values().next() else {
        return;
    };
    let tree = loaded.sources.get(FileId::ROOT).map(|f| &f.tree);
    let head = tree
        .and_then(|t| t.root())
        .and_then(|r| r.as_mapping())
        .and_then(|m| m.get("workflow"));
    let hooks = head
        .and_then(|h| h.value.as_mapping())
        .and_then(|m| m.get("hooks"));
    let loc = hooks.map_or(first.loc, |e| Loc {
        file: FileId::ROOT,
        span: e.key.span(),
    });
    let names = workflow
        .hooks
        .keys()
        .map(|n| format!("`{n}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let is = if workflow.hooks.len() == 1 {
        "is"
    } else {
        "are"
    };
    let message = format!(
        "Hooks have no effect: {names} {is} rendered and the text goes nowhere; use a step that does the work"
    );
    let mut found = Diagnostic::new(RULE.code, Severity::Warning, loc, message);
    let whole = head.map(|h| Loc {
        file: FileId::ROOT,
        span: h.value.span(),
    });
    if let Some(edit) = whole.and_then(|w| remove(loaded, w)) {
        found = found.fix("Remove `hooks`", vec![edit]);
    }
    report.add(found);
}

fn remove(loaded: &Loaded, head: Loc) -> Option<Edit> {
    places::remove_entry(&loaded.sources, head, "hooks")
}
