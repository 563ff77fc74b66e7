//! `template-syntax`: a template cannot be read.

use fermata_expr::template::names::{FILTERS, TESTS};
use fermata_workflow::loader::Loaded;
use fermata_workflow::nearest::nearest;
use fermata_workflow::texts::Site;
use fermata_workflow::{Diagnostic, Edit, Severity, Workflow};

use super::unknown_template_name::{exact, of_step};
use crate::rule::{CONDUCTOR, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "template-syntax",
    dialects: CONDUCTOR,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    for read in report
        .texts()
        .all
        .iter()
        .filter(|r| r.site != Site::Condition)
    {
        let Some(error) = &read.error else { continue };
        let loc = loaded.sources.locate(&read.text, error.span.clone());
        let message = format!("`{}` cannot be rendered: {}", read.key, error.message);
        let mut found = of_step(
            Diagnostic::new(RULE.code, Severity::Error, loc, message),
            workflow,
            read,
        );
        let word = read.text.get(error.span.clone()).unwrap_or_default();
        let named = error.message.contains(&format!("'{word}'"))
            || error.message.contains(&format!("`{word}`"));
        let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_');
        if named
            && plain
            && let Some(best) = nearest(word, FILTERS.iter().chain(TESTS).copied())
        {
            found.message.push_str(&format!("; did you mean `{best}`?"));
            if exact(read) {
                found = found.fix(
                    format!("Change to `{best}`"),
                    vec![Edit {
                        span: loc.span,
                        text: best.to_owned(),
                    }],
                );
            }
        }
        report.add(found);
    }
}
