//! The tools: name, what an agent is told of it, what it takes, what it does.
//! None of them answers for a person, forces past a choice, or ends for good.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use fermata_control::{
    AnswerInput, AnswerOutcome, ChoiceAnswer, ControlError, Given, Outcome, StartRefusal,
    StartRequest,
};
use fermata_engine::{Gate, GateId, RunId, Status};
use serde_json::{Map, Value, json};

use super::{House, form};
use crate::shown;

/// Longest and usual time of `wait`; clients give up on a call after a minute.
const PATIENCE: u64 = 50;
/// Most events of a page.
const PAGE: usize = 500;

type Done = Result<Value, String>;

/// One tool.
pub(super) struct Tool {
    pub(super) name: &'static str,
    about: &'static str,
    /// Name, JSON type, whether it must be there, what it is.
    takes: &'static [(&'static str, &'static str, bool, &'static str)],
    /// Changes nothing.
    looks: bool,
    pub(super) call: fn(&House, &Value) -> Done,
}

const RUN: (&str, &str, bool, &str) = (
    "run",
    "string",
    true,
    "A run: any unique part of its id, or @last",
);
const WORKFLOW: (&str, &str, bool, &str) = (
    "workflow",
    "string",
    true,
    "A workflow file, or the name of a workflow below the current folder",
);

/// All of them.
pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "workflows",
        about: "Lists the workflows below the current folder, by name and file.",
        takes: &[],
        looks: true,
        call: workflows,
    },
    Tool {
        name: "check",
        about: "Says what is wrong with a workflow file: what its own tool would reject, and what it would accept and then fail on. With `text`, checks that text as if it stood in the file.",
        takes: &[
            WORKFLOW,
            ("text", "string", false, "Text to check in the file's place"),
        ],
        looks: true,
        call: check,
    },
    Tool {
        name: "graph",
        about: "The steps and routes of a workflow; routes that lead back are marked, and loops are named.",
        takes: &[WORKFLOW],
        looks: true,
        call: graph,
    },
    Tool {
        name: "run",
        about: "Starts a run of a workflow and returns at once with its id. Where an earlier run of it failed or is still there, nothing starts and the person is asked what to do.",
        takes: &[
            WORKFLOW,
            ("message", "string", false, "What the run is about"),
            ("inputs", "object", false, "Declared inputs by name"),
            ("agent", "string", false, "Agent for every prompt"),
            ("request", "string", false, "The same id twice is one run"),
        ],
        looks: false,
        call: run,
    },
    Tool {
        name: "runs",
        about: "Lists runs, newest first, with the gates they hold at, and open start requests.",
        takes: &[("all", "boolean", false, "Child runs too")],
        looks: true,
        call: runs,
    },
    Tool {
        name: "show",
        about: "One run whole: status, steps, gates, output.",
        takes: &[RUN],
        looks: true,
        call: show,
    },
    Tool {
        name: "events",
        about: "A page of a run's log.",
        takes: &[
            RUN,
            ("from", "integer", false, "The first event, from 1"),
            ("limit", "integer", false, "At most so many, up to 500"),
        ],
        looks: true,
        call: events,
    },
    Tool {
        name: "wait",
        about: "Waits until a run holds at a gate or is over, at most 50 seconds, and shows it.",
        takes: &[RUN, ("seconds", "integer", false, "At most so long")],
        looks: true,
        call: wait,
    },
    Tool {
        name: "answer",
        about: "Asks the person at this client to answer a gate that a run holds at. Takes no answer: the decision is the person's.",
        takes: &[
            RUN,
            (
                "gate",
                "string",
                false,
                "Which gate, where several are open",
            ),
        ],
        looks: false,
        call: answer,
    },
    Tool {
        name: "choose",
        about: "Asks the person at this client what to do about the earlier run that keeps a request from starting. Takes no answer: the decision is the person's.",
        takes: &[("start", "string", true, "The start request")],
        looks: false,
        call: choose,
    },
    Tool {
        name: "resume",
        about: "Goes on with a failed or stopped run. Nothing passes an open gate.",
        takes: &[
            RUN,
            (
                "definition",
                "string",
                false,
                "Where the file has changed: pinned or edited",
            ),
            ("from", "string", false, "Run again from this finished step"),
        ],
        looks: false,
        call: |house, given| act(house, "resume", given),
    },
    Tool {
        name: "stop",
        about: "Ends a run so that it can be resumed; everything is kept.",
        takes: &[RUN],
        looks: false,
        call: |house, given| act(house, "stop", &json!({"run": given["run"]})),
    },
    Tool {
        name: "tell",
        about: "Gives the next prompt of a run some guidance.",
        takes: &[RUN, ("text", "string", true, "The guidance")],
        looks: false,
        call: |house, given| act(house, "tell", given),
    },
];

