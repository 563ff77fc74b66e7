//! Observed against recorded.

use std::collections::BTreeMap;

use fermata_engine::{GateKind, RunState, Session, Status};
use fermata_store::{RunRow, load_state};
use serde_json::{Map, Value, json};

use crate::calls;
use crate::case::Case;
use crate::classes;
use crate::observed;
use crate::scene::{Scene, object};

/// Exit code and the runs' states after an action.
pub(crate) fn step(
    scene: &Scene,
    number: usize,
    expected: &Value,
    exit: Option<i64>,
    differences: &mut Vec<String>,
) {
    let Some(exit) = exit else {
        return;
    };
    if expected["exit"] != json!(exit) {
        differences.push(format!(
            "action {number}: exit {exit} instead of {}",
            expected["exit"]
        ));
    }
    let own: Vec<Value> = scene.runs().iter().map(|row| state(scene, row)).collect();
    let recorded = expected["runs"].as_array().cloned().unwrap_or_default();
    if own.len() != recorded.len() {
        differences.push(format!(
            "action {number}: {} runs instead of {}",
            own.len(),
            recorded.len()
        ));
    }
    for (mut own, recorded) in own.into_iter().zip(recorded) {
        // Decisions are recorded where the author wrote them.
        if recorded.pointer("/gate/decisions").is_none()
            && let Some(gate) = own.get_mut("gate").and_then(Value::as_object_mut)
        {
            gate.remove("decisions");
        }
        let mut recorded = recorded;
        if let Some(gate) = recorded.get_mut("gate").and_then(Value::as_object_mut) {
            // Which session a gate would go on with is compared where it does.
            gate.remove("session");
        }
        fields(&format!("action {number}"), &own, &recorded, differences);
    }
}

/// Where a run stands.
fn state(scene: &Scene, row: &RunRow) -> Value {
    let mut state = Map::new();
    state.insert("run".to_owned(), json!(scene.number(&row.run)));
    state.insert("workflow".to_owned(), json!(row.workflow));
    state.insert("status".to_owned(), json!(word(row.status)));
    if let Some(parent) = &row.parent {
        state.insert("parent".to_owned(), json!(scene.number(parent)));
    }
    if row.status == Status::Waiting
        && let Some(gate) = gate(scene, row)
    {
        state.insert("gate".to_owned(), gate);
    }
    Value::Object(state)
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Waiting => "paused",
        status => status.as_str(),
    }
}

/// The gate that a run holds at, as records show it.
fn gate(scene: &Scene, row: &RunRow) -> Option<Value> {
    let gate = row.gates.first()?;
    if let Some((child, _)) = gate.stands_for() {
        return Some(json!({
            "node": gate.step,
            "type": "child_workflow",
            "child": scene.number(&child),
        }));
    }
    if gate.kind != GateKind::Approval {
        return Some(json!({ "node": gate.step, "type": gate.kind.as_str() }));
    }
    let mut shown = Map::new();
    shown.insert("node".to_owned(), json!(gate.step));
    match gate.extra.get("iteration") {
        Some(iteration) => {
            shown.insert("type".to_owned(), json!("interactive_loop"));
            shown.insert("iteration".to_owned(), iteration.clone());
            let signalled = gate.extra.get("signalled").cloned().unwrap_or_default();
            shown.insert("completion_signaled".to_owned(), signalled);
        }
        None => {
            shown.insert("type".to_owned(), json!("approval"));
            shown.insert("message".to_owned(), json!(gate.prompt));
            // A rejection that the author has not named can be given all the same, and says what it does.
            let decisions: Vec<&Value> = gate
                .answers
                .iter()
                .filter(|spec| spec.consequence.is_none())
                .filter_map(|spec| spec.answer.get("decision"))
                .collect();
            shown.insert("decisions".to_owned(), json!(decisions));
        }
    }
    Some(Value::Object(shown))
}

