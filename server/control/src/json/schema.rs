//! `fermata schema protocol`: the JSON Schema of what command line, editor,
//! panel and MCP exchange, each document and each verb's parameters a
//! definition. Gates, answers and refusals come from the types that write
//! them; that the rest is true of real documents is tested from outside.

use fermata_engine::gate::{Answered, Refusal};
use fermata_engine::{Answer, Gate};
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use crate::request::ChoiceAnswer;

/// The schema: everything is in `$defs`, by name.
#[must_use]
pub fn protocol_schema() -> Value {
    let mut generator = SchemaGenerator::default();
    generator.subschema_for::<Gate>();
    generator.subschema_for::<Answer>();
    generator.subschema_for::<Refusal>();
    generator.subschema_for::<Answered>();
    let mut definitions = generator.take_definitions(true);
    definitions.extend(documents());
    definitions.extend(parameters());
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Fermata's JSON documents",
        "description": "One definition for each document that `--json` prints, that the language server and the panel's server answer with, and for the parameters of each acting verb. Fields may be added; none is renamed.",
        "$defs": definitions,
    })
}

fn refer(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

fn list(of: Value) -> Value {
    json!({"type": "array", "items": of})
}

fn text() -> Value {
    json!({"type": "string"})
}

/// Or null.
fn maybe(ty: &str) -> Value {
    json!({"type": [ty, "null"]})
}

/// Milliseconds UTC, or null.
fn time() -> Value {
    json!({"type": ["integer", "null"], "description": "UTC milliseconds"})
}

fn status() -> Value {
    json!({"enum": ["queued", "running", "waiting", "completed", "failed", "cancelled"]})
}

/// An object with these fields; those whose name ends in `?` may be missing.
fn object<const N: usize>(about: &str, fields: [(&str, Value); N]) -> Value {
    let required: Vec<&str> = fields
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !name.ends_with('?'))
        .collect();
    let properties: Map<String, Value> = fields
        .iter()
        .map(|(name, schema)| (name.trim_end_matches('?').to_owned(), schema.clone()))
        .collect();
    json!({"type": "object", "description": about, "properties": properties, "required": required})
}

/// The first with the fields of the second.
fn with(mut one: Value, other: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (
        one["properties"].as_object_mut(),
        other["properties"].clone(),
    ) {
        fields.extend(more);
    }
    if let (Some(required), Value::Array(more)) =
        (one["required"].as_array_mut(), other["required"].clone())
    {
        required.extend(more);
    }
    one
}

fn choice_answers() -> Value {
    let words: Vec<&str> = ChoiceAnswer::ALL
        .iter()
        .map(|answer| answer.as_str())
        .collect();
    json!({ "enum": words })
}

