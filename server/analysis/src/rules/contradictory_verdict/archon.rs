//! The rule on Archon's loops: the judge declares a score and a flag, and the flag alone ends the loop.

use fermata_workflow::flow::{FieldClass, Threshold, ThresholdOrigin, threshold_in};
use fermata_workflow::loader::Loaded;
use fermata_workflow::{Severity, Workflow};

use super::RULE;
use crate::nodes::{self, Nodes};
use crate::rule::Report;
use crate::{judged, signals};

pub(super) fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    for found in signals::loops(loaded, &nodes) {
        let Some(verdict) = judged::read(&nodes, &found) else {
            continue;
        };
        let (judge, Some(flag)) = (verdict.judge, &verdict.field) else {
            continue;
        };
        let is_flag =
            judged::class(flag, judged::property(&nodes, judge, flag)) == FieldClass::Flag;
        if !is_flag || verdict.asks || verdict.decides {
            continue;
        }
        let score = judged::declared(&nodes, judge).and_then(|fields| {
            let mut all = fields.iter();
            all.find(|(name, d)| judged::class(name, Some(d)) == FieldClass::Score)
        });
        let Some((score, _)) = score else {
            continue;
        };
        let enough = enough(&nodes, judge, score);
        let above = match enough {
            Some(t) if t.origin == ThresholdOrigin::Prompt => format!(
                "above the passing score of {} (a guess from the prompt)",
                t.value
            ),
            Some(t) => format!("above the passing score of {}", t.value),
            None => "with a passing score".to_owned(),
        };
        let step = nodes.dag.nodes[found.node].step;
        let name = nodes.dag.nodes[judge].step.name.trim();
        let message = format!(
            "`{name}` yields a score (`{score}`) and a flag (`{flag}`), and the flag alone ends the loop: it can go round {above} until its iterations are used up; let `{score}` decide too"
        );
        let mut diagnostic =
            nodes::finding(RULE.code, Severity::Warning, verdict.loc, step, message);
        let declared = nodes.key(judge, &["output_format", "properties", score]);
        if let Some(loc) = declared {
            diagnostic = diagnostic.related(
                loc,
                format!("`{score}` is declared here and nothing looks at it"),
            );
        }
        let edits =
            enough.and_then(|t| judged::end_on_score(&nodes, &found, judge, score, t.value));
        if let (Some(edits), Some(t)) = (edits, enough) {
            diagnostic = diagnostic.fix(
                format!("End the group once `{score}` is {} or more", t.value),
                edits,
            );
        }
        report.add(diagnostic);
    }
}

/// From where on a score passes: read from its description, else guessed from the texts of its node.
pub(in crate::rules) fn enough(nodes: &Nodes<'_>, judge: usize, score: &str) -> Option<Threshold> {
    let described = judged::property(nodes, judge, score)?
        .get("description")
        .and_then(|d| threshold_in(d.as_str()?));
    if let Some(value) = described {
        let origin = ThresholdOrigin::Schema;
        return Some(Threshold { value, origin });
    }
    let texts = nodes.texts(judge);
    let value = texts.iter().find_map(|t| threshold_in(t.text()))?;
    let origin = ThresholdOrigin::Prompt;
    Some(Threshold { value, origin })
}
