//! The conformance door: one row of an Archon function set in, the whole of its expected answer out, by the code that
//! engine and editor use. Rows about nodes as a graph are answered in `fermata_engine`, those about projects in
//! `fermata_workflow`.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::atom::{self, AtomRef};
use super::condition::{self, Decision};
use super::inputs::{self, Declared};
use super::output::{self, FieldValue, NodeOutput, Outputs, State};
use super::reference;
use super::substitute::{self, Body, Quoting};
use super::variables::{self, Variables};
use super::{failure, js, names, schema, signal};

/// Answers a row of `conditions`, `substitutions`, `signals`, `schema`, `inputs` or `names`; `None` for other sets.
#[must_use]
pub fn expected(set: &str, row: &Value) -> Option<Value> {
    let function = row.get("fn").and_then(Value::as_str).unwrap_or_default();
    Some(match (set, function) {
        ("conditions", "atom") => atom_row(row),
        ("conditions", _) => condition_row(row),
        ("substitutions", "nodeRefs") => node_refs_row(row),
        ("substitutions", "vars") => variables_row(row),
        ("substitutions", "loopPrev") => loop_prev_row(row),
        ("substitutions", "field") => field_row(row),
        ("substitutions", "wholeRef") => whole_ref_row(row),
        ("substitutions", _) => {
            json!({"text": row.get("value").map_or_else(String::new, js::canonical)})
        }
        ("signals", "signal") => {
            json!({"detected": signal::detected(text(row, "output"), text(row, "signal"))})
        }
        ("signals", "strip") => {
            json!({"text": signal::strip(text(row, "output"), row.get("until").and_then(Value::as_str))})
        }
        ("signals", _) => json!({"class": failure::classify(text(row, "message")).as_str()}),
        ("schema", _) => schema::expected(row.get("raw").unwrap_or(&Value::Null)),
        ("inputs", "assignments") => contract(inputs::assignments(texts(row.get("assignments")))),
        ("inputs", _) => declared_row(row),
        ("names", "inlineScript") => {
            json!({"inline": names::is_inline_script(text(row, "script"))})
        }
        ("names", "commandName") => json!({"ok": names::is_command(text(row, "name"))}),
        ("names", "workflowName") => json!({"ok": names::is_workflow(text(row, "name"))}),
        ("names", _) => match names::resolve(text(row, "name"), &texts(row.get("workflows"))) {
            Ok(found) => json!({"match": found}),
            Err(_) => json!({"error": "ambiguous"}),
        },
        _ => return None,
    })
}

fn text<'r>(row: &'r Value, key: &str) -> &'r str {
    row.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn owned(value: Option<&Value>) -> Option<Vec<String>> {
    value
        .filter(|v| v.is_array())
        .map(|v| texts(Some(v)).into_iter().map(str::to_owned).collect())
}

fn node_output(value: &Value) -> NodeOutput {
    NodeOutput {
        state: State::from_word(text(value, "state")).unwrap_or(State::Pending),
        text: text(value, "output").to_owned(),
        structured: value.get("structuredOutput").cloned(),
        declared: owned(value.get("declaredFields")),
    }
}

fn outputs(value: Option<&Value>) -> Option<Outputs> {
    Some(
        value?
            .as_object()?
            .iter()
            .map(|(id, v)| (id.clone(), node_output(v)))
            .collect(),
    )
}

fn atom_row(row: &Value) -> Value {
    let Some(atom) = atom::parse(text(row, "text")) else {
        return json!({"ok": false});
    };
    let reference = match atom.reference {
        AtomRef::Input(name) => json!({"kind": "input", "name": name}),
        AtomRef::Node { node, field: None } => json!({"kind": "node", "nodeId": node}),
        AtomRef::Node {
            node,
            field: Some(field),
        } => json!({"kind": "node", "nodeId": node, "field": field}),
    };
    json!({"ok": true, "ref": reference, "operator": atom.comparison.as_str(), "expected": atom.expected})
}

fn condition_row(row: &Value) -> Value {
    let outputs = outputs(row.get("outputs")).unwrap_or_default();
    let none = Map::new();
    let inputs = row
        .get("inputs")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    match condition::evaluate(text(row, "when"), &outputs, inputs) {
        Ok(Decision::Run) => json!({"parsed": true, "decision": "run"}),
        Ok(Decision::Skip) => {
            json!({"parsed": true, "decision": "skip", "reason": "when_condition"})
        }
        Ok(Decision::Unreadable { .. }) => {
            json!({"parsed": false, "decision": "skip", "reason": "when_condition_parse_error"})
        }
        Err(error) => json!({"parsed": null, "decision": "fail", "error": error.class()}),
    }
}

