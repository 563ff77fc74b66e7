//! Macros as values: a definition with the scopes it was made in; and what a call of one does.

use super::node;
use super::render::{Renderer, Scope};
use crate::call::Args;
use crate::error::{EvalError, Res};
use crate::eval;
use crate::value::{Val, dict::Dict};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

#[derive(Debug)]
pub(crate) struct Macro {
    pub(crate) definition: Rc<node::Macro>,
    pub(crate) scopes: Vec<Scope>,
}

impl Renderer {
    pub(super) fn call_macro(&mut self, called: &Macro, args: Args) -> Res<Val> {
        let definition = &called.definition;
        let name = &definition.name;
        let mut positional = args.positional.into_iter();
        let mut named = args.named;
        let mut bound: Vec<Option<Val>> = Vec::new();
        for parameter in &definition.parameters {
            let given = positional.next();
            let by_name = named
                .iter()
                .position(|(n, _)| n == parameter)
                .map(|at| named.remove(at).1);
            if given.is_some() && by_name.is_some() {
                return Err(EvalError::type_error(format!(
                    "macro '{name}' got multiple values for argument '{parameter}'"
                )));
            }
            bound.push(given.or(by_name));
        }
        let mut scope = HashMap::new();
        if definition.uses_caller {
            let caller = named
                .iter()
                .position(|(n, _)| n == "caller")
                .map(|at| named.remove(at).1);
            let caller = caller
                .unwrap_or_else(|| Val::undefined("No caller defined".to_owned(), Vec::new()));
            scope.insert("caller".to_owned(), caller);
        }
        let rest: Vec<Val> = positional.collect();
        if definition.uses_varargs {
            scope.insert("varargs".to_owned(), Val::tuple(rest));
        } else if !rest.is_empty() {
            let count = definition.parameters.len();
            return Err(EvalError::type_error(format!(
                "macro '{name}' takes not more than {count} argument(s)"
            ))
            .named(name.clone()));
        }
        if definition.uses_kwargs {
            let mut dict = Dict::default();
            named
                .into_iter()
                .for_each(|(key, value)| dict.set(&key, value));
            scope.insert("kwargs".to_owned(), Val::dict(dict));
        } else if let Some((key, _)) = named.first() {
            return Err(EvalError::type_error(format!(
                "macro '{name}' takes no keyword argument '{key}'"
            ))
            .named(name.clone()));
        }
        let mut scopes = called.scopes.clone();
        scopes.push(Rc::new(RefCell::new(scope)));
        let before = std::mem::replace(&mut self.scopes, scopes);
        let result = self.bind_and_run(definition, bound);
        self.scopes = before;
        result
    }

    fn bind_and_run(&mut self, definition: &node::Macro, bound: Vec<Option<Val>>) -> Res<Val> {
        let first_default = definition
            .parameters
            .len()
            .saturating_sub(definition.defaults.len());
        for (position, (parameter, value)) in definition.parameters.iter().zip(bound).enumerate() {
            let value = match value {
                Some(value) => value,
                None => match position
                    .checked_sub(first_default)
                    .and_then(|at| definition.defaults.get(at))
                {
                    Some(default) => eval::evaluate(self, default)?,
                    None => Val::undefined(
                        format!("parameter '{parameter}' was not provided"),
                        vec![parameter.clone()],
                    ),
                },
            };
            self.declare(parameter, value);
        }
        self.captured(|r| r.body(&definition.body))
    }
}
