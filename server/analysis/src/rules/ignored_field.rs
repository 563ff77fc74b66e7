//! `ignored-field`: a key that is accepted on this kind of step and does nothing there.

mod archon;

use fermata_workflow::loader::Loaded;
use fermata_workflow::model::StepKind;
use fermata_workflow::{Diagnostic, Dialect, FileId, Loc, Severity, Step, Workflow};

use crate::places;
use crate::rule::{BOTH, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "ignored-field",
    dialects: BOTH,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    if workflow.dialect == Dialect::Archon {
        return archon::check(loaded, workflow, report);
    }
    context_tier(loaded, report);
    for step in &workflow.steps {
        each_key(loaded, step, report);
        if let StepKind::ForEach(each) = &step.kind {
            each_key(loaded, &each.agent, report);
            if !each.agent.routes.is_empty() {
                let loc = places::key(&loaded.sources, each.agent.loc, "routes");
                let message = format!(
                    "Routes of an inline step are ignored; put them on the group `{}`",
                    step.name.as_str()
                );
                let found = Diagnostic::new(RULE.code, Severity::Warning, loc, message)
                    .step(each.agent.name.as_str());
                report.add(removed(loaded, &each.agent, "routes", found));
            }
        }
    }
}

fn each_key(loaded: &Loaded, step: &Step, report: &mut Report) {
    for ignored in &step.ignored {
        let (key, kind) = (ignored.value, step.kind.word());
        let instead = match (kind, key) {
            ("human_gate", "routes") => "; a gate goes where the chosen option says",
            ("agent", "timeout") => "; an agent's time is bounded by `timeout_seconds`",
            ("agent", "command" | "args" | "env") => "; only `type: script` runs a program",
            ("agent", "options") => "; only `type: human_gate` asks a person",
            ("agent", "workflow") => "; only `type: workflow` runs another workflow",
            ("workflow", "args" | "env") => "; a sub-workflow gets its values by `input_mapping`",
            ("workflow", "output") => "; a sub-workflow gives what its own `output` says",
            ("human_gate", "output") => "; a gate gives `selected` and `additional_input`",
            _ => "",
        };
        let message = format!("`{key}` does nothing on a step of type `{kind}`{instead}");
        let found = Diagnostic::new(RULE.code, Severity::Warning, ignored.loc, message)
            .step(step.name.as_str());
        report.add(removed(loaded, step, key, found));
    }
}

fn removed(loaded: &Loaded, step: &Step, key: &str, found: Diagnostic) -> Diagnostic {
    match places::remove_entry(&loaded.sources, step.loc, key) {
        Some(edit) => found.fix(format!("Remove `{key}`"), vec![edit]),
        None => found,
    }
}

/// `runtime.default_context_tier` never reaches a provider (specs/conductor.md 13.6).
fn context_tier(loaded: &Loaded, report: &mut Report) {
    let Some(tree) = loaded.sources.get(FileId::ROOT).map(|f| &f.tree) else {
        return;
    };
    let runtime = tree.root().and_then(|root| {
        root.as_mapping()?
            .get("workflow")?
            .value
            .as_mapping()?
            .get("runtime")
    });
    let Some(entry) = runtime.and_then(|r| r.value.as_mapping()?.get("default_context_tier"))
    else {
        return;
    };
    let loc = Loc {
        file: FileId::ROOT,
        span: entry.key.span(),
    };
    let message = "`default_context_tier` never reaches the provider; write `context_tier` on the agents that need it";
    report.add(Diagnostic::new(RULE.code, Severity::Warning, loc, message));
}
