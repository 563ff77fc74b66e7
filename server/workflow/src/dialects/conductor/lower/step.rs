//! Steps of all kinds, groups included.

use indexmap::IndexMap;
use serde_json::Value;

use crate::data::{Datum, Map, Shape};
use crate::model::{
    AgentStep, FailureMode, ForEachStep, GateOption, HumanGateStep, ParallelStep, Question,
    QuestionsStep, Retry, Route, ScriptStep, SetStep, SetValue, Step, StepKind, SubWorkflowStep,
    TerminateStep, Validator, WaitStep,
};
use crate::source::{Placed, Text};

use super::super::schema::{Standing, lax_integer, lax_number, standing};
use super::{absent, boolean, outputs, text_map};

/// Keys that are accepted on steps of these kinds and do nothing there (specs/conductor.md 1.4, matrix notes).
const IGNORED: &[(&str, &[&str])] = &[
    (
        "agent",
        &["command", "args", "env", "timeout", "workflow", "options"],
    ),
    (
        "human_gate",
        &[
            "command",
            "args",
            "env",
            "timeout",
            "workflow",
            "retry",
            "model",
            "provider",
            "tools",
            "output",
            "routes",
            "input",
            "system_prompt",
            "max_session_seconds",
            "max_agent_iterations",
        ],
    ),
    (
        "questions",
        &[
            "command",
            "args",
            "env",
            "timeout",
            "workflow",
            "retry",
            "system_prompt",
            "max_session_seconds",
            "max_agent_iterations",
        ],
    ),
    ("script", &["workflow"]),
    ("workflow", &["args", "env", "timeout", "output"]),
];

/// An entry of `agents`, or the inline step of a for_each group.
pub(super) fn step(datum: &Datum) -> Option<Step> {
    let map = datum.map()?;
    let kind = map.text("type").map_or("agent", |t| t.value.as_str());
    Some(Step {
        name: map.text("name").cloned().unwrap_or_else(|| absent(datum)),
        description: map.text("description").cloned(),
        loc: datum.loc,
        kind: step_kind(kind, map, datum),
        routes: routes(map),
        input: texts(map, "input"),
        output: outputs::fields(map),
        node: None,
        ignored: ignored(kind, map),
    })
}

fn step_kind(kind: &str, map: &Map, datum: &Datum) -> StepKind {
    match kind {
        "human_gate" => StepKind::HumanGate(HumanGateStep {
            prompt: need(map, "prompt", datum),
            options: options(map),
        }),
        "questions" => StepKind::Questions(questions(map)),
        "script" => StepKind::Script(script(map, datum)),
        "set" => StepKind::Set(SetStep {
            value: match (map.text("value"), map.map("values")) {
                (Some(one), _) => SetValue::One(one.clone()),
                (None, Some(many)) => SetValue::Many(text_map(Some(many))),
                (None, None) => SetValue::One(absent(datum)),
            },
            output_type: map.text("output_type").cloned(),
        }),
        "wait" => StepKind::Wait(WaitStep {
            duration: duration(map, datum),
            reason: map.text("reason").cloned(),
        }),
        "terminate" => StepKind::Terminate(TerminateStep {
            success: map.text("status").is_some_and(|t| t.value == "success"),
            reason: need(map, "reason", datum),
            output_template: map.some("output_template").map(|d| text_map(d.map())),
        }),
        "workflow" => StepKind::SubWorkflow(SubWorkflowStep {
            workflow: need(map, "workflow", datum),
            input_mapping: map.some("input_mapping").map(|d| text_map(d.map())),
            max_depth: map.some("max_depth").and_then(|d| {
                Some(Placed {
                    value: lax_integer(d).and_then(|n| u32::try_from(n).ok())?,
                    loc: d.loc,
                })
            }),
            timeout: number(map, "timeout"),
        }),
        _ => StepKind::Agent(Box::new(agent(map))),
    }
}

