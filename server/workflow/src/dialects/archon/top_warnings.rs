//! Settings that the dialect takes and then does not use: unknown keys (R16), bad optional values (R17), and gates in
//! a workflow that does not say it pauses (R15).

use std::collections::BTreeMap;

use fermata_expr::archon::schema::keys::Model;
use fermata_expr::archon::{js, names, schema};
use serde_json::{Value, json};

use super::findings::Findings;
use super::{place, structure};
use crate::data::{Datum, Field, Map, Shape};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Loc;

const NESTED: &[&str] = &["worktree", "container", "evidence_policy"];
const OPTIONAL: &[&str] = &[
    "modelReasoningEffort",
    "webSearchMode",
    "worktree",
    "container",
    "mutates_checkout",
    "interactive",
    "tags",
    "effort",
    "thinking",
    "sandbox",
    "fallbackModel",
    "betas",
    "persist_sessions",
    "inputs",
    "requires",
];

/// The value of an optional setting when it is one that the dialect keeps.
pub(super) fn sound(key: &str, datum: &Datum) -> Option<Value> {
    let value = datum.to_json();
    let word = |words: &[&str]| value.as_str().is_some_and(|s| words.contains(&s));
    let full = |v: &Value| v.as_str().is_some_and(|s| !s.is_empty());
    let kept = match key {
        "provider" | "model" => full(&value),
        "modelReasoningEffort" => word(&["minimal", "low", "medium", "high", "xhigh"]),
        "webSearchMode" => word(&["disabled", "cached", "live"]),
        "effort" => word(schema::EFFORTS),
        "thinking" => {
            return schema::thinking_problem(&value).is_none().then(|| {
                if value.is_string() {
                    json!({"type": value})
                } else {
                    value.clone()
                }
            });
        }
        "fallbackModel" => {
            let text = value.as_str().map(js::trim);
            return text.filter(|t| !t.is_empty()).map(|t| json!(t));
        }
        "betas" => {
            // Items that say nothing are left out; the list is dropped when none is left.
            let items = value.as_array().into_iter().flatten();
            let betas: Vec<&str> = items
                .filter_map(|b| b.as_str().map(js::trim))
                .filter(|b| !b.is_empty())
                .collect();
            return (!betas.is_empty()).then(|| json!(betas));
        }
        "worktree" => value
            .as_object()
            .is_some_and(|m| m.get("enabled").is_none_or(Value::is_boolean)),
        "container" => value.as_object().is_some_and(|m| {
            m.get("enabled").is_none_or(Value::is_boolean)
                && m.get("write_back")
                    .is_none_or(|w| w == "approve" || w == "auto")
        }),
        "sandbox" => schema::sandbox_is_sound(&value),
        "inputs" => value.is_object(),
        "tags" | "requires" => value.is_array(),
        "mutates_checkout" | "interactive" | "persist_sessions" => value.is_boolean(),
        _ => true,
    };
    kept.then_some(value)
}

fn warning(code: &'static str, rule: &'static str, loc: Loc, message: String) -> Diagnostic {
    Diagnostic::new(code, Severity::Warning, loc, message).upstream(rule)
}

/// Checks the settings; how many warnings the dialect shows.
pub(super) fn check(
    map: &Map,
    nodes: &[Value],
    written: &BTreeMap<String, Datum>,
    findings: &mut Findings,
) -> usize {
    unknown(map, findings) + dropped(map, findings) + pauses(map, nodes, written, findings)
}

fn unknown(map: &Map, findings: &mut Findings) -> usize {
    let mut count = 0;
    let mut report = |field: &Field, known: &Model, findings: &mut Findings| {
        let Some(key) = field.key.text() else { return };
        if known.key(&key.value).is_some() {
            return;
        }
        count += 1;
        let node_key = std::ptr::eq(known, &schema::TOP) && schema::NODE.key(&key.value).is_some();
        let message = format!(
            "`{}` is no setting of a workflow and has no effect",
            key.value
        );
        let message = if node_key {
            format!("{message}; it belongs to a node")
        } else {
            structure::suggest(message, &key.value, known.names())
        };
        findings.warning(warning(
            "unknown-workflow-key",
            "R16",
            field.key.loc,
            message,
        ));
    };
    for field in &map.entries {
        report(field, &schema::TOP, findings);
    }
    for key in NESTED {
        let known = schema::TOP.below(key);
        for field in map.map(key).into_iter().flat_map(|m| &m.entries) {
            known.inspect(|known| report(field, known, findings));
        }
    }
    let input = schema::TOP.below("inputs");
    for (_, spec) in map.map("inputs").into_iter().flat_map(Map::iter) {
        for field in spec.map().into_iter().flat_map(|m| &m.entries) {
            input.inspect(|known| report(field, known, findings));
        }
    }
    count
}

