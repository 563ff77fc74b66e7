//! `script`: a process. Its intent holds everything rendered; its result is
//! `{stdout, stderr, exit_code}` with a JSON object on stdout laid over it.

use fermata_workflow::Step;
use fermata_workflow::model::ScriptStep;
use serde_json::{Map, Value};

use crate::conductor::context::Context;
use crate::conductor::place::Place;
use crate::conductor::{Turn, eval};
use crate::draft::failure;
use crate::event::Failure;
use crate::ids::StepPath;

use super::agent::schema;

pub(in crate::conductor) fn start<'a>(
    turn: &mut Turn<'a>,
    place: &Place<'a>,
    path: &StepPath,
    attempt: u32,
    script: &ScriptStep,
    context: &Context,
) {
    match render(script, context) {
        Ok(rendered) => turn.started(place, path, attempt, rendered),
        Err(error) => {
            turn.started(place, path, attempt, Map::new());
            turn.fail_step(path, place.step, attempt, error);
        }
    }
}

fn render(script: &ScriptStep, context: &Context) -> Result<Map<String, Value>, Failure> {
    let mut rendered = Map::new();
    let mut put = |key: &str, value: Value| rendered.insert(key.to_owned(), value);
    put("command", eval::render(&script.command, context)?.into());
    let args: Vec<Value> = script
        .args
        .iter()
        .map(|arg| eval::render(arg, context).map(Value::from))
        .collect::<Result<_, _>>()?;
    put("args", args.into());
    if !script.env.is_empty() {
        let env: Map<String, Value> = script
            .env
            .iter()
            .map(|(name, text)| (name.clone(), Value::from(text.as_str())))
            .collect();
        put("env", env.into());
    }
    if let Some(stdin) = &script.stdin {
        put("stdin", eval::render(stdin, context)?.into());
    }
    if let Some(folder) = &script.working_dir {
        put("working_dir", eval::render(folder, context)?.into());
    }
    if let Some(timeout) = script.timeout {
        put("timeout", timeout.into());
    }
    Ok(rendered)
}

/// The output of a process that ended by itself, whatever its exit code.
pub(in crate::conductor) fn result(
    step: &Step,
    stdout: &str,
    stderr: &str,
    exit_code: i64,
) -> Result<Value, Failure> {
    let mut output = Map::new();
    output.insert("stdout".to_owned(), Value::from(stdout));
    output.insert("stderr".to_owned(), Value::from(stderr));
    output.insert("exit_code".to_owned(), Value::from(exit_code));
    let overlay = match serde_json::from_str::<Value>(stdout.trim()) {
        Ok(Value::Object(overlay)) => Some(overlay),
        _ => None,
    };
    let declared = schema(step);
    if declared.is_some() && overlay.is_none() {
        let name = step.name.as_str();
        return Err(failure(
            "ValidationError",
            format!(
                "`{name}` declares an output, so its stdout must be one JSON object; it is not"
            ),
            &[name],
        ));
    }
    output.extend(overlay.unwrap_or_default());
    let output = Value::Object(output);
    if let Some(declared) = declared {
        eval::validate(step.name.as_str(), &output, &declared)?;
    }
    Ok(output)
}
