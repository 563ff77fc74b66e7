//! From a file's values to the model, as far as the values allow: a broken file lowers too, for the editor.

use fermata_expr::archon::schema::{self, Mode};
use indexmap::IndexMap;
use serde_json::Value;

use super::expand::Graph;
use super::file::File;
use crate::data::{Datum, Map, Shape};
use crate::model::{
    ArchonKind, ArchonSettings, ContextSettings, Dialect, Input, Limits, LoopNode, NodeSettings,
    Runtime, Step, StepKind, Workflow,
};
use crate::source::{Loc, Placed, Text};

/// Lowers a whole file.
pub(super) fn workflow(file: &File, graph: Option<&Graph>) -> Option<Workflow> {
    let datum = file.root.as_ref()?;
    let map = datum.map()?;
    Some(Workflow {
        dialect: Dialect::Archon,
        name: map
            .text("name")
            .cloned()
            .unwrap_or_else(|| absent(datum.loc)),
        description: map.text("description").cloned(),
        version: None,
        entry: None,
        inputs: inputs(map),
        context: ContextSettings::default(),
        limits: Limits::default(),
        runtime: Runtime::default(),
        tools: Vec::new(),
        instructions: Vec::new(),
        hooks: IndexMap::new(),
        metadata: Value::Null,
        steps: map.list("nodes").iter().filter_map(step).collect(),
        output: IndexMap::new(),
        archon: Some(settings(map, datum, graph)),
        loc: map.field("name").map_or(datum.loc, |f| f.key.loc),
    })
}

fn absent(loc: Loc) -> Text {
    Text {
        value: String::new(),
        loc,
        node: None,
        substituted: true,
        partials: Default::default(),
    }
}

fn flag(map: &Map, key: &str) -> Option<bool> {
    match map.get(key)?.shape {
        Shape::Bool(b) => Some(b),
        _ => None,
    }
}

fn settings(map: &Map, datum: &Datum, graph: Option<&Graph>) -> ArchonSettings {
    ArchonSettings {
        returns: map.text("returns").cloned(),
        outcome_field: map.text("outcome_field").cloned(),
        interactive: flag(map, "interactive").unwrap_or_default(),
        mutates_checkout: flag(map, "mutates_checkout").unwrap_or(true),
        worktree: map.map("worktree").and_then(|w| flag(w, "enabled")),
        evidence_required: map
            .map("evidence_policy")
            .and_then(|e| flag(e, "required"))
            .unwrap_or_default(),
        persist_sessions: flag(map, "persist_sessions").unwrap_or_default(),
        nodes: graph.map(|g| g.nodes.clone()).unwrap_or_default(),
        result: graph.and_then(|g| g.returns.clone()),
        requires: graph.map(|g| g.requires.clone()).unwrap_or_default(),
        raw: datum.to_json(),
    }
}

fn inputs(map: &Map) -> IndexMap<String, Input> {
    let empty = Map::default();
    let one = |field: &crate::data::Field| {
        let name = field.key.text()?.clone();
        let spec = field.value.map().unwrap_or(&empty);
        let input = Input {
            ty: None,
            required: flag(spec, "required").unwrap_or_default(),
            default: spec.get("default").map(|d| Placed {
                value: d.to_json(),
                loc: d.loc,
            }),
            description: spec.text("description").cloned(),
            loc: field.loc(),
            name,
        };
        Some((input.name.value.clone(), input))
    };
    map.map("inputs")
        .into_iter()
        .flat_map(|m| &m.entries)
        .filter_map(one)
        .collect()
}

/// A node; one without an id or a mode is none yet.
fn step(datum: &Datum) -> Option<Step> {
    let map = datum.map()?;
    let json = datum.to_json();
    let mode = schema::written_modes(json.as_object()?).first().copied()?;
    Some(Step {
        name: map.text("id").cloned()?,
        description: map.text("description").cloned(),
        loc: datum.loc,
        kind: StepKind::Archon(Box::new(kind(map, mode, &json))),
        routes: Vec::new(),
        input: Vec::new(),
        output: None,
        node: Some(node_settings(map, json.clone())),
        ignored: ignored(map, mode),
    })
}

