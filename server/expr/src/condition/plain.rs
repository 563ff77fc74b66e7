//! The plain condition language: names, functions and bounds of the small Python subset. Rule 4.3.

use crate::ast::{Binary, Expr};
use crate::call::{Args, Callable};
use crate::error::{EvalError, EvalErrorKind, Res, SyntaxError};
use crate::eval::{self, Host};
use crate::fuel::Fuel;
use crate::methods;
use crate::value::{Val, arith, dict::Dict, iterate, number, repr, subscript};
use num_bigint::BigInt;
use num_traits::{FromPrimitive, Signed, ToPrimitive};
use std::rc::Rc;

/// Longest text or list an operation may produce.
const MAX_TEXT: u64 = 100_000;
/// Largest base and exponent of a power.
const MAX_POWER: i64 = 4_000_000;
const FUNCTIONS: &[&str] = &["rand", "randint", "int", "float", "str"];

pub(super) struct Plain {
    pub(super) names: Dict,
    pub(super) fuel: Fuel,
}

/// Reads a plain condition; an empty one has no value and is refused.
pub(super) fn parse(when: &str) -> Result<Expr, SyntaxError> {
    let start = when.len() - when.trim_start_matches(number::is_space).len();
    let text = when.trim_matches(number::is_space);
    let shift = |mut e: SyntaxError| {
        e.span = e.span.start + start..e.span.end + start;
        e
    };
    // Blanks become part of the parsed text so that every span is true without moving it.
    let padded;
    let parsed = if start == 0 {
        super::parser::parse(text).map_err(shift)?
    } else {
        padded = format!("{}{text}", " ".repeat(start));
        super::parser::parse(&padded)?
    };
    parsed.ok_or_else(|| SyntaxError {
        message: "expected an expression, found nothing".to_owned(),
        span: 0..when.len(),
    })
}

fn too_long(length: u64) -> Res<()> {
    if length > MAX_TEXT {
        return Err(EvalError::limit(format!(
            "a value of {length} items is too long; at most {MAX_TEXT}"
        )));
    }
    Ok(())
}

fn length(value: &Val) -> Option<u64> {
    iterate::length(value).ok().map(|n| n as u64)
}

impl Host for Plain {
    fn fuel(&self) -> &Fuel {
        &self.fuel
    }

    fn displays(&self) -> bool {
        false
    }

    fn name(&mut self, name: &str) -> Res<Val> {
        if let Some(found) = self.names.get_text(name) {
            return Ok(found);
        }
        if let Some(function) = FUNCTIONS.iter().find(|f| **f == name) {
            return Ok(Val::Callable(Rc::new(Callable::Function(function))));
        }
        Err(
            EvalError::new(EvalErrorKind::Undefined, format!("'{name}' is not defined"))
                .named(name),
        )
    }

    fn call_named(&mut self, name: &str) -> Option<Res<Val>> {
        Some(match FUNCTIONS.iter().find(|f| **f == name) {
            Some(function) => Ok(Val::Callable(Rc::new(Callable::Function(function)))),
            None => Err(EvalError::new(
                EvalErrorKind::Undefined,
                format!(
                    "there is no function '{name}'; only {} exist",
                    FUNCTIONS.join(", ")
                ),
            )
            .named(name)),
        })
    }

    fn attribute(&mut self, base: &Val, name: &str) -> Res<Val> {
        if name.starts_with('_')
            || name.starts_with("func_")
            || matches!(name, "format" | "format_map" | "mro")
        {
            return Err(
                EvalError::unsupported(format!("the attribute '{name}' may not be used"))
                    .named(name),
            );
        }
        if let Some(found) = methods::attribute(base, name) {
            return Ok(found);
        }
        if let Val::Dict(dict) = base
            && let Some(found) = dict.borrow().get_text(name)
        {
            return Ok(found);
        }
        Err(EvalError::new(
            EvalErrorKind::Undefined,
            format!("there is no attribute '{name}'"),
        )
        .named(name))
    }

    fn item(&mut self, base: &Val, key: &Val) -> Res<Val> {
        subscript::element(base, key, &self.fuel)
    }

    fn call(&mut self, callee: &Val, args: Args) -> Res<Val> {
        match callee {
            Val::Callable(callable) => match &**callable {
                Callable::Function(name) => function(name, args, &self.fuel),
                Callable::Method { receiver, name } => methods::call(self, receiver, name, args),
                Callable::Macro(_) | Callable::Block { .. } => {
                    Err(EvalError::unsupported("this cannot be called"))
                }
            },
            other => {
                let name = other.type_name();
                Err(EvalError::type_error(format!("'{name}' object is not callable")).named(name))
            }
        }
    }

    fn filter(&mut self, name: &str, _value: Val, _args: Args) -> Res<Val> {
        Err(EvalError::unsupported(format!(
            "the filter '{name}' needs a template"
        )))
    }

