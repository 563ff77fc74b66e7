//! Walks the statement tree and writes the output. Filters, tests and functions have their own files.

use super::loops::{LoopState, Recursion};
use super::lower::BLOCK;
use super::macros::Macro;
use super::node::{self, Node};
use super::{filters, functions, names, tests};
use crate::ast::{Expr, ExprKind};
use crate::call::{Args, Callable};
use crate::error::{EvalError, EvalErrorKind, Res};
use crate::eval::{self, Host};
use crate::fuel::{Fuel, TEXT_BYTES};
use crate::methods;
use crate::value::json::from_json;
use crate::value::{Object, Val, dict::Dict, iterate, repr, subscript};
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

pub(crate) type Scope = Rc<RefCell<HashMap<String, Val>>>;

pub(crate) struct Renderer {
    fuel: Fuel,
    scopes: Vec<Scope>,
    out: String,
    pub(super) autoescape: bool,
    /// Texts of the `filter` and `set` blocks being finished.
    blocks: Vec<Val>,
}

/// Renders `nodes` against the fields of `context`.
pub(super) fn render(nodes: &[Node], context: &Value) -> Res<String> {
    let mut outer = HashMap::new();
    if let Value::Object(entries) = context {
        for (name, value) in entries {
            outer.insert(name.clone(), from_json(value));
        }
    }
    let mut renderer = Renderer {
        fuel: Fuel::default(),
        scopes: vec![Rc::new(RefCell::new(outer)), Scope::default()],
        out: String::new(),
        autoescape: false,
        blocks: Vec::new(),
    };
    renderer.body(nodes)?;
    Ok(renderer.out)
}

impl Renderer {
    fn write(&mut self, text: &str) -> Res<()> {
        if self.out.len() + text.len() > TEXT_BYTES {
            return Err(EvalError::limit(format!(
                "the rendered text passes {TEXT_BYTES} bytes"
            )));
        }
        self.fuel.spend(text.len() as u64 / 256 + 1)?;
        self.out.push_str(text);
        Ok(())
    }

    fn body(&mut self, nodes: &[Node]) -> Res<()> {
        for node in nodes {
            self.fuel.spend(1)?;
            self.fuel.descend()?;
            let result = stacker::maybe_grow(128 * 1024, 2 * 1024 * 1024, || self.node(node));
            self.fuel.ascend();
            result?;
        }
        Ok(())
    }

    fn scoped<T>(&mut self, body: impl FnOnce(&mut Self) -> Res<T>) -> Res<T> {
        self.scopes.push(Scope::default());
        let result = body(self);
        self.scopes.pop();
        result
    }

    /// Runs `body` and takes what it wrote.
    fn captured(&mut self, body: impl FnOnce(&mut Self) -> Res<()>) -> Res<Val> {
        let outer = std::mem::take(&mut self.out);
        let result = body(self);
        let text = std::mem::replace(&mut self.out, outer);
        result?;
        self.fuel.text(text.len())?;
        Ok(if self.autoescape {
            Val::Markup(text.into())
        } else {
            Val::str(text)
        })
    }

    fn declare(&mut self, name: &str, value: Val) {
        if let Some(scope) = self.scopes.last() {
            scope.borrow_mut().insert(name.to_owned(), value);
        }
    }

    fn assign(&mut self, target: &Expr, value: Val) -> Res<()> {
        match &target.kind {
            ExprKind::Name(name) => {
                self.declare(name, value);
                Ok(())
            }
            ExprKind::Tuple(targets) | ExprKind::List(targets) => {
                let values = iterate::items(&value, &self.fuel).map_err(|e| {
                    if e.kind == EvalErrorKind::Type {
                        EvalError::type_error(format!(
                            "cannot unpack non-iterable {} object",
                            value.type_name()
                        ))
                    } else {
                        e
                    }
                })?;
                if values.len() != targets.len() {
                    return Err(EvalError::value(format!(
                        "expected {} values to unpack, got {}",
                        targets.len(),
                        values.len()
                    ))
                    .at(&target.span));
                }
                for (target, value) in targets.iter().zip(values) {
                    self.assign(target, value)?;
                }
                Ok(())
            }
            ExprKind::Attribute { base, name, .. } => {
                let base = eval::evaluate(self, base)?;
                match &base {
                    Val::Object(object) => match &**object {
                        Object::Namespace(entries) => {
                            entries.borrow_mut().set(name, value);
                            Ok(())
                        }
                        _ => Err(not_a_namespace(target)),
                    },
                    _ => Err(not_a_namespace(target)),
                }
            }
            _ => Err(not_a_namespace(target)),
        }
    }

    fn output(&mut self, value: &Val) -> Res<()> {
        let text = if self.autoescape {
            repr::escaped(value, &self.fuel)?
        } else {
            repr::text(value, &self.fuel)?
        };
        self.write(&text)
    }

