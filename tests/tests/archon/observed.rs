//! What happened in a run, in the shape of the records.

use std::collections::BTreeMap;

use fermata_engine::fold::CUT_OFF;
use fermata_engine::{
    Event, EventBody, GateId, Payload, RunState, StepPath, StepRecord, StepStatus,
};
use fermata_store::{Store, fetch};
use serde_json::{Map, Value, json};

use crate::classes;

/// The step that records name for a path, and the innermost iteration: `g[2]/draft` is `g.draft` in 2.
pub(crate) fn step_name(path: &StepPath) -> (String, Option<u64>) {
    if let Some(round) = path.as_str().strip_suffix("/on_reject")
        && let Some((gate, _)) = round.rsplit_once("[g")
    {
        return (format!("{gate}:on_reject"), None);
    }
    let mut name = String::new();
    let mut iteration = None;
    for segment in path.as_str().split('/') {
        let (head, round) = match segment.split_once('[') {
            Some((head, rest)) => (head, rest.trim_end_matches(']').parse().ok()),
            None => (segment, None),
        };
        let head = head.split('#').next().unwrap_or(head);
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(head);
        iteration = round.or(iteration);
    }
    (name, iteration)
}

/// Key of a node's row: `g.draft#2` for a body node; loops and groups inside a group have none of their own.
fn key(path: &StepPath, kind: &str) -> String {
    let (name, iteration) = step_name(path);
    match iteration {
        Some(n) if path.as_str().contains('/') && !matches!(kind, "loop" | "loop_group") => {
            format!("{name}#{n}")
        }
        _ => name,
    }
}

/// Failures and skips of body nodes have no round, failures that were tried again neither: the last one stays.
fn ends_of_body_nodes(
    log: &[Event],
    kinds: &BTreeMap<&StepPath, &str>,
    rows: &mut BTreeMap<String, Map<String, Value>>,
) {
    for event in log.iter().filter(|e| !e.path.as_str().ends_with(']')) {
        let kind = kinds.get(&event.path).copied().unwrap_or_default();
        let key = key(&event.path, kind);
        let Some((name, _)) = key.rsplit_once('#') else {
            continue;
        };
        let (status, fact, value) = match &event.body {
            EventBody::StepFailed { error, .. } if error.kind != CUT_OFF => {
                ("failed", "error", classes::of(error))
            }
            EventBody::StepSkipped { reason, .. } => {
                ("skipped", "reason", Value::from(reason.clone()))
            }
            _ => continue,
        };
        let row = Map::from_iter([
            ("status".to_owned(), Value::from(status)),
            (fact.to_owned(), value),
        ]);
        rows.insert(name.to_owned(), row);
    }
}

