//! Route tables: the first route whose condition holds. Rule 4.3.

use super::evaluate;
use crate::error::{EvalError, EvalErrorKind};
use crate::template;
use serde_json::{Map, Value};

/// The route a table leads to.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// Position of the route in the table, from 0.
    pub index: usize,
    /// Its `to`.
    pub target: String,
    /// Its `output` values, rendered; `None` where it has none. Only a route to `$end` uses them.
    pub transform: Option<Map<String, Value>>,
}

/// Picks the first matching route; one without `when` always matches.
///
/// `routes` is a list of `{to, when?, output?}`, `output` the value just produced, `context` what the
/// conditions see besides it.
///
/// # Errors
/// [`EvalErrorKind::Unmatched`] where no route applies, else the error of the condition or template met on the way.
pub fn choose_route(
    routes: &[Value],
    output: &Value,
    context: &Value,
) -> Result<Chosen, EvalError> {
    let mut scope = match context {
        Value::Object(entries) => entries.clone(),
        _ => Map::new(),
    };
    scope.insert("output".to_owned(), output.clone());
    let scope = Value::Object(scope);
    for (index, route) in routes.iter().enumerate() {
        let holds = match route.get("when") {
            Some(Value::String(when)) => evaluate(when, &scope)?,
            _ => true,
        };
        if !holds {
            continue;
        }
        let target = route
            .get("to")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let transform = match route.get("output") {
            Some(Value::Object(values)) => {
                let mut rendered = Map::new();
                for (name, value) in values {
                    let text = match value {
                        Value::String(source) => Value::String(template::render(source, &scope)?),
                        other => other.clone(),
                    };
                    rendered.insert(name.clone(), text);
                }
                Some(rendered)
            }
            _ => None,
        };
        return Ok(Chosen {
            index,
            target,
            transform,
        });
    }
    Err(EvalError::new(
        EvalErrorKind::Unmatched,
        format!(
            "none of the {} routes applies; add a last route without 'when'",
            routes.len()
        ),
    )
    .named("when"))
}
