//! `set`: values from templates, all against the same context. No effect, so
//! intent and result are one transaction.

use fermata_workflow::model::{SetStep, SetValue};
use serde_json::{Map, Value};

use crate::conductor::context::Context;
use crate::conductor::place::Place;
use crate::conductor::{Turn, eval};
use crate::event::Failure;
use crate::ids::StepPath;

pub(in crate::conductor) fn run<'a>(
    turn: &mut Turn<'a>,
    place: &Place<'a>,
    path: &StepPath,
    attempt: u32,
    set: &SetStep,
    context: &Context,
) {
    turn.started(place, path, attempt, Map::new());
    let name = place.step.name.as_str();
    match values(set, name, context) {
        Ok(output) => turn.step_completed(path, name, attempt, output, 0, 1, Map::new()),
        Err(error) => turn.failed(path, name, attempt, error, 0, Map::new()),
    }
}

fn values(set: &SetStep, step: &str, context: &Context) -> Result<Value, Failure> {
    match &set.value {
        SetValue::One(text) => {
            let ty = set.output_type.as_ref().map_or("auto", |ty| ty.as_str());
            eval::set_coerce(step, &eval::render(text, context)?, ty)
        }
        SetValue::Many(texts) => {
            let mut all = Map::new();
            for (name, text) in texts {
                let value = eval::set_coerce(step, &eval::render(text, context)?, "auto")?;
                all.insert(name.clone(), value);
            }
            Ok(Value::Object(all))
        }
    }
}