/// The nodes of a run by key.
pub(crate) fn nodes(store: &dyn Store, log: &[Event], state: &RunState) -> BTreeMap<String, Value> {
    let mut rows: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let restarted = log
        .iter()
        .rev()
        .find(|event| matches!(event.body, EventBody::RunStarted { .. }))
        .map_or(0, |event| event.seq);
    // A rejection ends a run before the graph is looked at again.
    let went_on = log.iter().any(|event| {
        let step = matches!(
            event.body,
            EventBody::StepStarted { .. }
                | EventBody::StepSkipped { .. }
                | EventBody::StepCompleted { .. }
        );
        step && event.seq > restarted
    });
    // Turns and shells of a round have no rows, and `cancel` nodes only when they fail.
    let has_row = |record: &StepRecord| {
        !record.path.as_str().ends_with(']')
            && !record.path.as_str().starts_with('%')
            && (record.kind != "cancel" || record.status == StepStatus::Failed)
    };
    for record in state.steps.values().filter(|record| has_row(record)) {
        let key = key(&record.path, &record.kind);
        let cut = record.error.as_ref().is_some_and(|e| e.kind == CUT_OFF);
        // A body node that did not complete has its end under its name and its start under the round.
        if key.contains('#')
            && matches!(record.status, StepStatus::Failed | StepStatus::Skipped)
            && !cut
        {
            if starts(log, &record.path) > 0 {
                let row = rows.entry(key).or_default();
                row.insert("status".to_owned(), Value::from("started"));
            }
            continue;
        }
        let row = rows.entry(key).or_default();
        let status = match record.status {
            StepStatus::Running | StepStatus::Waiting => "started",
            // The end of an agent's turn is recorded, that of what only waits is not.
            StepStatus::Failed if cut && matches!(record.kind.as_str(), "prompt" | "command") => {
                row.insert("error".to_owned(), json!({"class": "cancelled"}));
                "failed"
            }
            StepStatus::Failed if cut => "started",
            StepStatus::Completed => "completed",
            StepStatus::Failed => "failed",
            StepStatus::Skipped => "skipped",
        };
        row.insert("status".to_owned(), Value::from(status));
        if let Some(error) = record.error.as_ref().filter(|_| !cut) {
            row.insert("error".to_owned(), classes::of(error));
        }
        let done_before = record.result_seq.is_some_and(|seq| seq < restarted);
        let done_before = went_on && (done_before || record.kind == "approval");
        if record.status == StepStatus::Completed
            && done_before
            && !record.path.as_str().contains('/')
        {
            row.insert("reused".to_owned(), Value::Bool(true));
        }
    }
    // Gates that stand for a child's are recorded with the child.
    let childs: Vec<&GateId> = log
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::GateOpened { gate } if gate.stands_for().is_some() => Some(&gate.gate),
            _ => None,
        })
        .collect();
    let kinds: BTreeMap<&StepPath, &str> = state
        .steps
        .values()
        .map(|record| (&record.path, record.kind.as_str()))
        .collect();
    ends_of_body_nodes(log, &kinds, &mut rows);
    for event in log.iter().filter(|e| !e.path.as_str().ends_with(']')) {
        let kind = kinds.get(&event.path).copied().unwrap_or_default();
        let key = key(&event.path, kind);
        let Some(row) = rows.get_mut(&key) else {
            continue;
        };
        let mut add = |name: &str| {
            let n = row.get(name).and_then(Value::as_u64).unwrap_or(0) + 1;
            row.insert(name.to_owned(), Value::from(n));
        };
        match &event.body {
            EventBody::StepStarted { kind, .. }
                if !matches!(kind.as_str(), "loop_group" | "workflow" | "approval") =>
            {
                add("starts");
            }
            EventBody::LoopIterationStarted { .. } => add("iterations"),
            EventBody::GateOpened { gate } if gate.stands_for().is_none() => add("gate_opened"),
            EventBody::GateAnswered { gate, answer, .. } if !childs.contains(&gate) => {
                let answer = serde_json::to_value(answer).unwrap();
                let word = match answer["decision"].as_str() {
                    Some("approve") => "approved",
                    Some("reject") => "rejected",
                    other => other.unwrap_or_default(),
                };
                row.insert("decision".to_owned(), Value::from(word));
            }
            EventBody::StepSkipped { reason, .. } => {
                row.insert("reason".to_owned(), Value::from(reason.as_str()));
            }
            EventBody::StepCompleted { output, detail, .. } => {
                let value = value(store, output);
                row.insert("output".to_owned(), shown(&value));
                if detail.get("structured") == Some(&Value::Bool(true)) {
                    row.insert("structured".to_owned(), value.clone());
                }
                if let Some(cost) = detail.get("total_cost_usd").or(detail.get("cost_usd")) {
                    row.insert("cost_usd".to_owned(), cost.clone());
                }
            }
            _ => {}
        }
    }
    rows.into_iter()
        .map(|(k, row)| (k, Value::Object(row)))
        .collect()
}

/// How often a step was started.
fn starts(log: &[Event], path: &StepPath) -> usize {
    log.iter()
        .filter(|e| e.path == *path && matches!(e.body, EventBody::StepStarted { .. }))
        .count()
}

/// A payload's value, from its blob if need be.
fn value(store: &dyn Store, payload: &Payload) -> Value {
    match payload {
        Payload::Inline(value) => value.clone(),
        Payload::Blob { .. } => fetch(store, payload).unwrap(),
    }
}

/// Longest stored output of the records, bytes.
const CAP: usize = 32 * 1024;

/// An output as records show it: long ones by the length and the beginning of what is kept of them.
fn shown(value: &Value) -> Value {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let len = text.chars().count();
    if len <= 400 {
        return Value::from(text);
    }
    let head: String = text.chars().take(40).collect();
    json!({ "len": len.min(CAP), "head": head })
}