fn documents() -> Map<String, Value> {
    let version = || json!({"const": super::VERSION});
    let run = object(
        "A run in a list.",
        [
            ("run", text()),
            ("workflow", text()),
            ("path", text()),
            ("dialect", json!({"enum": ["conductor", "archon"]})),
            ("status", status()),
            ("cause", maybe("string")),
            ("parked", json!({"type": "boolean"})),
            ("message", maybe("string")),
            ("inputs", json!({"type": "object"})),
            ("step", maybe("string")),
            ("gates", list(refer("Gate"))),
            ("queued", json!({"type": "integer"})),
            ("started", time()),
            ("ended", time()),
            ("scope", text()),
            ("root", text()),
            ("parent", maybe("string")),
            ("outcome", maybe("string")),
            ("progress", maybe("string")),
            ("last", json!({"type": "integer"})),
        ],
    );
    let step = object(
        "One attempt at a step.",
        [
            ("path", text()),
            ("step", text()),
            ("attempt", json!({"type": "integer", "minimum": 1})),
            ("status", text()),
            ("started", time()),
            ("ended", time()),
        ],
    );
    let show = with(
        run.clone(),
        object(
            "",
            [
                ("version", version()),
                (
                    "worker",
                    json!({"type": ["object", "null"], "properties": {"pid": {"type": "integer"}, "fence": {"type": "integer"}}}),
                ),
                ("steps", list(step)),
                (
                    "children",
                    list(object(
                        "A run that a step of this one has started; `path` is the step's.",
                        [
                            ("run", text()),
                            ("workflow", text()),
                            ("status", status()),
                            ("cause", maybe("string")),
                            ("path", maybe("string")),
                        ],
                    )),
                ),
                ("worktree", maybe("string")),
                ("definition", list(json!({"type": "object"}))),
                ("output", json!(true)),
            ],
        ),
    );
    let start = object(
        "A request to run that waits for a choice: about an earlier run, or about uncommitted changes.",
        [
            ("start", text()),
            ("workflow", text()),
            ("prior", maybe("string")),
            ("changes", list(text())),
            ("answers", list(choice_answers())),
            ("request", json!({"type": "object"})),
            ("created", json!({"type": "integer"})),
        ],
    );
    let mut prior = object(
        "The earlier run; null when the choice is about uncommitted changes.",
        [
            ("run", text()),
            ("status", status()),
            ("cause", maybe("string")),
            ("started", time()),
            ("progress", maybe("string")),
            ("message", maybe("string")),
            ("changed", json!({"type": ["boolean", "null"]})),
        ],
    );
    prior["type"] = json!(["object", "null"]);
    let choice = object(
        "What has to be decided before anything starts.",
        [
            ("start", text()),
            ("workflow", text()),
            ("prior", prior),
            ("changes", list(text())),
            ("request", json!({"type": "object"})),
            ("answers", list(choice_answers())),
        ],
    );
    let graph_node = object(
        "A step.",
        [
            ("id", text()),
            ("kind", text()),
            ("label", text()),
            ("line", maybe("integer")),
            ("members", list(text())),
            ("runs", maybe("string")),
        ],
    );
    let graph_edge = object(
        "A route.",
        [
            ("from", text()),
            ("to", text()),
            ("when", maybe("string")),
            ("back", json!({"type": "boolean"})),
            ("label", maybe("string")),
        ],
    );
    let mut all = check();
    for (name, schema) in [
        ("Run", run),
        ("Show", show),
        (
            "Runs",
            object(
                "`runs`, `fermata/runs`, `GET /api/runs`.",
                [
                    ("version", version()),
                    ("runs", list(refer("Run"))),
                    ("starts", list(refer("Start"))),
                ],
            ),
        ),
        ("Start", start),
        ("Choice", choice),
        (
            "RunResult",
            object(
                "What a followed run came to, or stands at.",
                [
                    ("version", version()),
                    ("run", text()),
                    ("status", status()),
                    ("cause", maybe("string")),
                    ("output", json!(true)),
                    ("error", json!(true)),
                    ("steps", json!({"type": "integer"})),
                    ("gates", list(refer("Gate"))),
                ],
            ),
        ),
        (
            "Started",
            object(
                "A request that put a run to work.",
                [
                    ("version", version()),
                    ("ok", json!({"const": true})),
                    ("run", text()),
                    ("status", status()),
                ],
            ),
        ),
        (
            "StartRefused",
            object(
                "A request that started nothing; more fields by reason.",
                [
                    ("version", version()),
                    ("ok", json!({"const": false})),
                    (
                        "reason",
                        json!({"enum": ["choice", "inputs_needed", "message_needed", "untrusted", "checkout_busy", "rejected", "no_agent", "definition_changed", "not_found", "not_resumable"]}),
                    ),
                    ("message", text()),
                    ("choice?", refer("Choice")),
                ],
            ),
        ),
        (
            "AnswerTaken",
            object(
                "A gate that took an answer.",
                [
                    ("ok", json!({"const": true})),
                    ("run", text()),
                    ("gate", text()),
                ],
            ),
        ),
        (
            "AnswerRefused",
            json!({"allOf": [refer("Refusal"), object("An answer that changed nothing.", [("ok", json!({"const": false}))])]}),
        ),
        (
            "Log",
            object(
                "A page of a run's log; events are those of `fermata schema events`.",
                [
                    ("run", text()),
                    ("from", json!({"type": "integer"})),
                    ("events", list(json!({"type": "object"}))),
                    ("last", json!({"type": "integer"})),
                ],
            ),
        ),
        (
            "Graph",
            object(
                "`graph --format json`, `fermata/graph`, `GET /api/graph`.",
                [
                    ("version", version()),
                    ("nodes", list(graph_node)),
                    ("edges", list(graph_edge)),
                    ("entry", maybe("string")),
                    (
                        "loops",
                        list(object(
                            "A loop.",
                            [("steps", list(text())), ("name", text())],
                        )),
                    ),
                ],
            ),
        ),
    ] {
        all.insert(name.to_owned(), schema);
    }
    all
}

