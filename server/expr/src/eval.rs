//! Evaluates an expression tree. What names, attributes, filters and calls mean is the host's business.

use crate::ast::{Argument, Binary, Expr, ExprKind, Literal, Piece, Unary};
use crate::call::Args;
use crate::error::{EvalError, Res};
use crate::format::spec;
use crate::fuel::Fuel;
use crate::value::{Val, arith, compare, dict::Dict, iterate, repr, subscript};

/// The language an expression is evaluated in.
pub(crate) trait Host {
    fn fuel(&self) -> &Fuel;
    fn name(&mut self, name: &str) -> Res<Val>;
    /// `base.name`.
    fn attribute(&mut self, base: &Val, name: &str) -> Res<Val>;
    /// `base[key]`.
    fn item(&mut self, base: &Val, key: &Val) -> Res<Val>;
    fn call(&mut self, callee: &Val, args: Args) -> Res<Val>;
    /// Calls a function by the name it is written with; `None` sends the name through [`Host::name`].
    fn call_named(&mut self, _name: &str) -> Option<Res<Val>> {
        None
    }
    fn filter(&mut self, name: &str, value: Val, args: Args) -> Res<Val>;
    fn test(&mut self, name: &str, value: Val, args: Args) -> Res<bool>;
    /// Checks an operation against the dialect's own bounds before it runs.
    fn admit(&self, _operator: Binary, _a: &Val, _b: &Val) -> Res<()> {
        Ok(())
    }
    /// Whether displays of lists and the like are evaluated.
    fn displays(&self) -> bool {
        true
    }
    /// Whether joined text is marked as escaped.
    fn marks(&self) -> bool {
        false
    }
}

/// The value of a literal.
pub(crate) fn literal(value: &Literal) -> Val {
    match value {
        Literal::None => Val::None,
        Literal::Bool(b) => Val::Bool(*b),
        Literal::Int(i) => Val::Int(i.clone()),
        Literal::Float(f) => Val::Float(*f),
        Literal::Text(s) => Val::str(s.as_str()),
    }
}

/// Evaluates `expr`; errors carry the span of the innermost expression that failed.
pub(crate) fn evaluate(host: &mut dyn Host, expr: &Expr) -> Res<Val> {
    host.fuel().spend(1)?;
    enter(host, expr).map_err(|e| e.at(&expr.span))
}

fn enter(host: &mut dyn Host, expr: &Expr) -> Res<Val> {
    match &expr.kind {
        ExprKind::Literal(value) => Ok(literal(value)),
        ExprKind::Name(name) => host.name(name),
        _ => nested(host, expr),
    }
}

fn nested(host: &mut dyn Host, expr: &Expr) -> Res<Val> {
    host.fuel().descend()?;
    let result = stacker::maybe_grow(128 * 1024, 2 * 1024 * 1024, || compound(host, expr));
    host.fuel().ascend();
    result
}

