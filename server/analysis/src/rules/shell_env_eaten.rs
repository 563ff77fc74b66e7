//! `shell-env-eaten`: `${NAME}` in a shell script is replaced when the workflow loads, before the shell sees it.

use fermata_workflow::loader::Loaded;
use fermata_workflow::model::{ScriptStep, StepKind};
use fermata_workflow::{Diagnostic, Edit, Loc, Severity, Step, Text, Workflow};

use crate::rule::{CONDUCTOR, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "shell-env-eaten",
    dialects: CONDUCTOR,
    check,
};

const SHELLS: &[&str] = &["sh", "bash", "zsh", "dash", "ksh", "ash"];

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    for step in &workflow.steps {
        if let StepKind::Script(script) = &step.kind
            && is_shell(script)
        {
            for text in script.args.iter().chain(&script.stdin) {
                scan(loaded, step, script, text, report);
            }
        }
    }
}

fn is_shell(script: &ScriptStep) -> bool {
    let program = script
        .command
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or_default();
    SHELLS.contains(&program.trim_end_matches(".exe"))
}

/// Every `${NAME}` whose value the script or its `env` sets: there the shell's own is meant.
fn scan(loaded: &Loaded, step: &Step, script: &ScriptStep, text: &Text, report: &mut Report) {
    let Some(tree) = loaded.sources.get(text.loc.file).map(|f| &f.tree) else {
        return;
    };
    let Some(scalar) = text.node.and_then(|node| tree.node(node).as_scalar()) else {
        return;
    };
    // As written: what was loaded has lost the references.
    let source = scalar.value();
    for (at, _) in source.match_indices("${") {
        let body = &source[at + 2..];
        let Some(close) = body.find('}') else {
            continue;
        };
        let inner = &body[..close];
        let name = inner.split(":-").next().unwrap_or_default();
        let identifier = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !identifier || !(sets(&source[..at], name) || script.env.contains_key(name)) {
            continue;
        }
        let end = at + 2 + close + 1;
        let loc = Loc {
            file: text.loc.file,
            span: scalar.source_span(at..end),
        };
        let message = format!(
            "`${{{inner}}}` is replaced when the workflow loads, so the shell never sees the `{name}` that is set here; write `${name}`"
        );
        let mut found =
            Diagnostic::new(RULE.code, Severity::Warning, loc, message).step(step.name.as_str());
        let next = source[end..].chars().next();
        if name == inner
            && next.is_none_or(|c| !(c.is_ascii_alphanumeric() || c == '_' || c == '['))
        {
            found = found.fix(
                format!("Change to `${name}`"),
                vec![Edit {
                    span: loc.span,
                    text: format!("${name}"),
                }],
            );
        }
        report.add(found);
    }
}

/// Whether a script sets a variable: `NAME=`, `for NAME in`, `read NAME`.
fn sets(before: &str, name: &str) -> bool {
    let boundary = |at: usize| {
        before[..at]
            .chars()
            .next_back()
            .is_none_or(|c| c.is_whitespace() || ";&|(`".contains(c))
    };
    before.match_indices(name).any(|(at, _)| {
        let after = &before[at + name.len()..];
        let lead = before[..at].trim_end();
        let word = lead
            .rsplit(|c: char| c.is_whitespace() || c == ';')
            .next()
            .unwrap_or_default();
        let assigned = boundary(at) && (after.starts_with('=') || after.starts_with("+="));
        assigned
            || (boundary(at)
                && (word == "for" || word == "read" || (word == "-r" && lead.contains("read"))))
    })
}