fn agent(map: &Map) -> AgentStep {
    let below = |key: &str, inner: &str| map.map(key).and_then(|m| m.text(inner)).cloned();
    let kept = [
        "skills",
        "plugins",
        "sandbox",
        "max_session_seconds",
        "max_agent_iterations",
    ];
    let raw = kept
        .iter()
        .filter_map(|k| Some(((*k).to_owned(), map.get(k)?.to_json())))
        .collect::<serde_json::Map<_, _>>();
    AgentStep {
        prompt: map.text("prompt").cloned(),
        system_prompt: map.text("system_prompt").cloned(),
        model: map.text("model").cloned(),
        provider: map.text("provider").cloned(),
        tools: map
            .some("tools")
            .and_then(Datum::list)
            .map(|_| texts(map, "tools")),
        output_mode: map.text("output_mode").cloned(),
        working_dir: map.text("working_dir").cloned(),
        timeout_seconds: number(map, "timeout_seconds"),
        retry: map.map("retry").map(retry),
        validator: map.map("validator").and_then(|v| {
            Some(Validator {
                criteria: v.text("criteria")?.clone(),
                model: v.text("model").cloned(),
                max_retries: small(v, "max_retries", 1),
            })
        }),
        dialog: below("dialog", "trigger_prompt"),
        effort: below("reasoning", "effort"),
        context_tier: map.text("context_tier").cloned(),
        session_key: map.text("session_key").cloned(),
        raw: Value::Object(raw),
    }
}

fn retry(map: &Map) -> Retry {
    let retry_on = match map.some("retry_on").and_then(Datum::list) {
        Some(items) => items
            .iter()
            .filter_map(|d| d.text().map(|t| t.value.clone()))
            .collect(),
        None => vec!["provider_error".to_owned(), "timeout".to_owned()],
    };
    Retry {
        max_attempts: small(map, "max_attempts", 1),
        exponential: map.text("backoff").is_none_or(|t| t.value != "fixed"),
        delay_seconds: number(map, "delay_seconds").unwrap_or(2.0),
        retry_on,
        max_parse_recovery_attempts: map
            .some("max_parse_recovery_attempts")
            .and_then(lax_integer)
            .and_then(|n| u32::try_from(n).ok()),
    }
}

fn script(map: &Map, datum: &Datum) -> ScriptStep {
    ScriptStep {
        command: need(map, "command", datum),
        args: texts(map, "args"),
        env: text_map(map.map("env")),
        stdin: map.text("stdin").cloned(),
        timeout: number(map, "timeout"),
        working_dir: map.text("working_dir").cloned(),
    }
}

fn questions(map: &Map) -> QuestionsStep {
    QuestionsStep {
        prompt: map.text("prompt").cloned(),
        questions: map.list("questions").iter().filter_map(question).collect(),
        source: map.text("source").cloned(),
        allow_back: boolean(map, "allow_back", true),
        allow_skip: boolean(map, "allow_skip", true),
        allow_skip_all: boolean(map, "allow_skip_all", true),
        allow_abort: boolean(map, "allow_abort", false),
        abort_route: map.text("abort_route").cloned(),
    }
}

fn question(datum: &Datum) -> Option<Question> {
    let map = datum.map()?;
    Some(Question {
        id: map.text("id").cloned(),
        text: need(map, "text", datum),
        hint: map.text("hint").cloned(),
        choices: texts(map, "choices"),
        allow_free_text: boolean(map, "allow_free_text", true),
        default: map.text("default").cloned(),
        required: boolean(map, "required", false),
        multiline: boolean(map, "multiline", true),
    })
}

fn options(map: &Map) -> Vec<GateOption> {
    let option = |datum: &Datum| {
        let map = datum.map()?;
        Some(GateOption {
            label: need(map, "label", datum),
            value: need(map, "value", datum),
            route: need(map, "route", datum),
            prompt_for: map.text("prompt_for").cloned(),
            multiline: boolean(map, "multiline", false),
        })
    };
    map.list("options").iter().filter_map(option).collect()
}

