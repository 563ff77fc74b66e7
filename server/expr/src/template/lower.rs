//! Turns the parser's tree into ours, with byte spans, and refuses what the dialect does not have.

use super::node::{Block, Load, Loop, Macro, Node, Way};
use crate::ast::{Expr, ExprKind};
use crate::error::SyntaxError;
use minijinja::machinery::{Span, ast};
use std::ops::Range;
use std::rc::Rc;

mod expressions;

type Lowered<T> = Result<T, SyntaxError>;

/// The name the text of a `filter` or `set` block is reached by; no template can write it.
pub(super) const BLOCK: &str = "\0block";

/// Nesting of expressions and blocks that is still followed.
const DEPTH: usize = 200;

pub(super) struct Lowering<'s> {
    pub(super) source: &'s str,
    depth: usize,
    /// Inside a branch an unknown filter only fails once it is reached.
    soft: bool,
}

fn range(span: Span) -> Range<usize> {
    span.start_offset as usize..span.end_offset as usize
}

impl<'s> Lowering<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self {
            source,
            depth: 0,
            soft: false,
        }
    }

    fn nested<T>(
        &mut self,
        span: Range<usize>,
        body: impl FnOnce(&mut Self) -> Lowered<T>,
    ) -> Lowered<T> {
        if self.depth >= DEPTH {
            return Err(SyntaxError {
                message: format!("nested more than {DEPTH} levels deep"),
                span,
            });
        }
        self.depth += 1;
        let result = stacker::maybe_grow(64 * 1024, 1024 * 1024, || body(self));
        self.depth -= 1;
        result
    }

    fn softened<T>(
        &mut self,
        soft: bool,
        body: impl FnOnce(&mut Self) -> Lowered<T>,
    ) -> Lowered<T> {
        let before = std::mem::replace(&mut self.soft, soft);
        let result = body(self);
        self.soft = before;
        result
    }

    pub(super) fn body(&mut self, statements: &[ast::Stmt<'_>]) -> Lowered<Vec<Node>> {
        statements
            .iter()
            .map(|s| self.nested(0..self.source.len(), |l| l.statement(s)))
            .collect()
    }

    fn statement(&mut self, statement: &ast::Stmt<'_>) -> Lowered<Node> {
        Ok(match statement {
            ast::Stmt::Template(t) => Node::Group(self.body(&t.children)?),
            ast::Stmt::EmitRaw(raw) => Node::Text(super::newlines(raw.raw)),
            ast::Stmt::EmitExpr(emit) => Node::Output(self.expr(&emit.expr)?),
            ast::Stmt::IfCond(cond) => self.softened(true, |l| {
                Ok(Node::If {
                    test: l.expr(&cond.expr)?,
                    then: l.body(&cond.true_body)?,
                    otherwise: l.body(&cond.false_body)?,
                })
            })?,
            ast::Stmt::ForLoop(l) => self.softened(false, |lower| {
                Ok(Node::For(Rc::new(Loop {
                    target: lower.expr(&l.target)?,
                    iterable: lower.expr(&l.iter)?,
                    condition: l.filter_expr.as_ref().map(|e| lower.expr(e)).transpose()?,
                    recursive: l.recursive,
                    body: lower.body(&l.body)?,
                    otherwise: lower.body(&l.else_body)?,
                })))
            })?,
            ast::Stmt::Set(set) => Node::Set {
                target: self.expr(&set.target)?,
                value: self.expr(&set.expr)?,
            },
            ast::Stmt::SetBlock(set) => Node::SetBlock {
                target: self.expr(&set.target)?,
                filter: set.filter.as_ref().map(|f| self.expr(f)).transpose()?,
                body: self.softened(false, |l| l.body(&set.body))?,
            },
            ast::Stmt::WithBlock(with) => self.softened(false, |l| {
                let mut assignments = Vec::new();
                for (target, value) in &with.assignments {
                    assignments.push((l.expr(target)?, l.expr(value)?));
                }
                Ok(Node::With {
                    assignments,
                    body: l.body(&with.body)?,
                })
            })?,
            ast::Stmt::FilterBlock(block) => Node::FilterBlock {
                filter: self.expr(&block.filter)?,
                body: self.softened(false, |l| l.body(&block.body))?,
            },
            ast::Stmt::AutoEscape(block) => Node::AutoEscape {
                enabled: self.expr(&block.enabled)?,
                body: self.body(&block.body)?,
            },
            ast::Stmt::Macro(m) => Node::Macro(Rc::new(self.definition(m)?)),
            ast::Stmt::CallBlock(block) => {
                let callee = self.expr(&block.call.expr)?;
                let args = self.arguments(&block.call.args)?;
                let call = Expr::new(
                    ExprKind::Call(Box::new(callee), args),
                    range(block.call.span()),
                );
                Node::CallBlock {
                    call,
                    caller: Rc::new(self.definition(&block.macro_decl)?),
                }
            }
            ast::Stmt::Block(block) => Node::Block(Rc::new(Block {
                name: block.name.to_owned(),
                scoped: self.tag_says(range(block.span()), "scoped"),
                body: self.softened(false, |l| l.body(&block.body))?,
            })),
            ast::Stmt::Import(s) => {
                let way = Way::Import {
                    target: self.expr(&s.name)?,
                };
                self.load(&s.expr, way, range(s.span()))?
            }
            ast::Stmt::FromImport(s) => {
                let mut names = Vec::new();
                for (name, alias) in &s.names {
                    if let ast::Expr::Var(name) = name {
                        let alias = match alias {
                            Some(ast::Expr::Var(alias)) => alias.id,
                            _ => name.id,
                        };
                        names.push((name.id.to_owned(), alias.to_owned()));
                    }
                }
                self.load(&s.expr, Way::From { names }, range(s.span()))?
            }
            ast::Stmt::Extends(s) => self.load(&s.name, Way::Extends, range(s.span()))?,
            ast::Stmt::Include(s) => {
                let way = Way::Include {
                    ignore_missing: s.ignore_missing,
                };
                self.load(&s.name, way, range(s.span()))?
            }
            ast::Stmt::Do(s) => {
                return Err(SyntaxError {
                    message: "the tag 'do' does not exist here; use '{% set _ = … %}'".to_owned(),
                    span: range(s.span()),
                });
            }
            #[allow(unreachable_patterns)]
            _ => {
                return Err(SyntaxError {
                    message: "this tag does not exist here".to_owned(),
                    span: 0..self.source.len(),
                });
            }
        })
    }

    fn load(&mut self, source: &ast::Expr<'_>, way: Way, span: Range<usize>) -> Lowered<Node> {
        let with_context = match way {
            Way::Import { .. } | Way::From { .. } => self.tag_says(span.clone(), "with"),
            Way::Include { .. } => !self.tag_says(span.clone(), "without"),
            Way::Extends => true,
        };
        Ok(Node::Load(Load {
            source: self.expr(source)?,
            way,
            with_context,
            span,
        }))
    }

    /// Whether the tag that a span starts in has a word that the parser reads and forgets.
    fn tag_says(&self, span: Range<usize>, word: &str) -> bool {
        let tag = self.source.get(span.start..).unwrap_or_default();
        let tag = tag.split("%}").next().unwrap_or_default();
        tag.split_whitespace()
            .any(|found| found.trim_end_matches('-') == word)
    }

    fn definition(&mut self, m: &ast::Spanned<ast::Macro<'_>>) -> Lowered<Macro> {
        let mut parameters = Vec::new();
        for arg in &m.args {
            match arg {
                ast::Expr::Var(var) => parameters.push(var.id.to_owned()),
                _ => {
                    return Err(SyntaxError {
                        message: "expected a parameter name".to_owned(),
                        span: range(m.span()),
                    });
                }
            }
        }
        let defaults = m
            .defaults
            .iter()
            .map(|d| self.expr(d))
            .collect::<Lowered<Vec<_>>>()?;
        let body = self.softened(false, |l| l.body(&m.body))?;
        let used = |name: &str| {
            !parameters.iter().any(|p| p == name) && super::references::mentions(&body, name)
        };
        let (uses_varargs, uses_kwargs, uses_caller) =
            (used("varargs"), used("kwargs"), used("caller"));
        Ok(Macro {
            name: m.name.to_owned(),
            parameters,
            defaults,
            body,
            uses_varargs,
            uses_kwargs,
            uses_caller,
        })
    }
}
