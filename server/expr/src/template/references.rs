//! Which undeclared names a template uses: scopes of loops, assignments and macros are followed.

use super::Need;
use super::names::FUNCTIONS;
use super::node::{Node, Way};
use crate::ast::{Expr, ExprKind, Literal};
use crate::reference::{self, Compared, Reference};
use std::collections::HashSet;

/// Names that exist in no scope of the text.
pub(super) fn references(nodes: &[Node]) -> Vec<Reference> {
    let mut walker = Walker {
        scopes: vec![HashSet::new()],
        found: Vec::new(),
    };
    walker.body(nodes);
    walker.found
}

/// Comparisons in output expressions, tests and assignments.
pub(super) fn comparisons(nodes: &[Node]) -> Vec<Compared> {
    let mut found = Vec::new();
    each_expr(nodes, &mut |expr, decides| {
        if decides {
            reference::comparisons(expr, &mut found);
        }
    });
    found
}

/// Templates taken in anywhere in `nodes`; `None` for a name that is worked out.
pub(super) fn loads(nodes: &[Node]) -> Vec<Option<String>> {
    fn named(expr: &Expr, found: &mut Vec<Option<String>>) {
        match &expr.kind {
            ExprKind::Literal(Literal::Text(name)) => found.push(Some(name.clone())),
            ExprKind::List(items) | ExprKind::Tuple(items) => {
                items.iter().for_each(|item| named(item, found));
            }
            ExprKind::Conditional {
                then, otherwise, ..
            } => {
                named(then, found);
                otherwise.iter().for_each(|other| named(other, found));
            }
            _ => found.push(None),
        }
    }
    let mut found = Vec::new();
    each_node(nodes, &mut |node| {
        if let Node::Load(load) = node {
            named(&load.source, &mut found);
        }
    });
    found
}

/// Loads of which every name is written out and one has to be there.
pub(super) fn needs(nodes: &[Node]) -> Vec<Need> {
    let mut found = Vec::new();
    each_node(nodes, &mut |node| {
        let Node::Load(load) = node else { return };
        let names: Option<Vec<String>> = loads(std::slice::from_ref(node)).into_iter().collect();
        let conditional = matches!(load.source.kind, ExprKind::Conditional { .. });
        let optional = matches!(
            load.way,
            Way::Include {
                ignore_missing: true
            }
        );
        if let Some(names) = names.filter(|_| !conditional && !optional) {
            found.push(Need {
                tag: load.way.tag(),
                names,
                span: load.source.span.clone(),
            });
        }
    });
    found
}

/// Visits every statement.
pub(super) fn each_node<'a>(nodes: &'a [Node], visit: &mut dyn FnMut(&'a Node)) {
    for node in nodes {
        visit(node);
        match node {
            Node::If {
                then, otherwise, ..
            } => {
                each_node(then, visit);
                each_node(otherwise, visit);
            }
            Node::For(each) => {
                each_node(&each.body, visit);
                each_node(&each.otherwise, visit);
            }
            Node::Group(body)
            | Node::SetBlock { body, .. }
            | Node::With { body, .. }
            | Node::FilterBlock { body, .. }
            | Node::AutoEscape { body, .. } => each_node(body, visit),
            Node::Block(block) => each_node(&block.body, visit),
            Node::Macro(definition)
            | Node::CallBlock {
                caller: definition, ..
            } => {
                each_node(&definition.body, visit);
            }
            Node::Text(_) | Node::Output(_) | Node::Set { .. } | Node::Load(_) => {}
        }
    }
}

/// Whether `name` is read anywhere in `nodes`.
pub(super) fn mentions(nodes: &[Node], name: &str) -> bool {
    fn inside(expr: &Expr, name: &str) -> bool {
        let mut hit = matches!(&expr.kind, ExprKind::Name(found) if found == name);
        expr.children(&mut |child| hit = hit || inside(child, name));
        hit
    }
    let mut hit = false;
    each_expr(nodes, &mut |expr, _| hit = hit || inside(expr, name));
    hit
}

