//! Tries out the conditions of a step's routes: for every name that they read,
//! the values that matter by its declaration and by what it is compared with,
//! in all combinations. Finds a case in which none holds. Says "none" rather
//! than guess: a condition that fails to evaluate proves nothing.

use fermata_expr::condition;
use fermata_workflow::loader::Loaded;
use fermata_workflow::model::{OutputField, StepKind, ValueType};
use fermata_workflow::{Step, Workflow};
use serde_json::{Map, Value, json};

use crate::shapes::{self, Shape};
use crate::texts::{Form, Read, Use};

/// Combinations tried at most; beyond that nothing is said.
const COMBINATIONS: usize = 1_024;

/// One name that the conditions read, and the values to try.
struct Variable {
    path: Vec<String>,
    values: Vec<Value>,
}

/// A case in which no condition holds, in words (empty when there is only one case); `None` if none is found.
pub(crate) fn unmatched(
    loaded: &Loaded,
    workflow: &Workflow,
    step: &Step,
    conditions: &[&Read],
) -> Option<String> {
    // A condition that fails for a name that is not there has no cases; other rules say so.
    let sound = |read: &&Read| {
        read.error.is_none()
            && read
                .uses
                .iter()
                .all(|used| exists(loaded, workflow, step, used))
    };
    if !conditions.iter().all(sound) {
        return None;
    }
    let variables = variables(workflow, step, conditions);
    let total = variables
        .iter()
        .try_fold(1usize, |n, v| n.checked_mul(v.values.len()))?;
    if total > COMBINATIONS || variables.iter().any(|v| v.values.is_empty()) {
        return None;
    }
    (0..total).find_map(|number| {
        let mut context = Value::Object(Map::new());
        let (mut rest, mut words) = (number, Vec::new());
        for variable in &variables {
            let value = &variable.values[rest % variable.values.len()];
            rest /= variable.values.len();
            put(&mut context, &variable.path, value.clone());
            words.push(format!("`{}` is {}", variable.path.join("."), shown(value)));
        }
        let fails = conditions
            .iter()
            .all(|c| matches!(condition::evaluate(&c.text, &context), Ok(false)));
        fails.then(|| words.join(" and "))
    })
}

/// Whether what a condition reads can be there.
fn exists(loaded: &Loaded, workflow: &Workflow, step: &Step, used: &Use) -> bool {
    let (root, called) = (used.path[0].as_str(), used.written.called);
    match used.form {
        Form::Dotted => return false,
        Form::Bare if ["true", "false", "null", "none"].contains(&used.path[1].as_str()) => {
            return false;
        }
        Form::Bare | Form::Flat | Form::Path => {}
    }
    let shape = match root {
        "output" => shapes::own(loaded, workflow, step),
        "workflow" | "context" => Shape::Open,
        _ => match workflow.step(root) {
            Some(on) => shapes::entry(loaded, workflow, on),
            None => return false,
        },
    };
    shape.absent(&used.path, 1, called).is_none()
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text) if text == OTHER => "something else".to_owned(),
        Value::Array(items) if items.is_empty() => "empty".to_owned(),
        Value::Object(fields) if fields.is_empty() => "empty".to_owned(),
        other => format!("`{other}`"),
    }
}

fn variables(workflow: &Workflow, step: &Step, conditions: &[&Read]) -> Vec<Variable> {
    let mut found: Vec<Variable> = Vec::new();
    for used in conditions.iter().flat_map(|c| &c.uses) {
        let mut path = used.path.clone();
        if used.written.called {
            path.pop();
        }
        if !path.is_empty() && !found.iter().any(|v| v.path == path) {
            found.push(Variable {
                path,
                values: Vec::new(),
            });
        }
    }
    // The longer of two paths says more about the shorter one's value.
    let paths: Vec<Vec<String>> = found.iter().map(|v| v.path.clone()).collect();
    found.retain(|v| {
        !paths
            .iter()
            .any(|p| p.len() > v.path.len() && p.starts_with(&v.path))
    });
    for variable in &mut found {
        let compared = constants(conditions, &variable.path);
        variable.values = values(workflow, step, &variable.path, &compared);
    }
    found
}

/// Constants that a path is compared with, in whichever form it is written.
fn constants(conditions: &[&Read], path: &[String]) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for read in conditions {
        for compared in &read.comparisons {
            let at = compared.path.first().map(|s| s.span.start);
            let same = read.uses.iter().any(|u| {
                let own = if u.written.called {
                    &u.path[..u.path.len() - 1]
                } else {
                    &u.path[..]
                };
                own == path && u.spans.first().map(|s| s.start) == at
            });
            if !same {
                continue;
            }
            match &compared.constant {
                Value::Array(items) => found.extend(items.iter().cloned()),
                constant => found.push(constant.clone()),
            }
        }
    }
    found
}