fn compound(host: &mut dyn Host, expr: &Expr) -> Res<Val> {
    match &expr.kind {
        ExprKind::Literal(value) => Ok(literal(value)),
        ExprKind::Name(name) => host.name(name),
        ExprKind::List(items) => {
            display(host, "List")?;
            Ok(Val::list(all(host, items)?))
        }
        ExprKind::Tuple(items) => {
            display(host, "Tuple")?;
            Ok(Val::tuple(all(host, items)?))
        }
        ExprKind::Dict(pairs) => {
            display(host, "Dict")?;
            let mut dict = Dict::default();
            for (key, value) in pairs {
                let key = evaluate(host, key)?;
                let value = evaluate(host, value)?;
                dict.insert(key, value)?;
            }
            Ok(Val::dict(dict))
        }
        ExprKind::Unary(operator, inner) => {
            let value = evaluate(host, inner)?;
            match operator {
                Unary::Not => Ok(Val::Bool(!value.truth()?)),
                _ => arith::unary(*operator, &value),
            }
        }
        ExprKind::Binary(operator, a, b) => {
            let a = evaluate(host, a)?;
            let b = evaluate(host, b)?;
            host.admit(*operator, &a, &b)?;
            arith::binary(*operator, &a, &b, host.fuel())
        }
        ExprKind::Concat(parts) => concat(host, parts),
        ExprKind::And(a, b) => {
            let a = evaluate(host, a)?;
            if a.truth()? { evaluate(host, b) } else { Ok(a) }
        }
        ExprKind::Or(a, b) => {
            let a = evaluate(host, a)?;
            if a.truth()? { Ok(a) } else { evaluate(host, b) }
        }
        ExprKind::Compare(first, rest) => {
            let mut left = evaluate(host, first)?;
            for (operator, expr) in rest {
                let right = evaluate(host, expr)?;
                if !compare::compare(*operator, &left, &right, host.fuel())? {
                    return Ok(Val::Bool(false));
                }
                left = right;
            }
            Ok(Val::Bool(true))
        }
        ExprKind::Conditional {
            test,
            then,
            otherwise,
        } => {
            if evaluate(host, test)?.truth()? {
                evaluate(host, then)
            } else {
                match otherwise {
                    Some(expr) => evaluate(host, expr),
                    None => Ok(Val::nothing()),
                }
            }
        }
        ExprKind::Attribute { base, name, .. } => {
            let base = evaluate(host, base)?;
            host.attribute(&base, name)
        }
        ExprKind::Item(base, key) => {
            let base = evaluate(host, base)?;
            let key = evaluate(host, key)?;
            host.item(&base, &key)
        }
        ExprKind::Slice { start, stop, step } => {
            let mut bounds = [Val::None, Val::None, Val::None];
            for (slot, expr) in bounds.iter_mut().zip([start, stop, step]) {
                if let Some(expr) = expr {
                    *slot = evaluate(host, expr)?;
                }
            }
            let [start, stop, step] = bounds;
            Ok(subscript::slice(start, stop, step))
        }
        ExprKind::Call(callee, args) => {
            let named = match &callee.kind {
                ExprKind::Name(name) => host.call_named(name),
                _ => None,
            };
            let callee = match named {
                Some(found) => found?,
                None => evaluate(host, callee)?,
            };
            let args = arguments(host, args)?;
            host.call(&callee, args)
        }
        ExprKind::Filter { name, value, args } => {
            let value = match value {
                Some(expr) => evaluate(host, expr)?,
                None => Val::None,
            };
            let args = arguments(host, args)?;
            host.filter(name, value, args)
        }
        ExprKind::Test { name, value, args } => {
            let value = evaluate(host, value)?;
            let args = arguments(host, args)?;
            host.test(name, value, args).map(Val::Bool)
        }
        ExprKind::Formatted(pieces) => formatted(host, pieces).map(Val::str),
        ExprKind::Unavailable(what) => Err(unavailable(what)),
    }
}

fn unavailable(what: &str) -> EvalError {
    EvalError::unsupported(format!("{what} is not available in this language")).named(what)
}

fn display(host: &dyn Host, what: &str) -> Res<()> {
    if host.displays() {
        Ok(())
    } else {
        Err(unavailable(what))
    }
}

fn all(host: &mut dyn Host, items: &[Expr]) -> Res<Vec<Val>> {
    host.fuel().items(items.len())?;
    items.iter().map(|item| evaluate(host, item)).collect()
}

fn concat(host: &mut dyn Host, parts: &[Expr]) -> Res<Val> {
    let values = all(host, parts)?;
    let mut out = String::new();
    for value in &values {
        if host.marks() {
            out.push_str(&repr::escaped(value, host.fuel())?);
        } else {
            out.push_str(&repr::text(value, host.fuel())?);
        }
        host.fuel().text(out.len())?;
    }
    Ok(if host.marks() {
        Val::Markup(out.into())
    } else {
        Val::str(out)
    })
}

fn formatted(host: &mut dyn Host, pieces: &[Piece]) -> Res<String> {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Value(expr, specification) => {
                let value = evaluate(host, expr)?;
                let specification = match specification {
                    Some(pieces) => formatted(host, pieces)?,
                    None => String::new(),
                };
                out.push_str(&spec::format(&value, &specification, host.fuel())?);
            }
        }
        host.fuel().text(out.len())?;
    }
    Ok(out)
}

/// Evaluates call arguments in order, spreading `*` and `**`.
pub(crate) fn arguments(host: &mut dyn Host, args: &[Argument]) -> Res<Args> {
    let mut found = Args::default();
    for argument in args {
        let value = evaluate(host, argument.expr())?;
        match argument {
            Argument::Positional(_) => found.positional.push(value),
            Argument::Named(name, _) => found.named.push((name.clone(), value)),
            Argument::Spread(_) => found
                .positional
                .extend(iterate::items(&value, host.fuel())?),
            Argument::SpreadNamed(_) => {
                for (key, value) in crate::methods::dict::pairs_of(&value)? {
                    let key = key.text().map(|s| s.to_string());
                    found.named.push((
                        key.ok_or_else(|| EvalError::type_error("keywords must be strings"))?,
                        value,
                    ));
                }
            }
        }
    }
    Ok(found)
}
