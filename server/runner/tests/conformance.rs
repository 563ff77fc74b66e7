//! Runs, iteration limits and agent steps of the conformance data, through the
//! worker. What differs on purpose is listed with its reason; anything else
//! that differs fails.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use fermata_engine::conductor::GatePolicy;
use fermata_engine::{EventBody, Status};
use fermata_store::MemStore;
use serde_json::{Map, Value, json};
use support::answering::run_answering;
use support::compare::{compare_end, executed, judge, outcomes, output, runtime, same};
use support::corpus;
use support::scripted::Scripted;
use support::sequence;
use support::{Case, Finished, queue, read, surroundings, work};

#[test]
fn workflows_without_agents_run_as_recorded() {
    let Some(conductor) = corpus::conductor() else {
        return;
    };
    let world = corpus::world(&conductor);
    let mut found = BTreeMap::new();
    let cases = corpus::cases(&conductor.join("runs"));
    let runtime = runtime();
    for case in &cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let folder = corpus::copy(case);
        let args = corpus::json(&case.join("args.json"));
        let expected = corpus::json(&case.join("expected.json"));
        let store = Arc::new(MemStore::new());
        let agents = Scripted::new(&Value::Null);
        let file = folder.path().join("workflow.yaml");
        let run = queue(
            store.as_ref(),
            &Case {
                file: &file,
                inputs: args["inputs"].as_object().cloned().unwrap_or_default(),
                gates: "first",
                guidance: Vec::new(),
            },
        );
        let around = surroundings(store.clone(), agents, world.clone());
        let ended = runtime.block_on(work(&store, &run, around));
        let finished = read(&store, &run, ended);
        let mut differences = Vec::new();
        compare_end(&finished, &expected, &mut differences);
        let (mut own, mut recorded) = (sequence::own(&finished), sequence::recorded(&expected));
        if sequence::at_once(&expected) {
            own.sort();
            recorded.sort();
        }
        if own != recorded {
            differences.push(format!("did {own:?} instead of {recorded:?}"));
        }
        let unnamed = sequence::unnamed(&finished, &expected);
        if !unnamed.is_empty() {
            differences.push(format!(
                "{:?} does not name {unnamed:?}",
                finished.state.error
            ));
        }
        if !differences.is_empty() {
            found.insert(name, differences);
        }
    }
    judge("runs", &found, cases.len());
}

/// What limit gates showed and how they were answered, in opening order.
fn own_limits(finished: &Finished) -> Vec<Value> {
    finished
        .log
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::IterationLimitReached { gate } => {
                let limit = gate.limit.as_ref().unwrap();
                Some(json!([
                    gate.step,
                    limit.current_iteration,
                    limit.max_iterations,
                    limit.agent_history
                ]))
            }
            _ => None,
        })
        .collect()
}

fn recorded_limits(events: &Value) -> Vec<Value> {
    events
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .filter(|event| event["type"] == "iteration_limit_reached")
        .map(|event| {
            let name = event.get("agent_name").or(event.get("group_name"));
            json!([
                name,
                event["current_iteration"],
                event["max_iterations"],
                event["agent_history"]
            ])
        })
        .collect()
}

