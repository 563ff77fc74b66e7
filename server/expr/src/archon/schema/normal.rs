//! A valid node as the dialect's engine sees it: kinds instead of modes, defaults filled in, fields that its kind does
//! not use gone (specs/archon.md 1.4).

use serde_json::{Map, Value, json};

use super::fields::Object;
use super::keys::Model;
use super::mode::{Mode, written_modes};
use super::tables::{AGENT, DECISION, HOOK, PI, SANDBOX};
use crate::archon::js;

/// Settings of agents: dropped without a word on kinds that run none.
pub const AGENT_ONLY: &[&str] = &[
    "provider",
    "model",
    "effort",
    "thinking",
    "fallbackModel",
    "betas",
    "sandbox",
    "maxBudgetUsd",
    "systemPrompt",
    "context",
    "output_format",
    "allowed_tools",
    "denied_tools",
    "hooks",
    "mcp",
    "skills",
    "agents",
    "pi",
    "settingSources",
    "persist_session",
];
const EVERYWHERE: &[&str] = &[
    "description",
    "depends_on",
    "when",
    "trigger_rule",
    "retry",
    "idle_timeout",
    "always_run",
    "output_type",
];
const ON_WORKFLOW: &[&str] = &[
    "description",
    "depends_on",
    "when",
    "trigger_rule",
    "output_type",
];
const ON_INCLUDE: &[&str] = &["description", "depends_on", "when", "trigger_rule"];

/// What stays in the node. A loop_group keeps everything for its body, a loop loses provider and model without a word.
fn kept_of_agents(mode: Mode) -> &'static [&'static str] {
    match mode {
        Mode::Prompt | Mode::Command | Mode::LoopGroup => AGENT_ONLY,
        Mode::Loop => &["pi", "output_format"],
        Mode::Workflow => &["output_format"],
        _ => &[],
    }
}

/// What the dialect's own log does not call ignored.
fn used_of_agents(mode: Mode) -> &'static [&'static str] {
    match mode {
        Mode::Loop => &["model", "provider", "pi", "output_format"],
        Mode::LoopGroup => &["model", "provider"],
        other => kept_of_agents(other),
    }
}

/// What a kind drops without a word in a diagnostic of the dialect's own (R50, R52).
#[must_use]
pub fn dropped(mode: Mode) -> Vec<&'static str> {
    let agent = AGENT_ONLY
        .iter()
        .filter(|k| !used_of_agents(mode).contains(k));
    let execution: &[&str] = if mode == Mode::Include {
        &[
            "retry",
            "output_type",
            "always_run",
            "idle_timeout",
            "timeout",
        ]
    } else {
        &[]
    };
    agent.chain(execution).copied().collect()
}

/// The node as the engine sees it. Values are trusted: the node has been checked.
pub(super) fn node(raw: &Value) -> Value {
    let empty = Map::new();
    let map = raw.as_object().unwrap_or(&empty);
    let Some(mode) = written_modes(map).first().copied() else {
        return raw.clone();
    };
    let mut out = Map::new();
    out.insert("id".into(), json!(trimmed(map, "id")));
    let shared = match mode {
        Mode::Include => ON_INCLUDE,
        Mode::Workflow => ON_WORKFLOW,
        _ => EVERYWHERE,
    };
    let loops = matches!(mode, Mode::Loop | Mode::LoopGroup);
    for key in shared.iter().filter(|k| !(loops && **k == "retry")) {
        shared_field(map, key, &mut out);
    }
    for key in kept_of_agents(mode) {
        agent_field(map, key, &mut out);
    }
    mode_fields(map, mode, &mut out);
    Value::Object(out)
}

fn trimmed<'m>(map: &'m Object, key: &str) -> &'m str {
    map.get(key)
        .and_then(Value::as_str)
        .map(js::trim)
        .unwrap_or_default()
}

