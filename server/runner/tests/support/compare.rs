//! What agrees with the recorded data, and what differs on purpose.

use std::collections::BTreeMap;

use fermata_engine::{EventBody, Payload, Status};
use serde_json::{Value, json};

use super::Finished;

/// Cases that differ on purpose, and why.
pub fn reasons(set: &str) -> BTreeMap<String, String> {
    let text = include_str!("../differences.json");
    let all: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_str(text).unwrap();
    all.get(set).cloned().unwrap_or_default()
}

/// What is right where the recorded outcome of a limit is not: status or class of failure, steps, output.
pub fn outcomes() -> BTreeMap<String, Value> {
    let text = include_str!("../outcomes.json");
    serde_json::from_str(text).unwrap()
}

pub fn judge(set: &str, found: &BTreeMap<String, Vec<String>>, total: usize) {
    let known = reasons(set);
    let mut wrong = Vec::new();
    for (case, differences) in found {
        if known.contains_key(case) {
            continue;
        }
        for difference in differences {
            wrong.push(format!("{case}: {difference}"));
        }
    }
    let gone: Vec<&String> = known.keys().filter(|c| !found.contains_key(*c)).collect();
    eprintln!(
        "{set}: {} of {total} agree, {} differ on purpose",
        total - found.len(),
        known.len() - gone.len()
    );
    assert!(wrong.is_empty(), "{set} differs:\n{}", wrong.join("\n"));
    assert!(
        gone.is_empty(),
        "{set}: listed as different but agree: {gone:?}"
    );
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

pub fn output(payload: Option<&Payload>) -> Value {
    match payload {
        Some(Payload::Inline(value)) => value.clone(),
        Some(Payload::Blob { .. }) | None => Value::Null,
    }
}

/// Numbers equal by value: `1` and `1.0` are told apart by the coercion sets, not here.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| same(v, w)))
        }
        _ => a == b,
    }
}

/// Steps that were started, groups left out.
pub fn executed(finished: &Finished, paths: bool) -> Vec<String> {
    finished
        .log
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::StepStarted { step, kind, .. }
                if !matches!(kind.as_str(), "parallel" | "for_each") =>
            {
                if paths {
                    return Some(event.path.without_visits());
                }
                let member = finished.log.iter().any(|other| {
                    matches!(other.body, EventBody::GroupStarted { .. })
                        && other.path == event.path.parent()
                });
                (!member).then(|| step.clone())
            }
            _ => None,
        })
        .collect()
}

pub fn compare_end(finished: &Finished, expected: &Value, differences: &mut Vec<String>) {
    let state = &finished.state;
    let fine = expected["exit"] == json!(0);
    if fine != (state.status == Status::Completed) {
        differences.push(format!(
            "exit {} but {} {:?} {:?}",
            expected["exit"],
            state.status.as_str(),
            state.error,
            finished.ended
        ));
        return;
    }
    let out = output(state.output.as_ref());
    if !same(&out, &expected["output"]) {
        differences.push(format!("output {out} instead of {}", expected["output"]));
    }
    if let Some(kind) = expected["error_type"].as_str() {
        let found = state.error.as_ref().map(|e| e.kind.as_str());
        if found != Some(kind) {
            differences.push(format!("error {:?} instead of {kind}", state.error));
        }
    }
}