/// The entry of a setting's map that makes it unsound.
fn part_at_fault<'d>(key: &str, value: &'d Datum) -> Option<&'d Field> {
    let map = value.map()?;
    let wrong = |part: &&Field| match (key, part.key.key_string().as_str()) {
        ("worktree" | "container", "enabled") => !matches!(part.value.shape, Shape::Bool(_)),
        ("container", "write_back") => {
            !matches!(part.value.text(), Some(t) if ["approve", "auto"].contains(&t.value.as_str()))
        }
        _ => false,
    };
    map.entries.iter().find(wrong)
}

/// Why the declaration of an input is dropped.
pub(super) fn input_problem(name: &str, spec: &Datum) -> Option<&'static str> {
    if !names::is_name(name) {
        return Some("has a name that no text can refer to");
    }
    let Some(spec) = spec.map() else {
        return Some("must be a map with `required`, `default` or `description`");
    };
    let required = spec.get("required").map(|d| &d.shape);
    if required.is_some_and(|r| !matches!(r, Shape::Bool(_))) {
        return Some("has a `required` that is not true or false");
    }
    if spec.get("description").is_some_and(|d| d.text().is_none()) {
        return Some("has a `description` that is no text");
    }
    let contradicts = matches!(required, Some(Shape::Bool(true))) && spec.get("default").is_some();
    contradicts.then_some("is required and has a default, which exclude each other")
}

fn dropped(map: &Map, findings: &mut Findings) -> usize {
    let mut count = 0;
    let mut log = |code: &'static str, loc: Loc, message: String| {
        findings.ours(Diagnostic::new(code, Severity::Warning, loc, message).upstream("R17"));
    };
    for key in OPTIONAL {
        let Some(field) = map.field(key) else {
            continue;
        };
        if sound(key, &field.value).is_none() {
            let (name, loc) = match part_at_fault(key, &field.value) {
                Some(part) => (format!("{key}.{}", part.key.key_string()), part.value.loc),
                None => ((*key).to_owned(), field.key.loc),
            };
            log(
                "dropped-invalid",
                loc,
                format!("`{name}` has a value that it cannot have and is dropped without a word"),
            );
        }
    }
    for (name, spec) in map.map("inputs").into_iter().flat_map(Map::iter) {
        let Some(problem) = input_problem(&name.value, spec) else {
            continue;
        };
        log(
            "dropped-input",
            name.loc,
            format!(
                "The input '{}' {problem}; it is dropped without a word",
                name.value
            ),
        );
    }
    for item in map.list("requires") {
        if item.text().is_none_or(|t| t.value != "github") {
            log(
                "dropped-invalid",
                item.loc,
                "Only `github` can be required; this entry is dropped without a word".into(),
            );
        }
    }
    if let Some(field) = map
        .field("modelReasoningEffort")
        .filter(|f| sound("modelReasoningEffort", &f.value).is_some())
    {
        count += 1;
        findings.warning(warning(
            "deprecated-reasoning-effort",
            "R16",
            field.key.loc,
            "`modelReasoningEffort` is the old name of `effort`".into(),
        ));
    }
    count
}

fn pauses(
    map: &Map,
    nodes: &[Value],
    written: &BTreeMap<String, Datum>,
    findings: &mut Findings,
) -> usize {
    if matches!(
        map.get("interactive").map(|d| &d.shape),
        Some(Shape::Bool(true))
    ) {
        return 0;
    }
    let mut gates = Vec::new();
    collect(nodes, "", &mut gates);
    let Some((chain, field)) = gates.first() else {
        return 0;
    };
    if let Some(datum) = written.get(chain) {
        let id = chain.rsplit('/').next().unwrap_or(chain);
        let message = format!(
            "'{id}' waits for a person; say so with `interactive: true` at the top of the workflow"
        );
        let loc = place::of(datum, &place::dotted(field));
        findings.warning(warning("undeclared-pause", "R15", loc, message).step(id));
    }
    1
}

/// Nodes that wait for people, with the field that says so.
fn collect(nodes: &[Value], prefix: &str, gates: &mut Vec<(String, &'static str)>) {
    for node in nodes {
        let chain = format!("{prefix}{}", structure::id(node));
        let asks = |key: &str| {
            node.get(key).and_then(|l| l.get("interactive")) == Some(&Value::Bool(true))
        };
        if structure::text(node, "kind") == "gate" {
            gates.push((chain.clone(), "approval"));
        } else if asks("loop") {
            gates.push((chain.clone(), "loop.interactive"));
        } else if asks("loop_group") {
            gates.push((chain.clone(), "loop_group.interactive"));
        }
        if let Some(body) = structure::body(node) {
            collect(body, &format!("{chain}/"), gates);
        }
    }
}