fn ignored(map: &Map, mode: Mode) -> Vec<Placed<&'static str>> {
    schema::dropped(mode)
        .into_iter()
        .filter_map(|key| {
            Some(Placed {
                value: key,
                loc: map.field(key)?.key.loc,
            })
        })
        .collect()
}

fn node_settings(map: &Map, raw: Value) -> NodeSettings {
    NodeSettings {
        depends_on: map
            .list("depends_on")
            .iter()
            .filter_map(|d| d.text().cloned())
            .collect(),
        when: map.text("when").cloned(),
        trigger_rule: map.text("trigger_rule").cloned(),
        always_run: flag(map, "always_run").unwrap_or_default(),
        output_format: map.get("output_format").map(|d| Placed {
            value: d.to_json(),
            loc: d.loc,
        }),
        raw,
    }
}

fn rounds(map: &Map) -> Option<Placed<u32>> {
    let datum = map.get("max_iterations")?;
    match datum.shape {
        Shape::Int(n) => u32::try_from(n).ok().map(|value| Placed {
            value,
            loc: datum.loc,
        }),
        _ => None,
    }
}

fn kind(map: &Map, mode: Mode, json: &Value) -> ArchonKind {
    let text = |key: &str| {
        map.text(key).cloned().unwrap_or_else(|| {
            absent(
                map.field(key)
                    .map_or_else(|| map.entries[0].key.loc, |f| f.key.loc),
            )
        })
    };
    let raw = |key: &str| json.get(key).cloned().unwrap_or_default();
    let empty = Map::default();
    match mode {
        Mode::Command => {
            let with = map.map("with").unwrap_or(&empty);
            let with = with
                .iter()
                .map(|(k, v)| {
                    (
                        k.value.clone(),
                        Placed {
                            value: v.to_json(),
                            loc: v.loc,
                        },
                    )
                })
                .collect();
            ArchonKind::Command {
                name: text("command"),
                with,
            }
        }
        Mode::Prompt => ArchonKind::Prompt {
            prompt: text("prompt"),
        },
        Mode::Bash => ArchonKind::Bash {
            script: text("bash"),
            timeout_ms: json.get("timeout").and_then(Value::as_f64),
        },
        Mode::Script => ArchonKind::Script {
            script: text("script"),
            raw: json.clone(),
        },
        Mode::Loop => {
            let inner = map.map("loop").unwrap_or(&empty);
            ArchonKind::Loop(Box::new(LoopNode {
                prompt: inner.text("prompt").cloned(),
                until: inner.text("until").cloned(),
                max_iterations: rounds(inner),
                fresh_context: flag(inner, "fresh_context").unwrap_or_default(),
                raw: raw("loop"),
            }))
        }
        Mode::LoopGroup => {
            let inner = map.map("loop_group").unwrap_or(&empty);
            ArchonKind::LoopGroup {
                nodes: inner.list("nodes").iter().filter_map(step).collect(),
                raw: raw("loop_group"),
                until: inner.text("until").cloned(),
                max_iterations: rounds(inner),
            }
        }
        Mode::Approval => {
            let message = map.map("approval").and_then(|a| a.text("message").cloned());
            ArchonKind::Approval {
                message: message.unwrap_or_else(|| text("approval")),
                raw: raw("approval"),
            }
        }
        Mode::Cancel => ArchonKind::Cancel {
            reason: text("cancel"),
        },
        Mode::Include => ArchonKind::Include {
            workflow: text("include"),
            raw: json.clone(),
        },
        Mode::Workflow => ArchonKind::Workflow {
            workflow: text("workflow"),
            raw: json.clone(),
        },
    }
}
