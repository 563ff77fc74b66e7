//! `condition-syntax`: a route's `when` cannot be read in the language it is written in.

use fermata_expr::condition::{self, Language};
use fermata_workflow::loader::Loaded;
use fermata_workflow::texts::Site;
use fermata_workflow::{Diagnostic, Edit, Severity, Workflow};

use super::unknown_template_name::{exact, of_step};
use crate::rule::{CONDUCTOR, Report, Rule};
use crate::texts::Read;

pub(super) const RULE: Rule = Rule {
    code: "condition-syntax",
    dialects: CONDUCTOR,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    for read in report
        .texts()
        .all
        .iter()
        .filter(|r| r.site == Site::Condition)
    {
        let Some(error) = &read.error else { continue };
        let loc = loaded.sources.locate(&read.text, error.span.clone());
        let why = match read.language {
            Some(Language::Template) => error.message.clone(),
            _ => format!("{}{}", error.message, hint(&read.text)),
        };
        let message = format!("This condition cannot be read, so the run fails here: {why}");
        let mut found = of_step(
            Diagnostic::new(RULE.code, Severity::Error, loc, message),
            workflow,
            read,
        );
        if let Some(text) = rewritten(read).filter(|_| exact(read)) {
            let span = loaded.sources.locate(&read.text, 0..read.text.len()).span;
            found = found.fix(format!("Change to `{text}`"), vec![Edit { span, text }]);
        }
        report.add(found);
    }
}

fn hint(when: &str) -> &'static str {
    if when.contains("{%") {
        "; a condition with `{% %}` needs a `{{ }}` to be read as a template"
    } else if when.contains("&&") || when.contains("||") {
        "; a condition without `{{ }}` is a Python expression: write `and`, `or`, `not`"
    } else if when.contains('!') {
        "; a condition without `{{ }}` is a Python expression: write `not`"
    } else if when.contains('|') {
        "; filters work only inside of `{{ }}`"
    } else {
        ""
    }
}

/// The same condition with Python's words, when that is all it takes.
fn rewritten(read: &Read) -> Option<String> {
    let when = read.text.as_str();
    if read.language == Some(Language::Template)
        || when.contains(['"', '\'', '\n', '#'])
        || when.contains(": ")
    {
        return None;
    }
    let mut text = when
        .replace("&&", " and ")
        .replace("||", " or ")
        .replace("!=", "\u{0}")
        .replace('!', " not ")
        .replace('\u{0}', "!=");
    text = text.replace("===", "==");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (text != when && condition::parse(&text).is_ok()).then_some(text)
}
