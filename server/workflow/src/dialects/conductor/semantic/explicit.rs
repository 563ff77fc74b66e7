//! V29: in explicit context mode a template reads what `input` does not list.

use crate::diagnostic::Severity;

use super::super::findings::Findings;
use super::super::references::{Chain, InputReference, chains, input_reference};
use super::view::{StepView, View};

/// Attributes of a dict that are methods, not fields.
const METHODS: &[&str] = &["items", "keys", "values", "get"];

/// What an `input` list allows of one step or group.
#[derive(Default)]
struct Allowed {
    whole: bool,
    fields: Vec<String>,
}

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    if !view.explicit() {
        return;
    }
    for step in view.all_steps() {
        // Gates and questionnaires always see everything.
        if matches!(step.kind, "human_gate" | "questions") {
            continue;
        }
        let references: Vec<InputReference> = step
            .map
            .list("input")
            .iter()
            .filter_map(|d| Some(input_reference(&d.text()?.value)?.0))
            .collect();
        for (key, text) in step.templates() {
            let mut seen = Vec::new();
            for chain in chains(&text.value) {
                let Some((what, said, at)) = unlisted(view, step, &chain, &references) else {
                    continue;
                };
                if seen.contains(&said) {
                    continue;
                }
                let loc = view.part(text, chain[0].range.start..chain[at].range.end);
                let message = format!("`{key}` of `{}` {what}", step.name);
                let mut diagnostic = step.diagnostic("input-not-listed", "V29", loc, message);
                diagnostic.severity = Severity::Warning;
                diagnostic.path = Some(format!("{}.{key}", step.path));
                findings.semantic(diagnostic);
                seen.push(said);
            }
        }
    }
}

/// What is wrong, the reference as it would be listed, and the last name of the chain that counts.
fn unlisted(
    view: &View<'_>,
    step: &StepView<'_>,
    chain: &Chain,
    references: &[InputReference],
) -> Option<(String, String, usize)> {
    let (root, part) = (chain.first()?, chain.get(1)?);
    if root.name == "workflow" {
        // Local steps always see every workflow input.
        if part.name != "input" || matches!(step.kind, "script" | "set" | "wait" | "workflow") {
            return None;
        }
        let input = chain.get(2)?;
        let listed = references
            .iter()
            .any(|r| matches!(r, InputReference::Input { input: i } if i.name == input.name));
        let said = format!("workflow.input.{}", input.name);
        return (!listed).then(|| (not_listed(&said), said, 2));
    }
    if root.name == step.name || !view.is_known(&root.name) {
        return None;
    }
    let allowed = match part.name.as_str() {
        "output" => allowed_output(references, &root.name),
        "outputs" | "errors" => allowed_group(references, &root.name, &part.name),
        _ => return None,
    };
    let said = format!("{}.{}", root.name, part.name);
    let Some(allowed) = allowed else {
        return Some((not_listed(&said), said, 1));
    };
    if allowed.whole || view.is_each(&root.name) {
        return None;
    }
    match chain.get(2).filter(|n| !METHODS.contains(&n.name.as_str())) {
        Some(field) if allowed.fields.contains(&field.name) => None,
        Some(field) => {
            let said = format!("{said}.{}", field.name);
            Some((not_listed(&said), said, 2))
        }
        None if chain.get(2).is_some() => None,
        None => {
            let fields = allowed.fields.join("`, `");
            let what = format!(
                "reads the whole of `{said}`, and the step's `input` lists only `{fields}`; list `{said}`"
            );
            Some((what, said, 1))
        }
    }
}

fn not_listed(said: &str) -> String {
    format!(
        "reads `{said}`, which the step's `input` does not list; in explicit context mode it will be missing"
    )
}

fn allowed_output(references: &[InputReference], name: &str) -> Option<Allowed> {
    let mut found: Option<Allowed> = None;
    for reference in references {
        if let InputReference::Step { step, fields, .. } = reference
            && step.name == name
        {
            let allowed = found.get_or_insert_with(Allowed::default);
            match fields.first() {
                Some(field) => allowed.fields.push(field.name.clone()),
                None => allowed.whole = true,
            }
        }
    }
    found
}

fn allowed_group(references: &[InputReference], name: &str, wanted: &str) -> Option<Allowed> {
    let mut found: Option<Allowed> = None;
    for reference in references {
        if let InputReference::Group { group, part, rest } = reference
            && group.name == name
            && part.name == wanted
        {
            let allowed = found.get_or_insert_with(Allowed::default);
            match rest.first() {
                Some(member) => allowed.fields.push(member.name.clone()),
                None => allowed.whole = true,
            }
        }
    }
    found
}