/// Everything that is compared when the last action is done.
pub(crate) fn end(scene: &Scene, case: &Case, differences: &mut Vec<String>) {
    let recorded = case.expected["runs"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for (at, (row, recorded)) in scene.runs().iter().zip(&recorded).enumerate() {
        let place = format!("run {}", at + 1);
        let state: RunState = load_state(scene.store.as_ref(), &row.run).unwrap();
        let mut own = Map::new();
        own.insert("status".to_owned(), json!(word(row.status)));
        // A run that was told nothing.
        let message = row.message.clone().unwrap_or_default();
        own.insert("message".to_owned(), json!(message));
        if let Some(outcome) = &row.outcome {
            own.insert("outcome".to_owned(), json!(outcome));
        }
        let mut wanted = Map::new();
        wanted.insert("message".to_owned(), json!(""));
        for key in ["status", "message", "outcome"] {
            if let Some(value) = recorded.get(key) {
                wanted.insert(key.to_owned(), value.clone());
            }
        }
        fields(
            &place,
            &Value::Object(own),
            &Value::Object(wanted),
            differences,
        );
        let log = scene.control.events(&row.run, 1, 100_000).unwrap();
        let own = observed::nodes(scene.store.as_ref(), &log, &state);
        nodes(scene, &place, own, &recorded["nodes"], differences);
        for (name, session) in object(&scene.plain(sessions(&state))) {
            let theirs = &recorded["run_sessions"][&name];
            if !theirs.is_null() && *theirs != session {
                differences.push(format!(
                    "{place}: {name} was in the session {session} instead of {theirs}"
                ));
            }
        }
        for (name, text) in object(&recorded["artifacts"]) {
            let file = scene.artifacts(&row.run).join(&name);
            let own = std::fs::read_to_string(&file).unwrap_or_default();
            if text != json!(own) {
                differences.push(format!(
                    "{place}: artifact {name} holds {own:?}, not {text}"
                ));
            }
        }
    }
    for (name, text) in object(&case.expected["workdir"]) {
        let own = std::fs::read_to_string(scene.repository.join(&name)).ok();
        if text != json!(own) {
            differences.push(format!("file {name} holds {own:?}, not {text}"));
        }
    }
    for name in &case.watch {
        let recorded = case.expected["workdir"].get(name).is_some();
        if !recorded && scene.repository.join(name).exists() {
            differences.push(format!("file {name} is there and should not be"));
        }
    }
    if let Some(recorded) = case.expected["calls"].as_array() {
        calls::compare(scene, recorded, case.parallel, differences);
    }
}

/// In which session each node was.
fn sessions(state: &RunState) -> Value {
    let each = state.nodes.iter().filter_map(|(path, node)| {
        let session = Session::of(&node.detail)?;
        Some((path.as_str().to_owned(), Value::from(session.id)))
    });
    Value::Object(each.collect())
}

/// Node rows by key. Rows that only iterations have, and the missing end of a failed group, are the recorder's.
fn nodes(
    scene: &Scene,
    place: &str,
    mut own: BTreeMap<String, Value>,
    recorded: &Value,
    differences: &mut Vec<String>,
) {
    let mut wanted: BTreeMap<String, Value> = BTreeMap::new();
    for row in recorded.as_array().into_iter().flatten() {
        let mut row = object(row);
        let key = row.remove("node").unwrap().as_str().unwrap().to_owned();
        wanted.insert(key, Value::Object(row));
    }
    let keys: Vec<String> = wanted.keys().cloned().collect();
    wanted.retain(|key, row| {
        let of_a_loop = key
            .rsplit_once('#')
            .is_some_and(|(name, _)| keys.iter().any(|k| k == name));
        !(of_a_loop && row["status"] == "started" && row.get("starts").is_none())
    });
    for (key, row) in &mut wanted {
        let Some(mine) = own.remove(key) else {
            differences.push(format!("{place}: node {key} is missing, recorded {row}"));
            continue;
        };
        let row = wanted_row(row);
        let mine = own_row(scene, mine, &row);
        fields(&format!("{place}: node {key}"), &mine, &row, differences);
    }
    for (key, row) in own {
        differences.push(format!(
            "{place}: node {key} is not recorded: {}",
            row["status"]
        ));
    }
}

fn wanted_row(row: &Value) -> Value {
    let mut row = object(row);
    // What a node was skipped for before a resume does not matter once it ran.
    if row.get("status") == Some(&json!("completed")) {
        row.remove("reason");
    }
    for key in ["tokens", "truncated"] {
        row.remove(key);
    }
    if row.get("cost_usd") == Some(&json!(0)) {
        row.remove("cost_usd");
    }
    Value::Object(row)
}

fn own_row(scene: &Scene, row: Value, wanted: &Value) -> Value {
    let mut row = object(&scene.plain(row));
    if row.get("status") == Some(&json!("completed")) {
        row.remove("reason");
    }
    // A loop that went on after a gate is the same attempt here and a new start there.
    if wanted.get("gate_opened").is_some() {
        match wanted.get("starts") {
            Some(starts) => row.insert("starts".to_owned(), starts.clone()),
            None => row.remove("starts"),
        };
    }
    if wanted.get("starts").is_none() {
        row.remove("starts");
        // The end of a group that failed is not recorded.
        if wanted["status"] == "started" && row.get("status") == Some(&json!("failed")) {
            row.insert("status".to_owned(), json!("started"));
            row.remove("error");
        }
    }
    if wanted.get("iterations").is_none() {
        row.remove("iterations");
    }
    Value::Object(row)
}

/// Every field of either side.
fn fields(place: &str, own: &Value, recorded: &Value, differences: &mut Vec<String>) {
    let (own, recorded) = (object(own), object(recorded));
    let mut keys: Vec<&String> = recorded.keys().chain(own.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let (mine, theirs) = (own.get(key), recorded.get(key));
        let fits = match (mine, theirs) {
            (Some(mine), Some(theirs)) if key == "error" => classes::same(mine, theirs),
            (mine, theirs) => same(mine, theirs),
        };
        if !fits {
            let text = |v: Option<&Value>| match v {
                Some(error) if key == "error" => format!("of class {}", error["class"]),
                Some(value) => value.to_string(),
                None => "nothing".to_owned(),
            };
            differences.push(format!(
                "{place}: {key} {} instead of {}",
                text(mine),
                text(theirs)
            ));
        }
    }
}

/// What a child's failure says is each side's own: it is taken out of the list of a fan-out.
fn without_words(text: &str) -> Option<Value> {
    let mut list: Value = serde_json::from_str(text).ok()?;
    let mut found = false;
    for entry in list.as_array_mut()? {
        if entry["archon_failed"] == true {
            entry["error"] = json!("<CHILD-ERROR>");
            found = true;
        }
    }
    found.then_some(list)
}

fn same(own: Option<&Value>, recorded: Option<&Value>) -> bool {
    match (own, recorded) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => a.as_f64() == b.as_f64(),
        (Some(Value::String(a)), Some(Value::String(b))) if a != b => {
            let (a, b) = (without_words(a), without_words(b));
            a.is_some() && a == b
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) if a != b => {
            let (a, b) = (json!(a).to_string(), json!(b).to_string());
            let (a, b) = (without_words(&a), without_words(&b));
            a.is_some() && a == b
        }
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            b.iter().all(|(k, v)| same(a.get(k), Some(v))) && a.keys().all(|k| b.contains_key(k))
        }
        (a, b) => a == b,
    }
}
