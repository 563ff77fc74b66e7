//! Walks the statement tree and writes the output. Filters, tests and functions have their own files.

use super::loops::{LoopState, Recursion};
use super::lower::BLOCK;
use super::macros::Macro;
use super::node::{self, Block, Node};
use super::partials::Partials;
use super::{filters, functions, names, tests};
use crate::ast::{Expr, ExprKind};
use crate::call::{Args, Callable};
use crate::error::{EvalError, EvalErrorKind, Res};
use crate::eval::{self, Host};
use crate::fuel::{Fuel, TEXT_BYTES};
use crate::methods;
use crate::value::json::from_json;
use crate::value::{Object, Val, iterate, repr, subscript};
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

pub(crate) type Scope = Rc<RefCell<HashMap<String, Val>>>;

pub(crate) struct Renderer {
    pub(super) fuel: Fuel,
    pub(super) scopes: Vec<Scope>,
    out: String,
    pub(super) autoescape: bool,
    /// Texts of the `filter` and `set` blocks being finished.
    blocks: Vec<Val>,
    pub(super) partials: Partials,
    /// Templates taken in so far, by the name they were asked for.
    pub(super) read: HashMap<String, Rc<Vec<Node>>>,
    /// How many scopes the template being rendered began with: what its blocks see.
    pub(super) base: usize,
    /// The template's blocks, each with those it replaces after it.
    pub(super) table: HashMap<String, Vec<Rc<Block>>>,
    /// The template that the one being rendered extends; it writes instead.
    pub(super) parent: Option<Rc<Vec<Node>>>,
}

/// Renders `nodes` against the fields of `context`.
pub(super) fn render(nodes: &[Node], context: &Value, partials: &Partials) -> Res<String> {
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
        partials: partials.clone(),
        read: HashMap::new(),
        base: 0,
        table: HashMap::new(),
        parent: None,
    };
    renderer.template(nodes)?;
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

    pub(super) fn body(&mut self, nodes: &[Node]) -> Res<()> {
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
    pub(super) fn captured(&mut self, body: impl FnOnce(&mut Self) -> Res<()>) -> Res<Val> {
        let outer = std::mem::take(&mut self.out);
        let parent = self.parent.take();
        let result = body(self);
        self.parent = parent;
        let text = std::mem::replace(&mut self.out, outer);
        result?;
        self.fuel.text(text.len())?;
        Ok(if self.autoescape {
            Val::Markup(text.into())
        } else {
            Val::str(text)
        })
    }

    pub(super) fn declare(&mut self, name: &str, value: Val) {
        if let Some(scope) = self.scopes.last() {
            scope.borrow_mut().insert(name.to_owned(), value);
        }
    }

    pub(super) fn assign(&mut self, target: &Expr, value: Val) -> Res<()> {
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
        if self.parent.is_some() && node.writes() {
            return Ok(());
        }
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
                // The block's text is joined as it is: a filter has to give a text.
                if value.text().is_none() {
                    let found = value.type_name();
                    return Err(EvalError::type_error(format!(
                        "a filter block must give a text, its filter gave {found}"
                    ))
                    .at(&filter.span));
                }
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
            Node::Group(body) => self.body(body),
            Node::Block(block) => self.block(&block.name, 0),
            Node::Load(load) => self.load(load),
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
        if name == "self" && !self.table.is_empty() {
            return Ok(self.own_blocks());
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
                Callable::Block { name, level } => {
                    let (name, level) = (name.clone(), *level);
                    self.captured(|r| r.block(&name, level))
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
