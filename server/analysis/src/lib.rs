//! Pure rules over the workflow model: what a dialect's own tool accepts and
//! people then pay for. One file per rule under `rules/`, one page per rule
//! under `docs/rules/`. Upstream rules come from lowering; this crate adds
//! ours, applies suppression comments and user severities, and orders all.
//!
//! May not do I/O and may not know which editor or terminal shows the result.

mod cases;
mod insert;
mod judged;
mod loops;
mod nodes;
mod pages;
mod places;
mod rule;
mod rules;
mod shapes;
mod signals;
mod suggest;
mod suppression;
mod texts;

use std::collections::HashMap;

use fermata_workflow::loader::Loaded;
use fermata_workflow::{Diagnostic, Severity};

pub use pages::{explain, pages};
pub use rule::{Report, Rule};
pub use rules::OUR_RULES;

use texts::Texts;

/// What a user says about a rule: another severity, or `None` for off.
pub type RuleSettings = HashMap<String, Option<Severity>>;

/// Every diagnostic of a loaded workflow: upstream and ours, without the
/// suppressed ones, with the user's severities, ordered by place.
///
/// User severities and suppression never touch upstream *errors*: what the
/// dialect's own tool rejects stays rejected.
#[must_use]
pub fn run(loaded: &Loaded, settings: &RuleSettings) -> Vec<Diagnostic> {
    let mut all = loaded.diagnostics.clone();
    if let Some(workflow) = &loaded.workflow {
        // A file that does not load lowers to a part of itself; what our rules
        // would say about the part is noise beside the real error, except for
        // the rules that explain such an error.
        let broken = all.iter().any(Diagnostic::rejects);
        let mut report = Report::new(if broken {
            Texts::default()
        } else {
            Texts::read(workflow)
        });
        for rule in OUR_RULES
            .iter()
            .filter(|r| r.dialects.contains(&workflow.dialect))
        {
            if !broken || rules::EXPLAIN_ERRORS.contains(&rule.code) {
                (rule.check)(loaded, workflow, &mut report);
            }
        }
        all.append(&mut report.diagnostics);
    }
    let allowed = suppression::Allowed::read(&loaded.sources);
    all.retain(|d| d.rejects() || !allowed.covers(&loaded.sources, d));
    all.retain_mut(|d| match settings.get(d.code) {
        Some(_) | None if d.rejects() => true,
        Some(Some(severity)) => {
            d.severity = *severity;
            true
        }
        Some(None) => false,
        None => true,
    });
    all.sort_by_key(|d| {
        (
            d.loc.file,
            d.loc.span.start(),
            d.loc.span.end(),
            d.severity,
            d.code,
        )
    });
    all.dedup();
    all
}
