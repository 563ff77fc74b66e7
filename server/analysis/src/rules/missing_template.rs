//! `missing-template`: a prompt takes in a template that is not there, or is no prompt file and can take in none.

use std::collections::HashSet;

use fermata_expr::template::{self, Need, Partials};
use fermata_workflow::loader::Loaded;
use fermata_workflow::texts::Site;
use fermata_workflow::{Diagnostic, Severity, Workflow};

use super::unknown_template_name::of_step;
use crate::rule::{CONDUCTOR, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "missing-template",
    dialects: CONDUCTOR,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let texts = report.texts();
    for read in texts.all.iter().filter(|r| r.site != Site::Condition) {
        let Ok(parsed) = template::parse(&read.text.value) else {
            continue;
        };
        for need in parsed.needs() {
            let mut seen = HashSet::new();
            let Some(why) = fault(&read.text.partials, &need, &mut seen) else {
                continue;
            };
            let loc = loaded.sources.locate(&read.text, need.span.clone());
            let message = format!("`{}` cannot be rendered: {why}", read.key);
            report.add(of_step(
                Diagnostic::new(RULE.code, Severity::Error, loc, message),
                workflow,
                read,
            ));
        }
    }
}

/// Why what a tag names cannot be taken in.
fn fault(partials: &Partials, need: &Need, seen: &mut HashSet<String>) -> Option<String> {
    let (tag, names) = (need.tag, need.names.join("`, `"));
    if !partials.allowed() {
        return Some(format!(
            "`{tag}` takes templates from the folder of a prompt file, and this text is written into the workflow; move it to a file and name it with `!file`"
        ));
    }
    let mut found = need
        .names
        .iter()
        .filter_map(|n| Some((n, partials.get(n)?)));
    match found.next() {
        None => Some(format!(
            "there is no template `{names}` in the folder of the prompt file"
        )),
        Some((name, Err(reason))) => Some(format!("`{name}`: {reason}")),
        Some((name, Ok(text))) => {
            if !seen.insert(name.clone()) {
                return None;
            }
            match template::parse(text) {
                Err(error) => Some(format!("in `{name}`: {}", error.message)),
                Ok(parsed) => {
                    let needs = parsed.needs();
                    let why = needs.iter().find_map(|need| fault(partials, need, seen))?;
                    Some(format!("in `{name}`: {why}"))
                }
            }
        }
    }
}