#[test]
fn iteration_limits_are_reached_and_resolved_as_recorded() {
    let Some(conductor) = corpus::conductor() else {
        return;
    };
    let world = corpus::world(&conductor);
    let runtime = runtime();
    let mut found = BTreeMap::new();
    let mut total = 0;
    // Where the recorded engine misbehaves: status, executed steps in alphabetical order, and output.
    let derived = outcomes();
    let mut wrong = Vec::new();
    for case in corpus::cases(&conductor.join("limits")) {
        let expected = corpus::json(&case.join("expected.json"));
        for (at, row) in expected["rows"].as_array().unwrap().iter().enumerate() {
            total += 1;
            let scenario = &row["scenario"];
            let name = format!("{}#{at}", case.file_name().unwrap().to_string_lossy());
            let folder = corpus::copy(&case);
            let policy = if scenario["policy"] == "web" {
                "ask"
            } else {
                "first"
            };
            let raw = scenario.get("raw").is_some();
            let answers = match &scenario["answers"] {
                Value::Array(list) if !raw => list.clone(),
                _ if raw => vec![json!({"raw": scenario["raw"]})],
                _ => Vec::new(),
            };
            let (finished, _) = run_answering(
                &runtime,
                &folder.path().join("workflow.yaml"),
                (
                    expected["inputs"].as_object().unwrap_or(&Map::new()),
                    policy,
                    Vec::new(),
                ),
                &Value::Null,
                &world,
                (&answers, scenario["order"] == "newest", &[]),
            );
            let mut differences = Vec::new();
            let state = &finished.state;
            let outcome = match (&state.status, &state.error) {
                (Status::Completed, _) => "completed".to_owned(),
                (Status::Failed, Some(error)) => error.kind.clone(),
                (status, _) => status.as_str().to_owned(),
            };
            if let Some(derived) = derived.get(&name) {
                let mut steps = executed(&finished, false);
                steps.sort();
                let own = json!([outcome, steps, output(state.output.as_ref())]);
                if own != *derived {
                    wrong.push(format!("{name}: {own} instead of {derived}"));
                }
            }
            if row["outcome"] != json!(outcome) {
                differences.push(format!(
                    "{outcome} instead of {} {:?}",
                    row["outcome"], state.error
                ));
            } else {
                let steps = executed(&finished, false);
                let recorded: Vec<String> =
                    serde_json::from_value(row["executed"].clone()).unwrap();
                let sorted = |mut list: Vec<String>| {
                    list.sort();
                    list
                };
                if sorted(steps.clone()) != sorted(recorded.clone()) {
                    differences.push(format!("executed {steps:?} instead of {recorded:?}"));
                }
                let out = output(state.output.as_ref());
                if !same(&out, &row["output"]) {
                    differences.push(format!("output {out} instead of {}", row["output"]));
                }
            }
            let key = |list: Vec<Value>| {
                let mut list: Vec<String> = list.iter().map(Value::to_string).collect();
                list.sort();
                list
            };
            let (own, recorded) = (
                key(own_limits(&finished)),
                key(recorded_limits(&row["events"])),
            );
            if own != recorded {
                differences.push(format!("gates {own:?} instead of {recorded:?}"));
            }
            if !differences.is_empty() {
                found.insert(name, differences);
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "what design/runs.md asks for instead of the recorded defects:\n{}",
        wrong.join("\n")
    );
    judge("limits", &found, total);
}

#[test]
fn scripted_agents_run_as_recorded() {
    let Some(conductor) = corpus::conductor() else {
        return;
    };
    let world = corpus::world(&conductor);
    let runtime = runtime();
    let mut found = BTreeMap::new();
    let cases = corpus::cases(&conductor.join("agents"));
    for case in &cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let folder = corpus::copy(case);
        let args = corpus::json(&case.join("args.json"));
        let script = corpus::json(&case.join("script.json"));
        let expected = corpus::json(&case.join("expected.json"));
        let list = |key: &str| args[key].as_array().cloned().unwrap_or_default();
        let guidance = list("guidance")
            .iter()
            .filter_map(|text| text.as_str().map(str::to_owned))
            .collect();
        let policy = if args["policy"] == "web" {
            "ask"
        } else {
            "first"
        };
        let (finished, agents) = run_answering(
            &runtime,
            &folder.path().join("workflow.yaml"),
            (
                args["inputs"].as_object().unwrap_or(&Map::new()),
                policy,
                guidance,
            ),
            &script,
            &world,
            (&list("limit_answers"), false, &list("gate_answers")),
        );
        let mut differences = Vec::new();
        compare_end(&finished, &expected, &mut differences);
        let sorted = |mut list: Vec<String>| {
            list.sort();
            list
        };
        let steps = executed(&finished, true);
        let recorded: Vec<String> = serde_json::from_value(expected["executed"].clone()).unwrap();
        if sorted(steps.clone()) != sorted(recorded.clone()) {
            differences.push(format!("executed {steps:?} instead of {recorded:?}"));
        }
        let root = &finished.state.frames[&fermata_engine::StepPath::root()];
        if json!(root.history) != expected["history"] {
            differences.push(format!(
                "history {:?} instead of {}",
                root.history, expected["history"]
            ));
        }
        if json!(root.iteration) != expected["iterations"] {
            differences.push(format!(
                "{} iterations instead of {}",
                root.iteration, expected["iterations"]
            ));
        }
        differences.extend(compare_prompts(&agents, &expected));
        if !differences.is_empty() {
            found.insert(name, differences);
        }
    }
    judge("agents", &found, cases.len());
}

/// First prompts of the step's own calls, without what each side adds in its own words.
fn compare_prompts(agents: &Scripted, expected: &Value) -> Vec<String> {
    let asked = agents.asked.lock().unwrap();
    let mut own: Vec<(String, String)> = asked
        .iter()
        .filter(|turn| turn.turn == 1 && !turn.step.contains(" ("))
        .map(|turn| (turn.step.clone(), bare(&turn.prompt)))
        .collect();
    let mut recorded = Vec::new();
    for call in expected["calls"].as_array().unwrap() {
        if call["kind"] != "agent" {
            continue;
        }
        let name = call["agent"].as_str().unwrap().to_owned();
        let appended = call["appended"].as_str().unwrap_or_default();
        let prompt = call["prompt"].as_str().unwrap();
        let prompt = prompt.strip_suffix(appended).unwrap_or(prompt);
        recorded.push((name, bare(prompt)));
    }
    own.sort();
    own.dedup();
    recorded.sort();
    recorded.dedup();
    if own == recorded {
        Vec::new()
    } else {
        vec![format!("prompts {own:?} instead of {recorded:?}")]
    }
}

fn bare(prompt: &str) -> String {
    let prompt = match prompt.split_once("</workspace_instructions>\n\n") {
        Some((_, rest)) => rest,
        None => prompt,
    };
    let mut end = prompt.len();
    for mark in [
        "\n\nAnswer with one JSON object and nothing else.",
        "\n\n[User Guidance]",
        "\n\n## Validation feedback",
    ] {
        if let Some(at) = prompt.find(mark) {
            end = end.min(at);
        }
    }
    prompt[..end].to_owned()
}

#[test]
fn every_policy_reads_back_as_it_is_named() {
    for text in ["ask", "stop", "first", "continue:7"] {
        assert_eq!(GatePolicy::read(text).name(), text);
    }
}