const OTHER: &str = "something else entirely";

fn values(workflow: &Workflow, step: &Step, path: &[String], compared: &[Value]) -> Vec<Value> {
    let group = |s: &Step| matches!(s.kind, StepKind::Parallel(_) | StepKind::ForEach(_));
    let on_group = match path {
        [root, ..] if root == "output" => group(step),
        [root, ..] => workflow.step(root).is_some_and(group),
        [] => false,
    };
    if on_group && path.last().is_some_and(|p| p == "errors") {
        return vec![json!({}), json!({"member": {"message": "failed"}})];
    }
    if path.starts_with(&["context".to_owned(), "history".to_owned()]) {
        return vec![json!(["a"]), json!(vec!["a"; 600])];
    }
    if let Some(options) = gate_options(workflow, path) {
        return options;
    }
    if let Some(field) = declared(workflow, step, path) {
        return of_field(field, compared);
    }
    let mut values = Vec::new();
    for constant in compared {
        match constant {
            Value::Bool(_) => values.extend([json!(true), json!(false)]),
            Value::Number(n) => values.extend(around(n.as_f64())),
            Value::String(_) => values.extend([constant.clone(), json!(OTHER)]),
            _ => values.push(constant.clone()),
        }
    }
    unique(values)
}

fn of_field(field: &OutputField, compared: &[Value]) -> Vec<Value> {
    let mut values = Vec::new();
    if let Some(words) = field.definition.get("enum").and_then(Value::as_array) {
        values.extend(words.iter().cloned());
    } else {
        match field.ty {
            ValueType::Boolean => values.extend([json!(true), json!(false)]),
            ValueType::Number => {
                let bound = |key: &str| field.definition.get(key).and_then(Value::as_f64);
                let (low, high) = (bound("minimum"), bound("maximum"));
                values.extend(compared.iter().flat_map(|c| around(c.as_f64())));
                values.extend([low, high].into_iter().flatten().map(number));
                let inside = |v: &Value| {
                    v.as_f64()
                        .is_none_or(|n| low.is_none_or(|l| n >= l) && high.is_none_or(|h| n <= h))
                };
                values.retain(inside);
            }
            ValueType::String => {
                values.extend(compared.iter().filter(|c| c.is_string()).cloned());
                values.push(json!(OTHER));
            }
            ValueType::Array => values.extend([json!([]), json!([OTHER])]),
            ValueType::Object => values.extend([json!({}), json!({"name": OTHER})]),
        }
    }
    if field.nullable {
        values.push(Value::Null);
    }
    unique(values)
}

fn around(constant: Option<f64>) -> Vec<Value> {
    constant
        .into_iter()
        .flat_map(|n| [n + 1.0, n - 1.0, n])
        .map(number)
        .collect()
}

#[allow(clippy::cast_possible_truncation)]
fn number(n: f64) -> Value {
    if n.fract() == 0.0 && n.abs() < 1e15 {
        json!(n as i64)
    } else {
        json!(n)
    }
}

fn unique(values: Vec<Value>) -> Vec<Value> {
    values.into_iter().fold(Vec::new(), |mut kept, value| {
        if !kept.contains(&value) {
            kept.push(value);
        }
        kept
    })
}

/// What `gate.output.selected` can be.
fn gate_options(workflow: &Workflow, path: &[String]) -> Option<Vec<Value>> {
    let [root, part, selected] = path else {
        return None;
    };
    let StepKind::HumanGate(gate) = &workflow.step(root)?.kind else {
        return None;
    };
    (part == "output" && selected == "selected")
        .then(|| gate.options.iter().map(|o| json!(o.value.value)).collect())
}

fn declared<'w>(
    workflow: &'w Workflow,
    step: &'w Step,
    path: &[String],
) -> Option<&'w OutputField> {
    let (step, rest) = match path {
        [root, rest @ ..] if root == "output" => (step, rest),
        [root, part, rest @ ..] if part == "output" => (workflow.step(root)?, rest),
        _ => return None,
    };
    let [first, rest @ ..] = rest else {
        return None;
    };
    let mut field = step.output.as_ref()?.get(first)?;
    for name in rest {
        field = field.properties.get(name)?;
    }
    Some(field)
}

fn put(context: &mut Value, path: &[String], value: Value) {
    let [first, rest @ ..] = path else {
        *context = value;
        return;
    };
    if !context.is_object() {
        *context = Value::Object(Map::new());
    }
    if let Value::Object(fields) = context {
        put(
            fields.entry(first.clone()).or_insert(Value::Null),
            rest,
            value,
        );
    }
}