fn quoted<T>(row: &Value, work: impl FnOnce(&mut Quoting<'_>) -> T) -> T {
    let mut no_spill = |_: &reference::NodeRef, _: &str| None;
    let shell = row.get("bash").and_then(Value::as_bool).unwrap_or_default();
    let mut quoting = if shell {
        Quoting::Shell(&mut no_spill)
    } else {
        Quoting::Raw
    };
    work(&mut quoting)
}

fn replaced(outcome: Result<String, output::RefError>) -> Value {
    match outcome {
        Ok(text) => json!({"text": text}),
        Err(error) => json!({"error": error.class()}),
    }
}

fn node_refs_row(row: &Value) -> Value {
    let outputs = outputs(row.get("outputs")).unwrap_or_default();
    replaced(quoted(row, |quoting| {
        substitute::node_refs(text(row, "text"), &outputs, quoting)
    }))
}

fn loop_prev_row(row: &Value) -> Value {
    let previous = outputs(row.get("prev"));
    let known = owned(row.get("known"));
    let direct = owned(row.get("direct"))
        .or_else(|| known.clone())
        .unwrap_or_default();
    let body = known.as_ref().map(|known| Body {
        known,
        direct: &direct,
    });
    replaced(quoted(row, |quoting| {
        substitute::loop_prev(text(row, "text"), previous.as_ref(), body, quoting)
    }))
}

fn variables_row(row: &Value) -> Value {
    let none = Value::Null;
    let given = row.get("vars").unwrap_or(&none);
    let variables = Variables {
        workflow_id: text(given, "workflowId"),
        user_message: text(given, "userMessage"),
        artifacts_dir: text(given, "artifactsDir"),
        state_dir: given.get("stateDir").and_then(Value::as_str),
        base_branch: text(given, "baseBranch"),
        docs_dir: text(given, "docsDir"),
        loop_user_input: text(given, "loopUserInput"),
        loop_prev_output: text(given, "loopPrevOutput"),
        rejection_reason: text(given, "rejectionReason"),
        context: given.get("issueContext").and_then(Value::as_str),
        inputs: given.get("inputs").and_then(Value::as_object),
    };
    let shell = row.get("bash").and_then(Value::as_bool).unwrap_or_default();
    match variables::replace(text(row, "text"), &variables, shell) {
        Ok(done) => json!({"text": done.text, "contextSubstituted": done.context_used}),
        Err(_) => json!({"error": "error"}),
    }
}

fn field_row(row: &Value) -> Value {
    let produced = row
        .get("output")
        .map(node_output)
        .unwrap_or_else(|| NodeOutput::completed(""));
    match output::field_of(&produced, text(row, "node"), text(row, "field")) {
        Ok(FieldValue::Value(value)) => json!({"kind": "value", "value": value}),
        Ok(FieldValue::Empty) => json!({"kind": "empty"}),
        Err(error) => json!({"error": error.class()}),
    }
}

fn whole_ref_row(row: &Value) -> Value {
    let reference = reference::whole(text(row, "text")).map(|r| match r.field {
        Some(field) => json!({"nodeId": r.node, "field": field}),
        None => json!({"nodeId": r.node}),
    });
    json!({"ref": reference})
}

fn contract(outcome: Result<Map<String, Value>, inputs::InputError>) -> Value {
    match outcome {
        Ok(values) => json!({"values": values}),
        Err(_) => json!({"error": "input-contract"}),
    }
}

fn declared_row(row: &Value) -> Value {
    let declared: Option<IndexMap<String, Declared>> =
        row.get("declared").and_then(Value::as_object).map(|all| {
            let one = |spec: &Value| Declared {
                required: spec
                    .get("required")
                    .and_then(Value::as_bool)
                    .unwrap_or_default(),
                default: spec.get("default").cloned(),
            };
            all.iter()
                .map(|(name, spec)| (name.clone(), one(spec)))
                .collect()
        });
    let none = Map::new();
    let supplied = row
        .get("supplied")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    contract(inputs::resolve(declared.as_ref(), supplied))
}