/// Visits every expression; the flag tells whether its truth or text decides something.
fn each_expr<'a>(nodes: &'a [Node], visit: &mut dyn FnMut(&'a Expr, bool)) {
    for node in nodes {
        match node {
            Node::Text(_) => {}
            Node::Load(load) => visit(&load.source, true),
            Node::Output(expr) => visit(expr, true),
            Node::If {
                test,
                then,
                otherwise,
            } => {
                visit(test, true);
                each_expr(then, visit);
                each_expr(otherwise, visit);
            }
            Node::For(each) => {
                visit(&each.iterable, false);
                if let Some(condition) = &each.condition {
                    visit(condition, true);
                }
                each_expr(&each.body, visit);
                each_expr(&each.otherwise, visit);
            }
            Node::Set { target, value } => {
                if !matches!(target.kind, ExprKind::Name(_)) {
                    visit(target, false);
                }
                visit(value, false);
            }
            Node::SetBlock { filter, body, .. } => {
                if let Some(filter) = filter {
                    visit(filter, false);
                }
                each_expr(body, visit);
            }
            Node::With { assignments, body } => {
                assignments
                    .iter()
                    .for_each(|(_, value)| visit(value, false));
                each_expr(body, visit);
            }
            Node::FilterBlock { filter, body } => {
                visit(filter, false);
                each_expr(body, visit);
            }
            Node::AutoEscape { enabled, body } => {
                visit(enabled, false);
                each_expr(body, visit);
            }
            Node::Macro(definition) => {
                definition.defaults.iter().for_each(|d| visit(d, false));
                each_expr(&definition.body, visit);
            }
            Node::CallBlock { call, caller } => {
                visit(call, false);
                each_expr(&caller.body, visit);
            }
            Node::Group(body) => each_expr(body, visit),
            Node::Block(block) => each_expr(&block.body, visit),
        }
    }
}

struct Walker {
    scopes: Vec<HashSet<String>>,
    found: Vec<Reference>,
}

impl Walker {
    fn expr(&mut self, expr: &Expr) {
        let scopes = &self.scopes;
        let local = |name: &str| {
            scopes.iter().any(|s| s.contains(name))
                || FUNCTIONS.contains(&name)
                || name == super::lower::BLOCK
        };
        reference::collect(expr, &local, &mut self.found);
    }

    fn declare(&mut self, target: &Expr) {
        match &target.kind {
            ExprKind::Name(name) => {
                if let Some(scope) = self.scopes.last_mut() {
                    scope.insert(name.clone());
                }
            }
            ExprKind::Tuple(items) | ExprKind::List(items) => {
                items.iter().for_each(|item| self.declare(item))
            }
            _ => self.expr(target),
        }
    }

    fn scoped(&mut self, names: &[&str], body: impl FnOnce(&mut Self)) {
        self.scopes
            .push(names.iter().map(|n| (*n).to_owned()).collect());
        body(self);
        self.scopes.pop();
    }

    fn body(&mut self, nodes: &[Node]) {
        for node in nodes {
            self.node(node);
        }
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Text(_) => {}
            Node::Load(load) => {
                self.expr(&load.source);
                match &load.way {
                    Way::Include { .. } | Way::Extends => {}
                    Way::Import { target } => self.declare(target),
                    Way::From { names } => {
                        if let Some(scope) = self.scopes.last_mut() {
                            scope.extend(names.iter().map(|(_, alias)| alias.clone()));
                        }
                    }
                }
            }
            Node::Output(expr) => self.expr(expr),
            Node::If {
                test,
                then,
                otherwise,
            } => {
                self.expr(test);
                self.body(then);
                self.body(otherwise);
            }
            Node::For(each) => {
                self.expr(&each.iterable);
                self.scoped(&["loop"], |w| {
                    w.declare(&each.target);
                    if let Some(condition) = &each.condition {
                        w.expr(condition);
                    }
                    w.body(&each.body);
                });
                self.scoped(&[], |w| w.body(&each.otherwise));
            }
            Node::Set { target, value } => {
                self.expr(value);
                self.declare(target);
            }
            Node::SetBlock {
                target,
                filter,
                body,
            } => {
                if let Some(filter) = filter {
                    self.expr(filter);
                }
                self.scoped(&[], |w| w.body(body));
                self.declare(target);
            }
            Node::With { assignments, body } => {
                assignments.iter().for_each(|(_, value)| self.expr(value));
                self.scoped(&[], |w| {
                    assignments.iter().for_each(|(target, _)| w.declare(target));
                    w.body(body);
                });
            }
            Node::FilterBlock { filter, body } => {
                self.expr(filter);
                self.scoped(&[], |w| w.body(body));
            }
            Node::AutoEscape { enabled, body } => {
                self.expr(enabled);
                self.body(body);
            }
            Node::Macro(definition) => {
                definition.defaults.iter().for_each(|d| self.expr(d));
                if let Some(scope) = self.scopes.last_mut() {
                    scope.insert(definition.name.clone());
                }
                self.scoped(&["varargs", "kwargs", "caller"], |w| {
                    for parameter in &definition.parameters {
                        if let Some(scope) = w.scopes.last_mut() {
                            scope.insert(parameter.clone());
                        }
                    }
                    w.body(&definition.body);
                });
            }
            Node::CallBlock { call, caller } => {
                self.expr(call);
                self.scoped(&["varargs", "kwargs", "caller"], |w| {
                    for parameter in &caller.parameters {
                        if let Some(scope) = w.scopes.last_mut() {
                            scope.insert(parameter.clone());
                        }
                    }
                    w.body(&caller.body);
                });
            }
            Node::Group(body) => self.body(body),
            Node::Block(block) => self.scoped(&["super", "self"], |w| w.body(&block.body)),
        }
    }
}
