//! What agents were asked, against the recorded calls.

use fermata_engine::SessionStart;
use serde_json::{Map, Value, json};

use crate::scene::Scene;
use crate::scripted::Asked;

/// Fields that are compared when either side has them.
const COMPARED: &[&str] = &[
    "action",
    "run",
    "step",
    "call",
    "iteration",
    "answer",
    "provider",
    "model",
    "effort",
    "prompt",
    "system_prompt",
    "session",
    "output_format",
    "allowed_tools",
];

/// Order, and every field of every call.
pub(crate) fn compare(
    scene: &Scene,
    recorded: &[Value],
    parallel: bool,
    differences: &mut Vec<String>,
) {
    let mut own: Vec<Value> = scene
        .agents
        .calls()
        .iter()
        .map(|call| scene.plain(shape(scene, call)))
        .collect();
    if parallel {
        own.sort_by_key(|call| {
            let number = |key: &str| call[key].as_u64().unwrap_or(0);
            let step = call["step"].as_str().unwrap_or_default().to_owned();
            (number("action"), number("run"), step, number("call"))
        });
    }
    if own.len() != recorded.len() {
        differences.push(format!("{} calls instead of {}", own.len(), recorded.len()));
    }
    for (at, (mine, theirs)) in own.iter().zip(recorded).enumerate() {
        // A correction is a further turn of the same session here, without the prompt before it.
        let again = theirs.get("reask").is_some();
        if again != mine.get("reask").is_some() {
            differences.push(format!("call {}: asked again on one side only", at + 1));
        }
        let skipped = |key: &&&str| !(again && matches!(**key, "prompt" | "session"));
        for key in COMPARED.iter().filter(skipped) {
            let (mine, mut theirs) = (mine.get(*key), theirs.get(*key).cloned());
            if *key == "prompt" {
                theirs = theirs.map(|prompt| bare(&prompt));
            }
            if mine != theirs.as_ref() {
                let text = |v: Option<&Value>| v.map_or("nothing".to_owned(), Value::to_string);
                differences.push(format!(
                    "call {}: {key} {} instead of {}",
                    at + 1,
                    text(mine),
                    text(theirs.as_ref())
                ));
            }
        }
    }
}

/// A call as records show it.
fn shape(scene: &Scene, call: &Asked) -> Value {
    let request = &call.request;
    let mut shown = Map::new();
    let mut put = |key: &str, value: Value| {
        if !value.is_null() {
            shown.insert(key.to_owned(), value);
        }
    };
    put("action", json!(call.action));
    put("run", json!(scene.number(&call.run)));
    put("step", json!(call.step));
    put("call", json!(call.call));
    put("iteration", json!(call.iteration));
    put("answer", json!(call.answer));
    if request.turn > 1 {
        put("reask", json!(request.turn - 1));
    }
    put("provider", json!(request.agent));
    put("model", json!(request.model));
    put("effort", json!(request.effort));
    put("prompt", bare(&json!(without_words(&request.prompt))));
    put("system_prompt", json!(request.system_prompt));
    put("output_format", json!(request.schema));
    put("allowed_tools", json!(request.tools));
    let mut kept = Map::new();
    kept.insert("resume".to_owned(), json!(call.resumed));
    if matches!(request.session, SessionStart::Fork { .. }) {
        kept.insert("fork".to_owned(), Value::Bool(true));
    }
    kept.insert("returned".to_owned(), json!(call.returned));
    shown.insert("session".to_owned(), Value::Object(kept));
    Value::Object(shown)
}

/// What a child's failure says is each side's own.
fn without_words(prompt: &str) -> String {
    const BEFORE: &str = "{\"archon_failed\":true,\"error\":\"";
    const BEHIND: &str = "\",\"status\":";
    let mut out = String::new();
    let mut rest = prompt;
    while let Some(at) = rest.find(BEFORE) {
        let from = at + BEFORE.len();
        let to = from + rest[from..].find(BEHIND).unwrap();
        out.push_str(&rest[..from]);
        out.push_str("<CHILD-ERROR>");
        rest = &rest[to..];
    }
    out + rest
}

/// A prompt without what asks again or asks for JSON: each side has its own words there.
fn bare(prompt: &Value) -> Value {
    let text = prompt.as_str().unwrap_or_default();
    let mut end = text.len();
    for mark in [
        "\n\n--- CORRECTION ---",
        "\n\n---\n\nYour previous response",
        "\n\nAnswer with one JSON value that fits this JSON Schema",
    ] {
        if let Some(at) = text.find(mark) {
            end = end.min(at);
        }
    }
    Value::from(&text[..end])
}