    fn test(&mut self, name: &str, _value: Val, _args: Args) -> Res<bool> {
        Err(EvalError::unsupported(format!(
            "the test '{name}' needs a template"
        )))
    }

    fn admit(&self, operator: Binary, a: &Val, b: &Val) -> Res<()> {
        match operator {
            Binary::Power => {
                let limit = BigInt::from(MAX_POWER);
                let high = |v: &Val| match v {
                    Val::Float(f) => f.abs() > MAX_POWER as f64,
                    other => other.as_int().is_some_and(|i| i.abs() > limit),
                };
                if high(a) || high(b) {
                    return Err(EvalError::limit(format!(
                        "a power with a number above {MAX_POWER} is not computed"
                    )));
                }
                Ok(())
            }
            Binary::Add => match (length(a), length(b)) {
                (Some(x), Some(y)) => too_long(x + y),
                _ => Ok(()),
            },
            Binary::Multiply => {
                for (value, times) in [(a, b), (b, a)] {
                    if let (Some(length), Some(times)) = (length(value), times.as_int()) {
                        let times = if times.is_negative() {
                            0
                        } else {
                            times.to_u64().unwrap_or(u64::MAX)
                        };
                        too_long(length.saturating_mul(times))?;
                    }
                }
                Ok(())
            }
            Binary::ShiftLeft | Binary::ShiftRight => match b.as_int().map(|i| i.to_i64()) {
                Some(None | Some(10_001..)) => Err(EvalError::limit(
                    "a shift by more than 10000 is not computed",
                )),
                _ => Ok(()),
            },
            Binary::MatrixMultiply => {
                Err(EvalError::unsupported("the operator '@' is not available"))
            }
            _ => Ok(()),
        }
    }
}

fn function(name: &'static str, args: Args, fuel: &Fuel) -> Res<Val> {
    match name {
        "rand" => {
            args.exactly::<0>(name)?;
            Ok(Val::Float(fuel.draw(1 << 30) as f64 / f64::from(1 << 30)))
        }
        "randint" => {
            let [top] = args.exactly::<1>(name)?;
            let top = match top {
                Val::Float(f) => Val::int(BigInt::from_f64(f.trunc()).unwrap_or_default()),
                other => other,
            };
            let top = top.index()?;
            Ok(Val::int(fuel.draw(u64::try_from(top).unwrap_or(0))))
        }
        "str" => {
            let [value] = args.bind(name, ["object"])?;
            Ok(match value {
                Some(value) => Val::Str(repr::text(&value, fuel)?),
                None => Val::str(""),
            })
        }
        "int" => {
            let [value, base] = args.bind(name, ["", "base"])?;
            let Some(value) = value else {
                return Ok(Val::int(0));
            };
            to_int(&value, base)
        }
        _ => {
            let [value] = args.bind(name, [""])?;
            let Some(value) = value else {
                return Ok(Val::Float(0.0));
            };
            if let Some(text) = value.text() {
                return number::parse_float(text).map(Val::Float).ok_or_else(|| {
                    EvalError::value(format!(
                        "could not convert string to float: {}",
                        repr::quoted(text)
                    ))
                });
            }
            arith::to_float(&value)?
                .map(Val::Float)
                .ok_or_else(|| wrong("float", &value))
        }
    }
}

fn wrong(function: &str, value: &Val) -> EvalError {
    let name = value.type_name();
    EvalError::type_error(format!(
        "{function}() argument must be a string or a real number, not '{name}'"
    ))
    .named(name)
}

fn to_int(value: &Val, base: Option<Val>) -> Res<Val> {
    if let Some(text) = value.text() {
        let base = base.map_or(Ok(10), |b| b.index())?;
        let parsed = u32::try_from(base)
            .ok()
            .and_then(|base| number::parse_int_radix(text, base));
        return parsed.map(Val::Int).ok_or_else(|| {
            EvalError::value(format!(
                "invalid literal for int() with base {base}: {}",
                repr::quoted(text)
            ))
        });
    }
    if base.is_some() {
        return Err(EvalError::type_error(
            "int() can't convert non-string with explicit base",
        ));
    }
    if let Val::Float(f) = value {
        return BigInt::from_f64(f.trunc()).map(Val::Int).ok_or_else(|| {
            EvalError::arithmetic(format!(
                "cannot convert float {} to integer",
                number::float_repr(*f)
            ))
        });
    }
    value
        .as_int()
        .map(Val::Int)
        .ok_or_else(|| wrong("int", value))
}

/// Evaluates a parsed plain condition.
pub(super) fn evaluate(expr: &Expr, names: Dict) -> Res<bool> {
    let mut host = Plain {
        names,
        fuel: Fuel::default(),
    };
    eval::evaluate(&mut host, expr)?.truth()
}
