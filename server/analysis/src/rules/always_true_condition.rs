//! `always-true-condition`: a templated condition renders to text that is never "false".

use fermata_expr::condition::{self, Language};
use fermata_expr::template;
use fermata_workflow::loader::Loaded;
use fermata_workflow::model::{OutputField, ValueType};
use fermata_workflow::texts::Site;
use fermata_workflow::{Diagnostic, Edit, Severity, Workflow};
use serde_json::{Value, json};

use super::unknown_template_name::{exact, of_step};
use crate::rule::{CONDUCTOR, Report, Rule};
use crate::texts::{Form, Read};

pub(super) const RULE: Rule = Rule {
    code: "always-true-condition",
    dialects: CONDUCTOR,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let conditions = report.texts();
    let templates = conditions
        .all
        .iter()
        .filter(|r| r.site == Site::Condition && r.error.is_none());
    for read in templates.filter(|r| r.language == Some(Language::Template)) {
        let Some((why, better)) = why(workflow, read) else {
            continue;
        };
        let message = format!("This condition always holds: {why}");
        let mut found = of_step(
            Diagnostic::new(RULE.code, Severity::Warning, read.text.loc, message),
            workflow,
            read,
        );
        if let Some(better) = better.filter(|_| exact(read)) {
            let span = loaded.sources.locate(&read.text, 0..read.text.len()).span;
            found = found.fix(
                format!("Change to `{better}`"),
                vec![Edit { span, text: better }],
            );
        }
        report.add(found);
    }
}

/// Why the condition always holds, and what was probably meant.
fn why(workflow: &Workflow, read: &Read) -> Option<(String, Option<String>)> {
    let when = read.text.trim();
    // What stands between tags decides; blocks choose between texts and are left alone.
    if when.contains("{%") || when.contains("{#") {
        return None;
    }
    let (outside, outputs) = split(when)?;
    if outputs.len() > 1 || !outside.trim().is_empty() {
        let text = outside.split_whitespace().collect::<Vec<_>>().join(" ");
        let why = if text.is_empty() {
            "it renders several values side by side, which is never one word for false".to_owned()
        } else {
            format!("`{text}` stands outside of `{{{{ }}}}` and is rendered as text")
        };
        return Some((why, joined(when)));
    }
    let inner = outputs.first()?.trim();
    if read.uses.is_empty() {
        let meant = [
            "true", "True", "1", "\"true\"", "'true'", "\"yes\"", "'yes'",
        ]
        .contains(&inner);
        let holds = condition::evaluate(when, &json!({})).ok()?;
        return (holds && !meant).then(|| {
            (
                format!("`{inner}` renders to text that does not say false"),
                None,
            )
        });
    }
    let [used] = read.uses.as_slice() else {
        return None;
    };
    let alone = when.len() == read.text.len()
        && read
            .text
            .get(used.written.span.clone())
            .is_some_and(|t| t == inner);
    if !alone || used.form != Form::Path || used.written.called {
        return None;
    }
    let field = declared(workflow, read, &used.path)?;
    match field.ty {
        ValueType::Array | ValueType::Object => {
            let why = format!(
                "`{inner}` is declared as {}, and even an empty one renders to text that does not say false",
                field.ty.word()
            );
            let better = format!("{{{{ {inner} | length > 0 }}}}");
            Some((why, Some(better)))
        }
        ValueType::String => {
            let words = field.definition.get("enum").and_then(Value::as_array)?;
            let says_no = |v: &Value| {
                v.as_str().is_some_and(|s| {
                    ["false", "0", "no", ""].contains(&s.trim().to_lowercase().as_str())
                })
            };
            if words.iter().any(says_no) {
                return None;
            }
            let list = words
                .iter()
                .map(|w| format!("`{}`", w.as_str().unwrap_or_default()))
                .collect::<Vec<_>>()
                .join(", ");
            Some((
                format!(
                    "`{inner}` is one of {list}, and none of them reads as false; compare it with one"
                ),
                None,
            ))
        }
        ValueType::Number | ValueType::Boolean => None,
    }
}

/// The declaration of an output field that a condition reads whole.
fn declared<'w>(workflow: &'w Workflow, read: &Read, path: &[String]) -> Option<&'w OutputField> {
    let (step, rest) = match path {
        [root, rest @ ..] if root == "output" => (workflow.steps.get(read.step?)?, rest),
        [root, part, rest @ ..] if part == "output" => (workflow.step(root)?, rest),
        _ => return None,
    };
    let [first, rest @ ..] = rest else {
        return None;
    };
    let mut field = step.output.as_ref()?.get(first)?;
    for name in rest {
        field = field.properties.get(name)?;
    }
    (!field.nullable).then_some(field)
}

/// The text outside of `{{ }}` and the insides; `None` where a tag is not closed.
fn split(when: &str) -> Option<(String, Vec<&str>)> {
    let (mut outside, mut inside, mut rest) = (String::new(), Vec::new(), when);
    while let Some(open) = rest.find("{{") {
        outside.push_str(&rest[..open]);
        let body = &rest[open + 2..];
        let close = end_of_tag(body)?;
        inside.push(body[..close].trim_start_matches('-').trim_end_matches('-'));
        rest = &body[close + 2..];
    }
    outside.push_str(rest);
    Some((outside, inside))
}

fn end_of_tag(body: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in body.char_indices() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '}') if body[at..].starts_with("}}") => return Some(at),
            _ => {}
        }
    }
    None
}

/// All of the text inside of one tag, where that is a template.
fn joined(when: &str) -> Option<String> {
    if when.contains('\n') {
        return None;
    }
    let inner = when
        .replace("{{", " ")
        .replace("}}", " ")
        .replace("&&", " and ")
        .replace("||", " or ");
    let text = format!(
        "{{{{ {} }}}}",
        inner.split_whitespace().collect::<Vec<_>>().join(" ")
    );
    let ok = template::parse(&text).is_ok_and(|parsed| !parsed.references().is_empty());
    ok.then_some(text)
}