/// The tool of a name.
pub(super) fn find(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.name == name)
}

/// What `tools/list` answers.
pub(super) fn list() -> Vec<Value> {
    let described = |tool: &Tool| {
        let properties: Map<String, Value> = tool
            .takes
            .iter()
            .map(|(name, ty, _, about)| {
                (
                    (*name).to_owned(),
                    json!({"type": ty, "description": about}),
                )
            })
            .collect();
        let required: Vec<&str> = tool
            .takes
            .iter()
            .filter(|(_, _, required, _)| *required)
            .map(|(name, ..)| *name)
            .collect();
        json!({
            "name": tool.name,
            "description": tool.about,
            "inputSchema": {
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": false,
            },
            "annotations": {
                "readOnlyHint": tool.looks,
                "destructiveHint": false,
                "openWorldHint": tool.name == "run" || tool.name == "resume",
            },
        })
    };
    TOOLS.iter().map(described).collect()
}

fn workflows(house: &House, _: &Value) -> Done {
    let found = house.workflows.list();
    let list = found
        .iter()
        .map(|(name, file)| json!({"name": name, "path": file}));
    Ok(json!({"workflows": list.collect::<Vec<_>>()}))
}

fn check(house: &House, given: &Value) -> Done {
    let file = house.workflows.locate(text(given, "workflow")?)?;
    house.workflows.check(&file, optional(given, "text")?)
}

fn graph(house: &House, given: &Value) -> Done {
    let file = house.workflows.locate(text(given, "workflow")?)?;
    house
        .workflows
        .graph(&file)
        .ok_or_else(|| format!("{} is not a workflow; `check` says why", file.display()))
}

fn run(house: &House, given: &Value) -> Done {
    let file: PathBuf = house.workflows.locate(text(given, "workflow")?)?;
    let inputs = match given.get("inputs") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(inputs)) => inputs.clone(),
        Some(other) => return Err(format!("`inputs`: expected an object, found {other}")),
    };
    let owned = |name| optional(given, name).map(|text| text.map(str::to_owned));
    let request = StartRequest {
        file,
        inputs,
        message: owned("message")?,
        agent: owned("agent")?,
        request: owned("request")?,
        ..StartRequest::default()
    };
    let outcome = house.control.start(request).map_err(said)?;
    if house.wire.can_ask() {
        decided(house, outcome)
    } else {
        Ok(outcome.to_json())
    }
}

/// An outcome as it is, or what came of the choice that it needs, where the person makes it. One can lead to another.
fn decided(house: &House, outcome: Outcome) -> Done {
    let Outcome::Refused(refusal @ StartRefusal::Choice(choice)) = &outcome else {
        return Ok(outcome.to_json());
    };
    match ask_choice(house, &refusal.message(), &choice.answers) {
        Some(answer) => {
            let next = house.control.choose(&choice.start, answer).map_err(said)?;
            decided(house, next)
        }
        None => Ok(outcome.to_json()),
    }
}

fn runs(house: &House, given: &Value) -> Done {
    let all = given.get("all") == Some(&Value::Bool(true));
    shown::runs(&house.control, all).map_err(said)
}

fn show(house: &House, given: &Value) -> Done {
    shown::run(&house.control, &named(house, given)?).map_err(said)
}

fn events(house: &House, given: &Value) -> Done {
    let run = named(house, given)?;
    let from = given["from"].as_u64().unwrap_or(1).max(1);
    let limit = given["limit"]
        .as_u64()
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(PAGE)
        .clamp(1, PAGE);
    house.control.log_page(&run, from, limit).map_err(said)
}

fn wait(house: &House, given: &Value) -> Done {
    let run = named(house, given)?;
    let seconds = given["seconds"].as_u64().unwrap_or(PATIENCE).min(PATIENCE);
    let end = Instant::now() + Duration::from_secs(seconds);
    let watcher = house.control.watch().map_err(said)?;
    watcher.subscribe(&run).map_err(said)?;
    loop {
        let row = house
            .control
            .store()
            .run(&run)
            .map_err(|error| error.to_string())?;
        let goes_on = match row.status {
            Status::Queued | Status::Running => true,
            // A gate that has just been answered: its worker is about to go on.
            Status::Waiting => row.gates.is_empty(),
            Status::Completed | Status::Failed | Status::Cancelled => false,
        };
        let left = end.saturating_duration_since(Instant::now());
        if !goes_on || left.is_zero() || house.wire.is_closed() {
            return shown::run(&house.control, &run).map_err(said);
        }
        let _ = watcher.next(left.min(Duration::from_millis(500)));
        // A worker that died is noticed here: nobody else may be looking.
        house.control.tick().map_err(said)?;
    }
}

