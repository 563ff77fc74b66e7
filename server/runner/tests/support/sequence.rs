//! What happened, in order, as lines that both the recorded events and our log
//! can be brought to. Left out is what only one side tells, and what either
//! words in its own way.

use fermata_engine::{Answer, EventBody};
use serde_json::Value;

use super::Finished;

/// Kinds of steps that the recorded engine reports with events of their own.
const OWN: [&str; 3] = ["set", "script", "wait"];

/// The recorded events.
pub fn recorded(expected: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for event in expected["events"].as_array().into_iter().flatten() {
        let text = |key: &str| event[key].as_str().unwrap_or_default();
        let (agent, group) = (text("agent_name"), text("group_name"));
        let kind = text("type");
        let line = match kind {
            "agent_started" if !OWN.contains(&text("agent_type")) => format!("started {agent}"),
            "set_started" | "script_started" | "wait_started" => format!("started {agent}"),
            "set_completed" | "script_completed" | "wait_completed" => format!("completed {agent}"),
            "set_failed" | "script_failed" | "wait_failed" => {
                format!("failed {agent} {}", text("error_type"))
            }
            "route_taken" => format!("route {} > {}", text("from_agent"), text("to_agent")),
            "parallel_started" | "for_each_started" => format!("group {group}"),
            "for_each_completed" => format!(
                "group {group} ended {}/{}",
                event["success_count"], event["failure_count"]
            ),
            "for_each_item_started" => format!("item {group}[{}]", text("item_key")),
            "for_each_item_completed" => format!("item {group}[{}] completed", text("item_key")),
            "for_each_item_failed" => format!("item {group}[{}] failed", text("item_key")),
            "subworkflow_started" => format!("child {}", text("slot_key")),
            "subworkflow_completed" => format!("child {} completed", text("slot_key")),
            "gate_presented" => format!("gate {agent}"),
            "gate_resolved" => format!("gate {agent} resolved {}", text("selected_option")),
            "iteration_limit_reached" => format!(
                "limit {agent}{group} {}/{}",
                event["current_iteration"], event["max_iterations"]
            ),
            "workflow_completed" if event["subworkflow_path"].is_null() => "completed".to_owned(),
            "workflow_failed" if event["subworkflow_path"].is_null() => {
                format!("failed with {}", text("error_type"))
            }
            _ => continue,
        };
        lines.push(line);
    }
    lines
}

/// Our log.
pub fn own(finished: &Finished) -> Vec<String> {
    let mut lines = Vec::new();
    let mut kinds = std::collections::HashMap::new();
    let gates: Vec<&str> = steps_of(finished, "human_gate");
    let each: Vec<&str> = finished
        .log
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::GroupStarted { group, kind, .. } if kind == "for_each" => {
                Some(group.as_str())
            }
            _ => None,
        })
        .collect();
    for event in &finished.log {
        let slot = event.path.without_visits();
        let slot = slot.rsplit('/').next().unwrap_or_default().to_owned();
        let line = match &event.body {
            EventBody::StepStarted { step, kind, .. } => {
                kinds.insert(event.path.clone(), kind.clone());
                let group = kind == "parallel" || kind == "for_each";
                // The recorded engine runs a sub-workflow item without a step of its own.
                if group || (kind == "workflow" && slot.ends_with(']')) {
                    continue;
                }
                format!("started {step}")
            }
            EventBody::StepCompleted { step, .. } if own_kind(&kinds, &event.path) => {
                format!("completed {step}")
            }
            EventBody::StepFailed { step, error, .. } if own_kind(&kinds, &event.path) => {
                format!("failed {step} {}", error.kind)
            }
            EventBody::RouteTaken { from, to, .. } if !gates.contains(&from.as_str()) => {
                format!("route {from} > {to}")
            }
            EventBody::GroupStarted { group, .. } => format!("group {group}"),
            EventBody::GroupCompleted {
                group,
                succeeded,
                failed,
            } if each.contains(&group.as_str()) => {
                format!("group {group} ended {succeeded}/{failed}")
            }
            EventBody::ItemStarted { group, key, .. } => format!("item {group}[{key}]"),
            EventBody::ItemCompleted { group, key, .. } => format!("item {group}[{key}] completed"),
            EventBody::ItemFailed { group, key, .. } => format!("item {group}[{key}] failed"),
            EventBody::SubworkflowStarted { .. } => format!("child {slot}"),
            EventBody::SubworkflowCompleted { .. } => format!("child {slot} completed"),
            EventBody::GateOpened { gate } if gates.contains(&gate.step.as_str()) => {
                format!("gate {}", gate.step)
            }
            EventBody::GateAnswered {
                answer: Answer::Human { value, .. },
                ..
            } => format!(
                "gate {} resolved {value}",
                gates.first().copied().unwrap_or_default()
            ),
            EventBody::IterationLimitReached { gate } => {
                let limit = gate.limit.as_ref().expect("a limit gate has its counts");
                format!(
                    "limit {} {}/{}",
                    gate.step, limit.current_iteration, limit.max_iterations
                )
            }
            EventBody::RunCompleted { .. } => "completed".to_owned(),
            EventBody::RunFailed { error, .. } => format!("failed with {}", error.kind),
            _ => continue,
        };
        lines.push(line);
    }
    lines
}

fn own_kind(
    kinds: &std::collections::HashMap<fermata_engine::StepPath, String>,
    path: &fermata_engine::StepPath,
) -> bool {
    kinds
        .get(path)
        .is_some_and(|kind| OWN.contains(&kind.as_str()))
}

fn steps_of<'f>(finished: &'f Finished, wanted: &str) -> Vec<&'f str> {
    finished
        .log
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::StepStarted { step, kind, .. } if kind == wanted => Some(step.as_str()),
            _ => None,
        })
        .collect()
}

/// Whether members or items may have run at the same time, so that only who did what can be compared.
pub fn at_once(expected: &Value) -> bool {
    !expected["order"].is_null()
        || expected["events"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|event| {
                event["type"] == "parallel_started" || event["max_concurrent"].as_u64() > Some(1)
            })
}

/// Recorded names of a failure that ours does not mention.
pub fn unnamed(finished: &Finished, expected: &Value) -> Vec<String> {
    let Some(error) = &finished.state.error else {
        return Vec::new();
    };
    let names = expected["message_names"].as_array().into_iter().flatten();
    names
        .filter_map(Value::as_str)
        .filter(|name| !error.names.iter().any(|own| own == name) && !error.message.contains(name))
        .map(str::to_owned)
        .collect()
}