    fn node(&mut self, node: &Node) -> Res<()> {
        match node {
            Node::Text(text) => self.write(text),
            Node::Output(expr) => {
                let value = eval::evaluate(self, expr)?;
                self.output(&value).map_err(|e| e.at(&expr.span))
            }
            Node::If {
                test,
                then,
                otherwise,
            } => {
                let holds = eval::evaluate(self, test)?
                    .truth()
                    .map_err(|e| e.at(&test.span))?;
                self.body(if holds { then } else { otherwise })
            }
            Node::For(definition) => {
                let iterable = eval::evaluate(self, &definition.iterable)?;
                let items = iterate::items(&iterable, &self.fuel)
                    .map_err(|e| e.at(&definition.iterable.span))?;
                self.run_loop(definition, items, 0)
            }
            Node::Set { target, value } => {
                let value = eval::evaluate(self, value)?;
                self.assign(target, value)
            }
            Node::SetBlock {
                target,
                filter,
                body,
            } => {
                let mut value = self.captured(|r| r.scoped(|r| r.body(body)))?;
                if let Some(filter) = filter {
                    value = self.filtered(value, filter)?;
                }
                self.assign(target, value)
            }
            Node::With { assignments, body } => {
                let mut values = Vec::new();
                for (_, value) in assignments {
                    values.push(eval::evaluate(self, value)?);
                }
                self.scoped(|r| {
                    for ((target, _), value) in assignments.iter().zip(values) {
                        r.assign(target, value)?;
                    }
                    r.body(body)
                })
            }
            Node::FilterBlock { filter, body } => {
                let value = self.captured(|r| r.scoped(|r| r.body(body)))?;
                let value = self.filtered(value, filter)?;
                self.output(&value).map_err(|e| e.at(&filter.span))
            }
            Node::AutoEscape { enabled, body } => {
                let enabled = eval::evaluate(self, enabled)?.truth()?;
                let before = std::mem::replace(&mut self.autoescape, enabled);
                let result = self.scoped(|r| r.body(body));
                self.autoescape = before;
                result
            }
            Node::Macro(definition) => {
                let value = self.macro_value(definition);
                self.declare(&definition.name, value);
                Ok(())
            }
            Node::CallBlock { call, caller } => {
                let ExprKind::Call(callee, args) = &call.kind else {
                    return Ok(());
                };
                let callee = eval::evaluate(self, callee)?;
                let mut args = eval::arguments(self, args)?;
                args.named
                    .push(("caller".to_owned(), self.macro_value(caller)));
                let value = self.call(&callee, args).map_err(|e| e.at(&call.span))?;
                self.output(&value).map_err(|e| e.at(&call.span))
            }
            Node::Block(body) => self.body(body),
            Node::Load { what, span } => Err(EvalError::unsupported(format!(
                "'{what}' needs a prompt that comes from a file; this text has none"
            ))
            .named(*what)
            .at(span)),
        }
    }

    fn filtered(&mut self, value: Val, filter: &Expr) -> Res<Val> {
        self.blocks.push(value);
        let result = eval::evaluate(self, filter);
        self.blocks.pop();
        result
    }

    fn macro_value(&self, definition: &Rc<node::Macro>) -> Val {
        let made = Macro {
            definition: definition.clone(),
            scopes: self.scopes.clone(),
        };
        Val::Callable(Rc::new(Callable::Macro(Rc::new(made))))
    }

    pub(super) fn run_loop(
        &mut self,
        definition: &Rc<node::Loop>,
        items: Vec<Val>,
        depth0: usize,
    ) -> Res<()> {
        let items = match &definition.condition {
            None => items,
            Some(condition) => {
                let mut kept = Vec::new();
                for item in items {
                    let holds = self.scoped(|r| {
                        r.assign(&definition.target, item.clone())?;
                        eval::evaluate(r, condition)?
                            .truth()
                            .map_err(|e| e.at(&condition.span))
                    })?;
                    if holds {
                        kept.push(item);
                    }
                }
                kept
            }
        };
        if items.is_empty() {
            return self.scoped(|r| r.body(&definition.otherwise));
        }
        let recursion = definition.recursive.then(|| Recursion {
            definition: definition.clone(),
            scopes: self.scopes.clone(),
        });
        let state = Rc::new(Object::Loop(LoopState {
            items,
            position: Cell::new(0),
            depth0,
            changed: RefCell::new(None),
            recursion,
        }));
        let Object::Loop(turns) = &*state else {
            return Ok(());
        };
        for (position, item) in turns.items.iter().enumerate() {
            self.fuel.spend(1)?;
            turns.position.set(position);
            self.scoped(|r| {
                r.declare("loop", Val::Object(state.clone()));
                r.assign(&definition.target, item.clone())?;
                r.body(&definition.body)
            })?;
        }
        Ok(())
    }

