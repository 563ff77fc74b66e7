//! Templates that take in others: `include`, `import`, `extends`, and the blocks that are replaced on the way.

use super::node::{Load, Node, Way};
use super::references;
use super::render::{Renderer, Scope};
use crate::ast::Expr;
use crate::call::Callable;
use crate::error::{EvalError, Res};
use crate::eval;
use crate::value::dict::Dict;
use crate::value::{Val, iterate};
use std::rc::Rc;

/// What taking in one template costs, so that templates that take in themselves come to an end.
const COST: u64 = 1_000;

impl Renderer {
    /// Renders a template of its own, and those it extends, in the scopes that are set.
    pub(super) fn template(&mut self, nodes: &[Node]) -> Res<()> {
        let base = std::mem::replace(&mut self.base, self.scopes.len());
        let table = std::mem::take(&mut self.table);
        let parent = self.parent.take();
        self.learn(nodes);
        let mut result = self.body(nodes);
        while result.is_ok() {
            let Some(next) = self.parent.take() else {
                break;
            };
            result = self.body(&next);
        }
        (self.base, self.table, self.parent) = (base, table, parent);
        result
    }

    /// Remembers the blocks of a template below those that replace them.
    fn learn(&mut self, nodes: &[Node]) {
        references::each_node(nodes, &mut |node| {
            if let Node::Block(block) = node {
                let levels = self.table.entry(block.name.clone()).or_default();
                levels.push(block.clone());
            }
        });
    }

    /// Writes a block; `level` counts from the template that replaces all others.
    pub(super) fn block(&mut self, name: &str, level: usize) -> Res<()> {
        let levels = self.table.get(name).map(Vec::as_slice).unwrap_or_default();
        let Some(block) = levels.get(level).cloned() else {
            return Ok(());
        };
        let above = if levels.len() > level + 1 {
            Val::Callable(Rc::new(Callable::Block {
                name: name.to_owned(),
                level: level + 1,
            }))
        } else {
            Val::undefined(
                format!("there is no parent block called '{name}'"),
                vec![name.to_owned()],
            )
        };
        let seen = if block.scoped {
            self.scopes.len()
        } else {
            self.base.min(self.scopes.len())
        };
        let mut scopes = self.scopes[..seen].to_vec();
        scopes.push(Scope::default());
        let before = std::mem::replace(&mut self.scopes, scopes);
        self.declare("super", above);
        let result = self.body(&block.body);
        self.scopes = before;
        result
    }

    /// The blocks as `self` shows them.
    pub(super) fn own_blocks(&self) -> Val {
        let mut dict = Dict::default();
        for name in self.table.keys() {
            let block = Callable::Block {
                name: name.clone(),
                level: 0,
            };
            dict.set(name, Val::Callable(Rc::new(block)));
        }
        Val::dict(dict)
    }

    pub(super) fn load(&mut self, load: &Load) -> Res<()> {
        let found = self.found(load).map_err(|error| error.at(&load.span));
        let Some((name, nodes)) = found? else {
            return Ok(());
        };
        let result = self.taken_in(load, &nodes);
        result.map_err(|mut error| {
            // The place is one of the other text, which whoever shows the error does not have.
            error.span = Some(load.span.clone());
            error.message = format!("in `{name}`: {}", error.message);
            error
        })
    }

    fn taken_in(&mut self, load: &Load, nodes: &Rc<Vec<Node>>) -> Res<()> {
        if matches!(load.way, Way::Extends) {
            if self.parent.is_some() {
                return Err(EvalError::value("a template can extend only one other"));
            }
            self.learn(nodes);
            self.parent = Some(nodes.clone());
            return Ok(());
        }
        let top = Scope::default();
        let mut scopes = match load.with_context {
            true => self.scopes.clone(),
            false => Vec::new(),
        };
        scopes.push(top.clone());
        let before = std::mem::replace(&mut self.scopes, scopes);
        let result = match load.way {
            Way::Include { .. } => self.template(nodes),
            _ => self.captured(|r| r.template(nodes)).map(|_| ()),
        };
        self.scopes = before;
        result?;
        match &load.way {
            Way::Include { .. } | Way::Extends => Ok(()),
            Way::Import { target } => {
                let mut dict = Dict::default();
                for (name, value) in top.borrow().iter() {
                    if !name.starts_with('_') {
                        dict.set(name, value.clone());
                    }
                }
                self.assign(target, Val::dict(dict))
            }
            Way::From { names } => {
                for (name, alias) in names {
                    let value = top.borrow().get(name).cloned().unwrap_or_else(|| {
                        Val::undefined(
                            format!("the imported template does not have '{name}'"),
                            vec![name.clone()],
                        )
                    });
                    self.declare(alias, value);
                }
                Ok(())
            }
        }
    }

    /// The first template of those that a tag names; `None` where none has to be there.
    fn found(&mut self, load: &Load) -> Res<Option<(String, Rc<Vec<Node>>)>> {
        let tag = load.way.tag();
        if !self.partials.allowed() {
            return Err(EvalError::unsupported(format!(
                "'{tag}' needs a prompt that comes from a file; this text has none"
            ))
            .named(tag));
        }
        self.fuel.spend(COST)?;
        let names = self.named(&load.source)?;
        for name in &names {
            if let Some(nodes) = self.read.get(name) {
                return Ok(Some((name.clone(), nodes.clone())));
            }
            match self.partials.get(name) {
                None => {}
                Some(Err(reason)) => {
                    return Err(EvalError::value(format!("`{name}`: {reason}")).named(name.clone()));
                }
                Some(Ok(text)) => {
                    let parsed = super::parse(text).map_err(|error| {
                        let mut error = EvalError::from(error);
                        error.message = format!("in `{name}`: {}", error.message);
                        error.span = Some(load.span.clone());
                        error
                    })?;
                    let nodes = Rc::new(parsed.nodes);
                    self.read.insert(name.clone(), nodes.clone());
                    return Ok(Some((name.clone(), nodes)));
                }
            }
        }
        if matches!(
            load.way,
            Way::Include {
                ignore_missing: true
            }
        ) {
            return Ok(None);
        }
        let mut error = EvalError::lookup(format!(
            "'{tag}' finds no template `{}` in the folder of the prompt file",
            names.join("`, `")
        ));
        error.names = names;
        Err(error)
    }

    fn named(&mut self, source: &Expr) -> Res<Vec<String>> {
        let value = eval::evaluate(self, source)?;
        if let Some(name) = value.defined()?.text() {
            return Ok(vec![name.to_string()]);
        }
        let items = iterate::items(&value, &self.fuel)?;
        Ok(items
            .iter()
            .filter_map(|item| item.text().map(|name| name.to_string()))
            .collect())
    }
}
