//! `completion-signal-suffix`: a loop's signal is the end of another word, and Archon asks for no boundary before it.

use fermata_syntax::Span;
use fermata_workflow::loader::Loaded;
use fermata_workflow::{Edit, Severity, Workflow};

use crate::nodes::{self, Nodes};
use crate::rule::{ARCHON, Report, Rule};
use crate::signals::{self, LoopTexts};

pub(super) const RULE: Rule = Rule {
    code: "completion-signal-suffix",
    dialects: ARCHON,
    check,
};

/// Signals, and the words that say the opposite and end in them.
const OPPOSITES: &[(&str, &str)] = &[
    ("ACCEPTABLE", "UNACCEPTABLE"),
    ("APPROVED", "UNAPPROVED"),
    ("COMPLETE", "INCOMPLETE"),
    ("COMPLETED", "UNCOMPLETED"),
    ("CORRECT", "INCORRECT"),
    ("FINISHED", "UNFINISHED"),
    ("RESOLVED", "UNRESOLVED"),
    ("SATISFIED", "UNSATISFIED"),
    ("SUCCESSFUL", "UNSUCCESSFUL"),
    ("VALID", "INVALID"),
    ("VERIFIED", "UNVERIFIED"),
];

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    for found in signals::loops(loaded, &nodes) {
        let signal = found.signal.trim();
        let longer = found
            .texts
            .iter()
            .flat_map(|t| words(t))
            .find(|word| word.len() > signal.len() && word.ends_with(signal))
            .map(str::to_owned);
        let opposite = OPPOSITES
            .iter()
            .find(|(known, _)| *known == signal)
            .map(|(_, word)| (*word).to_owned());
        let Some(word) = longer.or(opposite) else {
            continue;
        };
        let node = nodes.dag.nodes[found.node].step;
        let message = format!(
            "Archon takes an answer that ends in `{word}` for the signal `{signal}`; choose a signal that no other word ends in"
        );
        let Some(loc) = nodes.place(found.node, &[found.key, "until"]) else {
            continue;
        };
        let mut diagnostic = nodes::finding(RULE.code, Severity::Warning, loc, node, message);
        let better = format!("LOOP_{signal}");
        let ends_too = found
            .texts
            .iter()
            .flat_map(|t| words(t))
            .any(|w| w.ends_with(&better));
        if let Some(edits) =
            renamed(&nodes, &found, signal, &better, loc.span).filter(|_| !ends_too)
        {
            diagnostic = diagnostic.fix(format!("Call the signal `{better}`"), edits);
        }
        report.add(diagnostic);
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')))
}

/// The signal's new name, in `until` and wherever the loop's own texts say it; `None` where they say it elsewhere.
fn renamed(
    nodes: &Nodes<'_>,
    found: &LoopTexts,
    signal: &str,
    better: &str,
    until: Span,
) -> Option<Vec<Edit>> {
    if !found.inline {
        return None;
    }
    let edit = |span: Span| Edit {
        span,
        text: better.to_owned(),
    };
    let mut edits = vec![edit(until)];
    for member in &found.members {
        for text in nodes.texts(*member) {
            let whole = text.text();
            for (at, _) in whole.match_indices(signal) {
                let inside = |c: Option<char>| {
                    c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
                };
                let end = at + signal.len();
                if !inside(whole[..at].chars().next_back()) && !inside(whole[end..].chars().next())
                {
                    edits.push(edit(text.span(at..end)));
                }
            }
        }
    }
    (edits.len() > 1).then_some(edits)
}
