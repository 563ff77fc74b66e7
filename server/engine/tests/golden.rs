//! Logs that were written once and must fold as they did then, in every later
//! version. `FERMATA_UPDATE` writes what they fold to; a log itself is never
//! written again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use fermata_engine::{Event, RunState};
use serde_json::{Map, Value, json};

fn golden(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    folder.join(name)
}

/// What everybody sees of a run. Fields that a later version adds are no part of it.
fn facts(state: &RunState) -> Value {
    let steps: Vec<Value> = state
        .steps
        .values()
        .map(|step| serde_json::to_value(step).unwrap())
        .collect();
    let nodes = state.nodes.iter().map(|(path, node)| {
        let facts = json!({
            "state": format!("{:?}", node.state), "output": node.output, "detail": node.detail, "reason": node.reason,
            "attempts": node.attempts, "retry": node.retry, "retries": node.retries, "rounds": node.rounds,
        });
        (path.to_string(), facts)
    });
    let frames = state.frames.iter().map(|(path, frame)| {
        let facts = json!({
            "inputs": frame.inputs, "outputs": frame.outputs, "history": frame.history, "iteration": frame.iteration,
            "max_iterations": frame.max_iterations, "next": frame.next, "visits": frame.visits, "spent": frame.spent_usd,
        });
        (path.to_string(), facts)
    });
    let loops = state.loops.iter().map(|(path, record)| {
        let facts = json!({
            "round": record.round, "completed": record.completed, "output": record.output, "done": record.done,
            "answered": record.answered, "max_iterations": record.max_iterations,
        });
        (path.to_string(), facts)
    });
    let gates: Vec<&str> = state
        .open_gates
        .iter()
        .map(|o| o.gate.gate.as_str())
        .collect();
    json!({
        "status": state.status, "cause": state.cause, "error": state.error, "output": state.output,
        "outcome": state.outcome, "last_seq": state.last_seq, "fence": state.fence, "waited": state.waited,
        "steps": steps, "nodes": Map::from_iter(nodes), "frames": Map::from_iter(frames),
        "loops": Map::from_iter(loops), "open_gates": gates, "closed_gates": state.closed_gates.len(),
        "open": state.open.keys().collect::<Vec<_>>(),
    })
}

#[test]
fn a_golden_log_of_this_schema_folds_as_before() {
    for name in ["graph", "steps"] {
        let text = std::fs::read_to_string(golden(&format!("{name}.jsonl"))).unwrap();
        let log: Vec<Event> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        // What stands in the middle counts as much as the end.
        let halves = [log.len() / 3, log.len() * 2 / 3, log.len()];
        let found: Vec<Value> = halves
            .iter()
            .map(|end| facts(&RunState::fold_all(&log[..*end]).unwrap()))
            .collect();
        let found = serde_json::to_string_pretty(&found).unwrap() + "\n";
        let file = golden(&format!("{name}.folded.json"));
        if std::env::var_os("FERMATA_UPDATE").is_some() {
            std::fs::write(&file, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap();
        assert!(
            found == expected,
            "{name} folds to something else:\n{found}"
        );
    }
}
