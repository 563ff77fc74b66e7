//! What both dialects say at an iteration limit (design/runs.md, "Gates"): the
//! answers that are offered, and the limit that follows from one.

use serde_json::{Value, json};

use crate::gate::{Answer, AnswerField, AnswerSpec, Gate, LimitDecision};

/// The limit in force after an answer to a gate; what `iteration_limit_resolved` records.
#[must_use]
pub fn maximum_after(gate: &Gate, answer: &Answer) -> u64 {
    let maximum = gate.limit.as_ref().map_or(0, |limit| limit.max_iterations);
    match answer {
        Answer::IterationLimit {
            decision: LimitDecision::Continue,
            n: Some(n),
        } => maximum.saturating_add(*n),
        _ => maximum,
    }
}

/// Offers: as many as are needed, 5, 10; stop, with what follows from it; abort.
pub(crate) fn answers(needed: u64, stop: &str) -> Vec<AnswerSpec> {
    let mut offers: Vec<u64> = [needed, 5, 10]
        .into_iter()
        .filter(|n| *n >= needed)
        .collect();
    offers.sort_unstable();
    offers.dedup();
    let spec = |answer: Value, label: String, consequence: &str, fields| AnswerSpec {
        answer,
        label,
        consequence: Some(consequence.to_owned()),
        fields,
    };
    let mut list: Vec<AnswerSpec> = offers
        .into_iter()
        .map(|n| {
            spec(
                json!({"kind": "iteration_limit", "do": "continue", "n": n}),
                format!("Continue with {n} more"),
                "The limit is raised and work goes on.",
                vec![AnswerField {
                    name: "n".to_owned(),
                    ty: "integer".to_owned(),
                    minimum: Some(needed),
                    multiline: false,
                    optional: false,
                }],
            )
        })
        .collect();
    list.push(spec(
        json!({"kind": "iteration_limit", "do": "stop"}),
        "Stop".to_owned(),
        stop,
        Vec::new(),
    ));
    list.push(spec(
        json!({"kind": "iteration_limit", "do": "abort"}),
        "Abort the run".to_owned(),
        "The whole run is cancelled for good.",
        Vec::new(),
    ));
    list
}