    /// Runs the next level of a recursive loop and returns its text.
    fn recurse(&mut self, state: &LoopState, args: Args) -> Res<Val> {
        let Some(recursion) = &state.recursion else {
            return Err(EvalError::type_error(
                "the loop must have the 'recursive' marker to be called recursively",
            ));
        };
        let [iterable] = args.exactly::<1>("loop")?;
        let items = iterate::items(&iterable, &self.fuel)?;
        let before = std::mem::replace(&mut self.scopes, recursion.scopes.clone());
        let result = self.captured(|r| {
            r.fuel.descend()?;
            let result = r.run_loop(&recursion.definition, items, state.depth0 + 1);
            r.fuel.ascend();
            result
        });
        self.scopes = before;
        result
    }

    fn call_macro(&mut self, called: &Macro, args: Args) -> Res<Val> {
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

fn not_a_namespace(target: &Expr) -> EvalError {
    EvalError::type_error("cannot assign attribute on non-namespace object").at(&target.span)
}

impl Host for Renderer {
    fn fuel(&self) -> &Fuel {
        &self.fuel
    }

    fn marks(&self) -> bool {
        self.autoescape
    }

    fn name(&mut self, name: &str) -> Res<Val> {
        if name == BLOCK {
            return Ok(self.blocks.last().cloned().unwrap_or(Val::None));
        }
        for scope in self.scopes.iter().rev() {
            if let Some(value) = scope.borrow().get(name) {
                return Ok(value.clone());
            }
        }
        if let Some(function) = names::FUNCTIONS.iter().find(|f| **f == name) {
            return Ok(Val::Callable(Rc::new(Callable::Function(function))));
        }
        Ok(Val::undefined(
            format!("'{name}' is undefined"),
            vec![name.to_owned()],
        ))
    }

    fn attribute(&mut self, base: &Val, name: &str) -> Res<Val> {
        base.defined()?;
        let found = match base {
            Val::Dict(dict) => dict
                .borrow()
                .get_text(name)
                .or_else(|| methods::attribute(base, name)),
            Val::Object(object) => {
                functions::attribute(object, name).or_else(|| methods::attribute(base, name))
            }
            Val::Callable(callable) => functions::callable_attribute(callable, name),
            other => methods::attribute(other, name),
        };
        Ok(found.unwrap_or_else(|| Val::missing_of(base, &Val::str(name))))
    }

    fn item(&mut self, base: &Val, key: &Val) -> Res<Val> {
        base.defined()?;
        match subscript::element(base, key, &self.fuel) {
            Ok(value) => Ok(value),
            Err(error)
                if matches!(
                    error.kind,
                    EvalErrorKind::Limit | EvalErrorKind::Undefined | EvalErrorKind::Value
                ) =>
            {
                Err(error)
            }
            Err(_) => {
                let attribute = match (key.text(), base) {
                    (Some(name), Val::Object(object)) => functions::attribute(object, name),
                    (Some(name), other) => methods::attribute(other, name),
                    _ => None,
                };
                Ok(attribute.unwrap_or_else(|| Val::missing_of(base, key)))
            }
        }
    }

    fn call(&mut self, callee: &Val, args: Args) -> Res<Val> {
        self.fuel.spend(1)?;
        match callee.defined()? {
            Val::Callable(callable) => match &**callable {
                Callable::Function(name) => functions::call(self, name, args),
                Callable::Method {
                    receiver: Val::Object(object),
                    name,
                } => functions::call_object(self, object, name, args),
                Callable::Method { receiver, name } => methods::call(self, receiver, name, args),
                Callable::Macro(called) => {
                    let called = called.clone();
                    self.fuel.descend()?;
                    let result = stacker::maybe_grow(128 * 1024, 2 * 1024 * 1024, || {
                        self.call_macro(&called, args)
                    });
                    self.fuel.ascend();
                    result
                }
            },
            Val::Object(object) => match &**object {
                Object::Loop(state) => self.recurse(state, args),
                Object::Joiner { .. } => functions::call_object(self, object, "", args),
                Object::Type("str") => args
                    .exactly::<1>("str")
                    .and_then(|[v]| repr::text(&v, &self.fuel).map(Val::Str)),
                _ => Err(not_callable(callee)),
            },
            other => Err(not_callable(other)),
        }
    }

    fn filter(&mut self, name: &str, value: Val, args: Args) -> Res<Val> {
        self.fuel.spend(1)?;
        filters::apply(self, name, value, args)
    }

    fn test(&mut self, name: &str, value: Val, args: Args) -> Res<bool> {
        self.fuel.spend(1)?;
        tests::apply(self, name, value, args)
    }
}

fn not_callable(value: &Val) -> EvalError {
    let name = value.type_name();
    EvalError::type_error(format!("'{name}' object is not callable")).named(name)
}
