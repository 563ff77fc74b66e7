//! The rule on Archon's groups: the verdict of an agent of the body ends it, and nothing else but the last iteration.

use fermata_workflow::flow::FieldClass;
use fermata_workflow::loader::Loaded;
use fermata_workflow::{Severity, Workflow};

use super::{FEW_ROUNDS, RULE};
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
        let rounds = found.raw.get("max_iterations").and_then(|n| n.as_u64());
        if verdict.workers.is_empty() || verdict.asks || verdict.decides || rounds == Some(1) {
            continue;
        }
        let severity = if rounds.is_some_and(|n| n <= FEW_ROUNDS) {
            Severity::Information
        } else {
            Severity::Warning
        };
        let step = nodes.dag.nodes[found.node].step;
        let judge = nodes.dag.nodes[verdict.judge].step;
        let name = judge.name.trim();
        let says = match &verdict.field {
            Some(field) => format!("`{field}`"),
            None => "its verdict".to_owned(),
        };
        let message = format!(
            "`{name}` can send work back for ever: {} goes round on {says} alone, until its {} iterations are used up; let a person, a score or a test end it too",
            judged::way(&nodes, &verdict),
            rounds.unwrap_or_default(),
        );
        let mut diagnostic = nodes::finding(RULE.code, severity, verdict.loc, step, message)
            .related(
                judge.name.loc,
                format!("`{name}` decides whether it goes round again"),
            );
        let scores = judged::declared(&nodes, verdict.judge)
            .into_iter()
            .flatten();
        for (score, declared) in scores {
            if judged::class(score, Some(declared)) != FieldClass::Score {
                continue;
            }
            let Some(enough) =
                super::super::contradictory_verdict::enough(&nodes, verdict.judge, score)
            else {
                continue;
            };
            let edits = judged::end_on_score(&nodes, &found, verdict.judge, score, enough.value);
            if let Some(edits) = edits {
                diagnostic = diagnostic.fix(
                    format!("End the group once `{score}` is {} or more", enough.value),
                    edits,
                );
            }
        }
        report.add(diagnostic);
    }
}