/// Only these keys of a map, in this order.
fn only(map: &Object, keys: &[&str]) -> Map<String, Value> {
    keys.iter()
        .filter_map(|k| Some(((*k).to_owned(), map.get(*k)?.clone())))
        .collect()
}

fn shared_field(map: &Object, key: &str, out: &mut Object) {
    match (key, map.get(key)) {
        (_, None) => {}
        ("depends_on", Some(Value::Array(items))) if items.is_empty() => {}
        ("retry", Some(Value::Object(retry))) => {
            out.insert(
                key.into(),
                Value::Object(only(retry, &["max_attempts", "delay_ms", "on_error"])),
            );
        }
        (_, Some(value)) => {
            out.insert(key.into(), value.clone());
        }
    }
}

fn agent_field(map: &Object, key: &str, out: &mut Object) {
    let Some(value) = map.get(key) else { return };
    let normal = match (key, value) {
        ("provider" | "mcp", Value::String(text)) => json!(js::trim(text)),
        ("skills", Value::Array(names)) => names
            .iter()
            .map(|name| json!(name.as_str().map(js::trim)))
            .collect(),
        ("thinking", Value::String(kind)) => json!({"type": kind}),
        ("thinking", Value::Object(thinking)) => {
            let budget = thinking.get("type").is_some_and(|t| t == "enabled");
            let keys: &[&str] = if budget {
                &["type", "budgetTokens"]
            } else {
                &["type"]
            };
            Value::Object(only(thinking, keys))
        }
        ("context", Value::Object(inner)) => json!({"resume": trimmed(inner, "resume")}),
        ("agents", Value::Object(agents)) => each(agents, &AGENT),
        ("hooks", Value::Object(hooks)) => {
            let known = |list: &Value| -> Value {
                list.as_array()
                    .into_iter()
                    .flatten()
                    .map(|hook| known(&HOOK, hook))
                    .collect()
            };
            let all = hooks
                .iter()
                .map(|(event, list)| (event.clone(), known(list)));
            Value::Object(all.collect())
        }
        ("pi", pi) => known(&PI, pi),
        ("sandbox", Value::Object(sandbox)) => {
            // Keys that nobody knows stay here, and only here.
            let inner = |(key, value): (&String, &Value)| {
                let value = match SANDBOX.below(key) {
                    Some(model) => known(model, value),
                    None => value.clone(),
                };
                (key.clone(), value)
            };
            Value::Object(sandbox.iter().map(inner).collect())
        }
        _ => value.clone(),
    };
    out.insert(key.into(), normal);
}

/// A map with the keys of its description only.
fn known(model: &Model, value: &Value) -> Value {
    let keys: Vec<&str> = model.names().collect();
    value
        .as_object()
        .map_or(Value::Null, |map| Value::Object(only(map, &keys)))
}

fn each(map: &Object, model: &Model) -> Value {
    let one = |(key, value): (&String, &Value)| (key.clone(), known(model, value));
    Value::Object(map.iter().map(one).collect())
}