fn answer(house: &House, given: &Value) -> Done {
    let run = named(house, given)?;
    let wanted = optional(given, "gate")?.map(GateId::from);
    let state = house.control.state(&run).map_err(said)?;
    let open: Option<Gate> = match &wanted {
        Some(id) => state
            .open_gates
            .iter()
            .map(|open| &open.gate)
            .find(|gate| gate.gate == *id)
            .cloned(),
        None => Some(state.only_gate().map_err(|refusal| refusal.reason)?.clone()),
    };
    let Some(gate) = open else {
        return Err("that gate is not open; `show` lists those that are".to_owned());
    };
    if !house.wire.can_ask() {
        return Ok(json!({
            "ok": false,
            "reason": "person_needed",
            "message": format!(
                "this client cannot ask its person (it has no elicitation); they can answer in the editor, in `fermata panel {0}`, or with `fermata answer {0} --gate {1} ANSWER`",
                run.short(),
                gate.gate,
            ),
        }));
    }
    let cover = house.control.cover(&run).map_err(said)?;
    let asked = cover.text(form::message(&gate));
    let Some(filled) = house.wire.ask(&asked, &cover.value(form::schema(&gate))) else {
        return Ok(declined());
    };
    let Some(answer) = form::answer(&gate, &filled) else {
        return Ok(declined());
    };
    let outcome: AnswerOutcome = house
        .control
        .answer(&run, Some(&gate.gate), AnswerInput::Json(answer))
        .map_err(said)?;
    Ok(outcome.to_json())
}

fn choose(house: &House, given: &Value) -> Done {
    let start = text(given, "start")?;
    if !house.wire.can_ask() {
        return Ok(json!({
            "ok": false,
            "reason": "person_needed",
            "message": format!(
                "this client cannot ask its person (it has no elicitation); they can answer in the editor, in `fermata panel`, or with `fermata choose {start} ANSWER`"
            ),
        }));
    }
    let open = house.control.start_request(start).map_err(said)?;
    let question = match open.prior {
        Some(_) => "An earlier run keeps this request from starting.",
        None => "Uncommitted changes keep this request from starting.",
    };
    match ask_choice(house, question, open.answers) {
        Some(answer) => decided(house, house.control.choose(start, answer).map_err(said)?),
        None => Ok(declined()),
    }
}

/// An answer in words.
fn label(answer: ChoiceAnswer) -> &'static str {
    match answer {
        ChoiceAnswer::Resume => "Resume the earlier run",
        ChoiceAnswer::AbandonAndRun => "Abandon it and run",
        ChoiceAnswer::RunFresh => "Run fresh and keep it",
        ChoiceAnswer::WithChanges => "Run with the uncommitted changes",
        ChoiceAnswer::FromHead => "Run from the last commit",
        ChoiceAnswer::Dismiss => "Drop the request",
    }
}

fn ask_choice(house: &House, question: &str, answers: &[ChoiceAnswer]) -> Option<ChoiceAnswer> {
    let words: Vec<&str> = answers.iter().map(|answer| answer.as_str()).collect();
    let labels: Vec<&str> = answers.iter().copied().map(label).collect();
    let schema = json!({
        "type": "object",
        "properties": {"decision": {
            "type": "string",
            "title": "Decision",
            "enum": words,
            "enumNames": labels,
        }},
        "required": ["decision"],
    });
    let filled = house.wire.ask(question, &schema)?;
    let word = filled["decision"].as_str()?;
    answers
        .iter()
        .copied()
        .find(|answer| answer.as_str() == word)
}

fn declined() -> Value {
    json!({
        "ok": false,
        "reason": "declined",
        "message": "the person has not decided; it stays open",
    })
}

fn act(house: &House, verb: &str, given: &Value) -> Done {
    house
        .control
        .act(verb, given, &Given::default())
        .map_err(said)
}

fn named(house: &House, given: &Value) -> Result<RunId, String> {
    house.control.find(text(given, "run")?).map_err(said)
}

fn text<'a>(given: &'a Value, name: &str) -> Result<&'a str, String> {
    optional(given, name)?.ok_or_else(|| format!("`{name}`: is missing"))
}

fn optional<'a>(given: &'a Value, name: &str) -> Result<Option<&'a str>, String> {
    match given.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!("`{name}`: expected a text, found {other}")),
    }
}

fn said(error: ControlError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tool_takes_an_answer_forces_a_run_or_ends_one_for_good() {
        for tool in TOOLS {
            assert!(!["abandon", "abort", "trust"].contains(&tool.name));
            for (name, ..) in tool.takes {
                assert!(
                    !["answer", "decision", "force", "abort", "trusted", "gates"].contains(name),
                    "{} takes {name}",
                    tool.name
                );
            }
        }
    }
}