/// A wait's duration as text: a template, a literal, or the number as written.
fn duration(map: &Map, datum: &Datum) -> Text {
    match map.get("duration") {
        Some(value) => match &value.shape {
            Shape::Text(text) => text.clone(),
            Shape::Int(n) => Text {
                value: n.to_string(),
                loc: value.loc,
                node: None,
                substituted: false,
                partials: Default::default(),
            },
            Shape::Float(n) => Text {
                value: n.to_string(),
                loc: value.loc,
                node: None,
                substituted: false,
                partials: Default::default(),
            },
            _ => absent(value),
        },
        None => absent(datum),
    }
}

/// An entry of `parallel`.
pub(super) fn parallel(datum: &Datum) -> Option<Step> {
    let map = datum.map()?;
    let kind = StepKind::Parallel(ParallelStep {
        members: texts(map, "agents"),
        failure_mode: failure_mode(map),
    });
    Some(group(map, datum, kind))
}

/// An entry of `for_each`.
pub(super) fn for_each(datum: &Datum) -> Option<Step> {
    let map = datum.map()?;
    let empty = Datum {
        shape: Shape::Map(Map::default()),
        loc: datum.loc,
        plain: false,
    };
    let agent = map.get("agent").and_then(step).or_else(|| step(&empty))?;
    let kind = StepKind::ForEach(Box::new(ForEachStep {
        source: need(map, "source", datum),
        variable: need(map, "as", datum),
        agent,
        max_concurrent: small(map, "max_concurrent", 10),
        failure_mode: failure_mode(map),
        key_by: map.text("key_by").cloned(),
    }));
    Some(group(map, datum, kind))
}

fn group(map: &Map, datum: &Datum, kind: StepKind) -> Step {
    Step {
        name: map.text("name").cloned().unwrap_or_else(|| absent(datum)),
        description: map.text("description").cloned(),
        loc: datum.loc,
        kind,
        routes: routes(map),
        input: Vec::new(),
        output: None,
        node: None,
        ignored: Vec::new(),
    }
}

fn failure_mode(map: &Map) -> FailureMode {
    match map.text("failure_mode").map(|t| t.value.as_str()) {
        Some("continue_on_error") => FailureMode::ContinueOnError,
        Some("all_or_nothing") => FailureMode::AllOrNothing,
        _ => FailureMode::FailFast,
    }
}

fn routes(map: &Map) -> Vec<Route> {
    let route = |datum: &Datum| {
        let map = datum.map()?;
        Some(Route {
            to: need(map, "to", datum),
            when: map.text("when").cloned(),
            output: map
                .map("output")
                .map_or_else(IndexMap::new, |m| text_map(Some(m))),
            loc: datum.loc,
        })
    };
    map.list("routes").iter().filter_map(route).collect()
}

fn ignored(kind: &str, map: &Map) -> Vec<Placed<&'static str>> {
    let keys = IGNORED
        .iter()
        .find(|(k, _)| *k == kind)
        .map(|(_, keys)| *keys)
        .unwrap_or_default();
    keys.iter()
        .filter(|key| standing(kind, key) == Standing::Accepted)
        .filter_map(|key| {
            map.field(key).filter(|f| f.value.truthy()).map(|f| Placed {
                value: *key,
                loc: f.key.loc,
            })
        })
        .collect()
}

fn need(map: &Map, key: &str, near: &Datum) -> Text {
    map.text(key)
        .cloned()
        .unwrap_or_else(|| absent(map.get(key).unwrap_or(near)))
}

fn texts(map: &Map, key: &str) -> Vec<Text> {
    map.list(key)
        .iter()
        .filter_map(|d| d.text().cloned())
        .collect()
}

fn number(map: &Map, key: &str) -> Option<f64> {
    map.some(key).and_then(lax_number)
}

fn small(map: &Map, key: &str, default: u32) -> u32 {
    map.some(key)
        .and_then(lax_integer)
        .and_then(|n| u32::try_from(n).ok())
        .unwrap_or(default)
}