fn mode_fields(map: &Object, mode: Mode, out: &mut Object) {
    let mut set = |key: &str, value: Value| {
        out.insert(key.to_owned(), value);
    };
    let mut copies: &[&str] = &[];
    match mode {
        Mode::Command => {
            let mut source = Map::new();
            source.insert("kind".into(), json!("command"));
            source.insert("name".into(), json!(trimmed(map, "command")));
            if let Some(with) = map.get("with") {
                source.insert("with".into(), with.clone());
            }
            set("kind", json!("agent"));
            set("source", Value::Object(source));
        }
        Mode::Prompt => {
            set("kind", json!("agent"));
            set(
                "source",
                json!({"kind": "inline", "prompt": trimmed(map, "prompt")}),
            );
        }
        Mode::Bash => {
            set("kind", json!("exec"));
            set("script", json!(trimmed(map, "bash")));
            set("runtime", json!("sh"));
            copies = &["timeout"];
        }
        Mode::Script => {
            set("kind", json!("exec"));
            set("script", json!(trimmed(map, "script")));
            copies = &["runtime", "deps", "timeout", "with"];
        }
        Mode::Loop => {
            set("kind", json!("loop"));
            set(
                "loop",
                control(map.get("loop"), &["prompt", "command", "until_field"]),
            );
        }
        Mode::LoopGroup => {
            set("kind", json!("loop_group"));
            let mut group = control(map.get("loop_group"), &[]);
            let nodes = map
                .get("loop_group")
                .and_then(|g| g.get("nodes"))
                .and_then(Value::as_array);
            let nodes: Vec<Value> = nodes.into_iter().flatten().map(node).collect();
            if let Value::Object(group) = &mut group {
                group.insert("nodes".into(), Value::Array(nodes));
            }
            set("loop_group", group);
        }
        Mode::Approval => approval(map.get("approval"), out),
        Mode::Cancel => {
            set("kind", json!("halt"));
            set("reason", json!(trimmed(map, "cancel")));
        }
        Mode::Include => {
            set("include", json!(trimmed(map, "include")));
            copies = &["with"];
        }
        Mode::Workflow => {
            set("kind", json!("workflow"));
            set("workflow", json!(trimmed(map, "workflow")));
            copies = &["input", "with", "isolation"];
            if let Some(Value::Object(fan_out)) = map.get("fan_out") {
                let mut normal = only(fan_out, &["items", "as", "max_parallel", "join"]);
                normal.entry("max_parallel").or_insert(json!(5));
                normal.entry("join").or_insert(json!("all_done"));
                set("fan_out", Value::Object(normal));
            }
        }
    }
    for (key, value) in only(map, copies) {
        out.insert(key, value);
    }
}

fn control(value: Option<&Value>, own: &[&str]) -> Value {
    const SHARED: &[&str] = &[
        "until",
        "max_iterations",
        "fresh_context",
        "until_bash",
        "interactive",
        "gate_message",
        "signal_completes",
    ];
    let empty = Map::new();
    let map = value.and_then(Value::as_object).unwrap_or(&empty);
    let keys: Vec<&str> = SHARED.iter().chain(own).copied().collect();
    let mut out = only(map, &keys);
    out.entry("fresh_context").or_insert(json!(false));
    for key in ["until_field", "command"] {
        if let Some(Value::String(text)) = out.get_mut(key) {
            *text = js::trim(text).to_owned();
        }
    }
    Value::Object(out)
}

fn approval(value: Option<&Value>, out: &mut Object) {
    let empty = Map::new();
    let map = value.and_then(Value::as_object).unwrap_or(&empty);
    out.insert("kind".into(), json!("gate"));
    out.insert(
        "message".into(),
        map.get("message").cloned().unwrap_or_default(),
    );
    let authored = map.get("decisions").and_then(Value::as_array);
    let decisions = match authored {
        Some(list) => list
            .iter()
            .map(|d| {
                let mut decision = known(&DECISION, d);
                decision["id"] = json!(d.as_object().map(|d| trimmed(d, "id")));
                decision
            })
            .collect(),
        None => {
            let rework = map.get("on_reject").and_then(Value::as_object).map(|r| {
                let prompt = json!({"prompt": r.get("prompt")});
                r.get("max_attempts").map_or(
                    prompt,
                    |n| json!({"prompt": r.get("prompt"), "maxAttempts": n}),
                )
            });
            let reject = rework.map_or_else(
                || json!({"id": "reject"}),
                |rework| json!({"id": "reject", "rework": rework}),
            );
            vec![json!({"id": "approve"}), reject]
        }
    };
    out.insert("decisions".into(), Value::Array(decisions));
    out.insert("decisionsAuthored".into(), json!(authored.is_some()));
    out.insert(
        "captureResponse".into(),
        map.get("capture_response").cloned().unwrap_or(json!(false)),
    );
}
