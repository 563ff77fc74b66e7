//! `bash`: a text for a shell (specs/archon.md 4.4). References arrive in it as
//! quoted words, what people wrote by the environment.

use serde_json::{Map, Value};

use crate::archon::Setting;
use crate::archon::node::Node;
use crate::archon::place::Place;
use crate::archon::texts::{self, Texts};
use crate::definition::Definition;
use crate::draft::failure;
use crate::effect::ScriptCall;
use crate::event::Failure;
use crate::state::{OpenAttempt, RunState};
use crate::turn::Turn;

use super::{bindings, environment};

/// Longest time where the node does not say, ms.
pub(crate) const TIMEOUT_MS: f64 = 120_000.0;
/// Bytes of one argument or variable that every system takes.
const LONGEST_WORD: usize = 100_000;
/// Bytes of standard error that a failure quotes.
const TAIL: usize = 2_000;

pub(crate) fn start(turn: &mut Turn<'_>, place: &Place<'_>) {
    let text = place.node.text("script").unwrap_or_default();
    let (state, definition) = (&*turn.draft.state, turn.definition);
    let shell = Texts::new(state, definition, place).shell(text);
    let inputs = bindings::handed_over(state, definition, place);
    match shell.and_then(|shell| Ok((shell, inputs?))) {
        Ok((shell, inputs)) => {
            let mut rendered = Map::new();
            if !inputs.is_empty() {
                rendered.insert("with".to_owned(), Value::Object(inputs));
            }
            rendered.insert("script".to_owned(), Value::from(shell.text));
            if !shell.files.is_empty() {
                rendered.insert("files".to_owned(), Value::Array(shell.files));
            }
            let timeout = place.node.timeout_seconds(TIMEOUT_MS);
            rendered.insert("timeout".to_owned(), Value::from(timeout));
            super::started(turn, place, rendered);
        }
        Err(error) => super::refuse(turn, place, error),
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
    let script = rendered.get("script").and_then(Value::as_str);
    let mut files = files(state, definition, place, rendered);
    let mut prelude = String::new();
    let folder = format!("{}/.archon/shell", setting.artifacts);
    let none = Map::new();
    let with = rendered.get("with").and_then(Value::as_object);
    let mut env = environment::of(state, definition, place, with.unwrap_or(&none));
    env.retain(|(name, value)| {
        if value.len() <= LONGEST_WORD {
            return true;
        }
        // Too long for an environment: the shell reads it, and what it starts does not inherit it.
        let path = format!("{folder}/{name}");
        prelude.push_str(&texts::read_back(name, &path));
        files.push((path, value.clone()));
        false
    });
    let script = format!("{prelude}{}", script.unwrap_or_default());
    let args = if script.len() <= LONGEST_WORD {
        vec!["-c".to_owned(), script]
    } else {
        let path = format!("{folder}/{}.sh", place.path.as_str().replace('/', "."));
        files.push((path.clone(), script));
        vec![path]
    };
    ScriptCall {
        path: place.path.clone(),
        step: open.step.clone(),
        attempt: open.attempt,
        command: setting.bash.clone(),
        args,
        env,
        files,
        pinned: None,
        stdin: None,
        cwd: None,
        timeout_seconds: rendered.get("timeout").and_then(Value::as_f64),
    }
}

/// The spilled values that an intent names.
pub(crate) fn files(
    state: &RunState,
    definition: &Definition,
    place: &Place<'_>,
    rendered: &Map<String, Value>,
) -> Vec<(String, String)> {
    rendered
        .get("files")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|file| texts::spilled(state, definition, place, file))
        .collect()
}

/// The output of a process that ended by itself: what it wrote, without one line end.
pub(crate) fn result(
    node: Node<'_>,
    stdout: &str,
    stderr: &str,
    exit_code: i64,
) -> Result<Value, Failure> {
    if exit_code == 0 {
        return Ok(Value::from(stdout.strip_suffix('\n').unwrap_or(stdout)));
    }
    let code = exit_code.to_string();
    // Not in the words of a crash, which would count as worth another attempt (`expr::archon::failure`).
    let mut message = format!("`{}` ended with exit code {code}", node.id());
    let tail = tail(stderr.trim_end());
    if !tail.is_empty() {
        message.push_str(": ");
        message.push_str(tail);
    }
    Err(failure("exit", message, &[&code]))
}

fn tail(text: &str) -> &str {
    let mut from = text.len().saturating_sub(TAIL);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    &text[from..]
}