fn check() -> Map<String, Value> {
    let position = object(
        "Counts from 0.",
        [
            ("line", json!({"type": "integer"})),
            (
                "character",
                json!({"type": "integer", "description": "UTF-16 units"}),
            ),
            (
                "byte",
                json!({"type": "integer", "description": "Within the line"}),
            ),
        ],
    );
    let range = object("A place.", [("start", position.clone()), ("end", position)]);
    let edit = object("", [("range", range.clone()), ("newText", text())]);
    let fix = object("", [("title", text()), ("edits", list(edit))]);
    let diagnostic = object(
        "One finding.",
        [
            ("code", text()),
            (
                "severity",
                json!({"enum": ["error", "warning", "information", "hint"]}),
            ),
            ("upstream", maybe("string")),
            ("message", text()),
            ("step", maybe("string")),
            ("range", range),
            ("fixes", list(fix)),
            ("related", list(json!({"type": "object"}))),
        ],
    );
    let file = object(
        "One file.",
        [
            ("path", text()),
            ("dialect", json!({"enum": ["conductor", "archon"]})),
            ("verdict", json!({"enum": ["accepted", "rejected"]})),
            ("diagnostics", list(diagnostic)),
        ],
    );
    let whole = object(
        "`check --format json`.",
        [
            ("version", json!({"const": super::VERSION})),
            ("files", list(file)),
        ],
    );
    Map::from_iter([("Check".to_owned(), whole)])
}

fn parameters() -> Map<String, Value> {
    let flag = || json!({"type": ["boolean", "null"]});
    let run = || ("run", text());
    [
        (
            "RunParams",
            object(
                "`fermata.run`, `fermata.dryRun`, `POST /api/run`.",
                [
                    ("uri", text()),
                    ("inputs?", maybe("object")),
                    ("message?", maybe("string")),
                    ("force?", flag()),
                    ("agent?", maybe("string")),
                    ("request?", maybe("string")),
                ],
            ),
        ),
        (
            "ChooseParams",
            object("", [("start", text()), ("answer", choice_answers())]),
        ),
        (
            "AnswerParams",
            object(
                "",
                [
                    run(),
                    ("gate?", maybe("string")),
                    ("answer", json!({"anyOf": [refer("Answer"), text()]})),
                ],
            ),
        ),
        (
            "ResumeParams",
            object(
                "",
                [
                    run(),
                    ("definition?", json!({"enum": ["pinned", "edited", null]})),
                    ("from?", maybe("string")),
                    ("agent?", maybe("string")),
                ],
            ),
        ),
        ("AbandonParams", object("", [run()])),
        ("StopParams", object("", [run(), ("abort?", flag())])),
        ("TellParams", object("", [run(), ("text", text())])),
    ]
    .map(|(name, schema)| (name.to_owned(), schema))
    .into_iter()
    .collect()
}
