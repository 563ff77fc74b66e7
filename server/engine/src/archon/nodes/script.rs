//! `script`: code for bun or uv, inline or from a file (specs/archon.md 4.4).
//! References are put into inline code as they are; what people wrote, and
//! `with`, come by the environment only.

use fermata_expr::archon::names;
use serde_json::{Map, Value, json};

use crate::archon::Setting;
use crate::archon::node::Node;
use crate::archon::place::Place;
use crate::archon::texts::Texts;
use crate::definition::Definition;
use crate::draft::failure;
use crate::effect::ScriptCall;
use crate::event::Failure;
use crate::state::{OpenAttempt, RunState};
use crate::turn::Turn;

use super::{bash, bindings, environment};

pub(crate) fn start(turn: &mut Turn<'_>, place: &Place<'_>) {
    match render(turn.draft.state, turn.definition, place) {
        Ok(rendered) => super::started(turn, place, rendered),
        Err(error) => super::refuse(turn, place, error),
    }
}

fn render(
    state: &RunState,
    definition: &Definition,
    place: &Place<'_>,
) -> Result<Map<String, Value>, Failure> {
    let node = place.node;
    let (text, runtime) = (
        node.text("script").unwrap_or_default(),
        node.text("runtime").unwrap_or_default(),
    );
    let with = bindings::resolve(state, definition, place, node.map("with"))?;
    let mut rendered = Map::new();
    let mut args: Vec<String> = Vec::new();
    let dependencies = node
        .get("deps")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let inline = names::is_inline_script(text);
    let body = if inline {
        Texts::new(state, definition, place)
            .bind(&with)
            .code(text)?
    } else {
        file(definition, text, runtime)?
    };
    match (runtime, inline) {
        ("uv", true) => {
            args.push("run".to_owned());
            for dependency in dependencies {
                args.extend(["--with".to_owned(), dependency.to_owned()]);
            }
            args.extend(["python".to_owned(), "-c".to_owned(), body]);
        }
        ("uv", false) => {
            args.push("run".to_owned());
            for dependency in dependencies {
                args.extend(["--with".to_owned(), dependency.to_owned()]);
            }
            args.push(body);
        }
        (_, true) => args.extend(["--no-env-file".to_owned(), "-e".to_owned(), body]),
        (_, false) => args.extend(["--no-env-file".to_owned(), "run".to_owned(), body]),
    }
    rendered.insert("command".to_owned(), Value::from(runtime));
    rendered.insert("args".to_owned(), json!(args));
    let mut inputs = bindings::handed_over(state, definition, place)?;
    inputs.extend(with);
    if !inputs.is_empty() {
        rendered.insert("with".to_owned(), Value::Object(inputs));
    }
    let timeout = node.timeout_seconds(bash::TIMEOUT_MS);
    rendered.insert("timeout".to_owned(), Value::from(timeout));
    Ok(rendered)
}

/// The file of a named script.
fn file(definition: &Definition, name: &str, runtime: &str) -> Result<String, Failure> {
    let found = definition
        .archon()
        .and_then(|project| project.script(name, runtime));
    match found {
        Some(path) => Ok(path.to_string_lossy().into_owned()),
        None => Err(failure(
            "not-found",
            format!(
                "there is no script `{name}` for {runtime} in .archon/scripts ({})",
                if runtime == "uv" { ".py" } else { ".ts or .js" }
            ),
            &[name],
        )),
    }
}

/// The process of an open attempt.
pub(crate) fn call(
    state: &RunState,
    definition: &Definition,
    place: &Place<'_>,
    open: &OpenAttempt,
    setting: &Setting,
) -> ScriptCall {
    let rendered = &open.rendered;
    let args: Vec<String> = rendered
        .get("args")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|arg| arg.as_str().map(str::to_owned))
        .collect();
    let none = Map::new();
    let with = rendered
        .get("with")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    let runtime = rendered
        .get("command")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let name = place.node.text("script").unwrap_or_default();
    let copies = format!("{}/.archon/scripts", setting.artifacts);
    let pinned = definition
        .archon()
        .and_then(|project| project.pinned_script(name, runtime, &copies));
    ScriptCall {
        path: place.path.clone(),
        step: open.step.clone(),
        attempt: open.attempt,
        command: runtime.to_owned(),
        args,
        env: environment::of(state, definition, place, with),
        files: Vec::new(),
        pinned,
        stdin: None,
        cwd: None,
        timeout_seconds: rendered.get("timeout").and_then(Value::as_f64),
    }
}

/// The failure of a process that did not end by itself, in the dialect's classes.
pub(crate) fn classed(node: Node<'_>, mut error: Failure, detail: &Map<String, Value>) -> Failure {
    let runtime = node.text("runtime").unwrap_or_default();
    if detail.get("timed_out") == Some(&Value::Bool(true)) {
        "timeout".clone_into(&mut error.kind);
    } else if error.names.get(1).is_some_and(|name| name == runtime) {
        "not-found".clone_into(&mut error.kind);
        let page = match runtime {
            "bun" => "https://bun.sh",
            _ => "https://docs.astral.sh/uv",
        };
        error.message = format!(
            "`{}` needs `{runtime}`, which cannot be started: install it ({page}) and put it on PATH ({})",
            node.id(),
            error.message
        );
    } else {
        "other".clone_into(&mut error.kind);
    }
    error
}
