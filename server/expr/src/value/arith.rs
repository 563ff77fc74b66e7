//! Arithmetic, bit operations, concatenation and repetition.

use super::{Val, repr};
use crate::ast::{Binary, Unary};
use crate::error::{EvalError, Res};
use crate::fuel::{Fuel, INT_BITS};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};
use std::rc::Rc;

fn symbol(operator: Binary) -> &'static str {
    match operator {
        Binary::Add => "+",
        Binary::Subtract => "-",
        Binary::Multiply => "*",
        Binary::Divide => "/",
        Binary::FloorDivide => "//",
        Binary::Remainder => "%",
        Binary::Power => "** or pow()",
        Binary::ShiftLeft => "<<",
        Binary::ShiftRight => ">>",
        Binary::BitAnd => "&",
        Binary::BitOr => "|",
        Binary::BitXor => "^",
        Binary::MatrixMultiply => "@",
    }
}

fn mismatch(operator: Binary, a: &Val, b: &Val) -> EvalError {
    let (left, right) = (a.type_name(), b.type_name());
    let message = match (operator, a, b) {
        (Binary::Add, Val::Str(_), _) => {
            format!("can only concatenate str (not \"{right}\") to str")
        }
        (Binary::Add, Val::List(_), _) => {
            format!("can only concatenate list (not \"{right}\") to list")
        }
        (Binary::Add, Val::Tuple(_), _) => {
            format!("can only concatenate tuple (not \"{right}\") to tuple")
        }
        _ => format!(
            "unsupported operand type(s) for {}: '{left}' and '{right}'",
            symbol(operator)
        ),
    };
    EvalError::type_error(message).named(left).named(right)
}

/// The float a number is worth; a whole number beyond the float range is an error.
pub(crate) fn to_float(value: &Val) -> Res<Option<f64>> {
    if let Val::Float(f) = value {
        return Ok(Some(*f));
    }
    let Some(number) = value.as_int() else {
        return Ok(None);
    };
    match number.to_f64() {
        Some(f) if f.is_finite() => Ok(Some(f)),
        _ => Err(EvalError::arithmetic("int too large to convert to float")),
    }
}

fn bounded(number: BigInt) -> Res<Val> {
    if number.bits() > INT_BITS {
        return Err(EvalError::limit(format!(
            "the whole number needs more than {INT_BITS} bits"
        )));
    }
    Ok(Val::Int(number))
}

fn floor_mod(a: f64, b: f64) -> f64 {
    let rest = a % b;
    if rest != 0.0 {
        if (rest < 0.0) == (b < 0.0) {
            rest
        } else {
            rest + b
        }
    } else {
        0f64.copysign(b)
    }
}

fn floor_div(a: f64, b: f64) -> f64 {
    let quotient = (a - floor_mod(a, b)) / b;
    let floor = quotient.floor();
    if quotient - floor > 0.5 {
        floor + 1.0
    } else {
        floor
    }
}

fn repeat(value: &Val, times: &Val, fuel: &Fuel) -> Res<Option<Val>> {
    let Some(times) = times.as_int() else {
        return Ok(None);
    };
    let times = if times.is_negative() {
        0
    } else {
        times.to_usize().unwrap_or(usize::MAX)
    };
    Ok(Some(match value {
        Val::Str(s) | Val::Markup(s) => {
            if s.is_empty() {
                return Ok(Some(value.clone()));
            }
            fuel.text(s.len().saturating_mul(times))?;
            let text: Rc<str> = s.repeat(times).into();
            if matches!(value, Val::Markup(_)) {
                Val::Markup(text)
            } else {
                Val::Str(text)
            }
        }
        Val::List(_) | Val::Tuple(_) | Val::Group(_) => {
            let items = value.sequence().unwrap_or_default();
            if items.is_empty() {
                return Ok(Some(value.clone()));
            }
            fuel.items(items.len().saturating_mul(times))?;
            let all: Vec<Val> = items
                .iter()
                .cycle()
                .take(items.len() * times)
                .cloned()
                .collect();
            if matches!(value, Val::List(_)) {
                Val::list(all)
            } else {
                Val::tuple(all)
            }
        }
        _ => return Ok(None),
    }))
}

fn power(a: &Val, b: &Val) -> Res<Option<Val>> {
    if let (Some(base), Some(exponent)) = (a.as_int(), b.as_int())
        && !exponent.is_negative()
    {
        let small = base.bits() <= 1;
        let exponent = match exponent.to_u32() {
            Some(e) => e,
            None if small => u32::from(exponent.is_odd()) + 2,
            None => return Err(EvalError::limit("the exponent is too large")),
        };
        if !small && base.bits().saturating_mul(u64::from(exponent)) > INT_BITS {
            return Err(EvalError::limit(format!(
                "the power needs more than {INT_BITS} bits"
            )));
        }
        return bounded(base.pow(exponent)).map(Some);
    }
    let (Some(x), Some(y)) = (to_float(a)?, to_float(b)?) else {
        return Ok(None);
    };
    if x == 0.0 && y < 0.0 {
        return Err(EvalError::arithmetic(
            "0.0 cannot be raised to a negative power",
        ));
    }
    if x < 0.0 && y.is_finite() && y.fract() != 0.0 {
        return Err(EvalError::unsupported(
            "a negative number to a fractional power is a complex number",
        ));
    }
    let result = x.powf(y);
    if result.is_infinite() && x.is_finite() && y.is_finite() {
        return Err(EvalError::arithmetic(
            "(34, 'Numerical result out of range')",
        ));
    }
    Ok(Some(Val::Float(result)))
}

fn whole(operator: Binary, x: &BigInt, y: &BigInt) -> Res<Option<Val>> {
    if y.is_zero() {
        let message = match operator {
            Binary::Divide => Some("division by zero"),
            Binary::FloorDivide => Some("integer division or modulo by zero"),
            Binary::Remainder => Some("integer modulo by zero"),
            _ => None,
        };
        if let Some(message) = message {
            return Err(EvalError::arithmetic(message));
        }
    }
    Ok(Some(match operator {
        Binary::Add => bounded(x + y)?,
        Binary::Subtract => bounded(x - y)?,
        Binary::Multiply => bounded(x * y)?,
        Binary::FloorDivide => bounded(x.div_floor(y))?,
        Binary::Remainder => bounded(x.mod_floor(y))?,
        Binary::BitAnd => bounded(x & y)?,
        Binary::BitOr => bounded(x | y)?,
        Binary::BitXor => bounded(x ^ y)?,
        Binary::ShiftLeft | Binary::ShiftRight => {
            if y.is_negative() {
                return Err(EvalError::value("negative shift count"));
            }
            let count = y.to_u64().unwrap_or(u64::MAX);
            if operator == Binary::ShiftRight {
                bounded(x >> count.min(INT_BITS + 1))?
            } else if x.is_zero() {
                Val::int(0)
            } else if count.saturating_add(x.bits()) > INT_BITS {
                return Err(EvalError::limit(format!(
                    "the shifted number needs more than {INT_BITS} bits"
                )));
            } else {
                bounded(x << count)?
            }
        }
        Binary::Divide => {
            let (Some(a), Some(b)) = (x.to_f64(), y.to_f64()) else {
                return Ok(None);
            };
            if a.is_finite() && b.is_finite() {
                Val::Float(a / b)
            } else {
                return Err(EvalError::arithmetic(
                    "integer division result too large for a float",
                ));
            }
        }
        Binary::Power | Binary::MatrixMultiply => return Ok(None),
    }))
}

fn floats(operator: Binary, x: f64, y: f64) -> Res<Option<Val>> {
    if y == 0.0
        && matches!(
            operator,
            Binary::Divide | Binary::FloorDivide | Binary::Remainder
        )
    {
        return Err(EvalError::arithmetic(match operator {
            Binary::Divide => "float division by zero",
            Binary::FloorDivide => "float floor division by zero",
            _ => "float modulo by zero",
        }));
    }
    Ok(Some(Val::Float(match operator {
        Binary::Add => x + y,
        Binary::Subtract => x - y,
        Binary::Multiply => x * y,
        Binary::Divide => x / y,
        Binary::FloorDivide => floor_div(x, y),
        Binary::Remainder => floor_mod(x, y),
        _ => return Ok(None),
    })))
}

fn add(a: &Val, b: &Val, fuel: &Fuel) -> Res<Option<Val>> {
    Ok(Some(match (a, b) {
        (Val::Markup(_), other) | (other, Val::Markup(_)) if other.text().is_some() => {
            let joined = format!("{}{}", repr::escaped(a, fuel)?, repr::escaped(b, fuel)?);
            fuel.text(joined.len())?;
            Val::Markup(joined.into())
        }
        (Val::Str(x), Val::Str(y)) => {
            fuel.text(x.len() + y.len())?;
            Val::str(format!("{x}{y}"))
        }
        (Val::List(x), Val::List(y)) => {
            fuel.items(x.borrow().len() + y.borrow().len())?;
            Val::list(
                x.borrow()
                    .iter()
                    .chain(y.borrow().iter())
                    .cloned()
                    .collect(),
            )
        }
        (Val::Tuple(x) | Val::Group(x), Val::Tuple(y) | Val::Group(y)) => {
            fuel.items(x.len() + y.len())?;
            Val::tuple(x.iter().chain(y.iter()).cloned().collect())
        }
        _ => return Ok(None),
    }))
}

/// `a <operator> b`.
pub(crate) fn binary(operator: Binary, a: &Val, b: &Val, fuel: &Fuel) -> Res<Val> {
    a.defined()?;
    if !(operator == Binary::Remainder && a.text().is_some()) {
        b.defined()?;
    }
    fuel.spend(1)?;
    let special = match operator {
        Binary::Add => add(a, b, fuel)?,
        Binary::Multiply => match repeat(a, b, fuel)? {
            Some(value) => Some(value),
            None => repeat(b, a, fuel)?,
        },
        Binary::Remainder if a.text().is_some() => Some(crate::format::percent::apply(a, b, fuel)?),
        Binary::Power => power(a, b)?,
        Binary::BitOr => match (a, b) {
            (Val::Dict(x), Val::Dict(y)) => {
                let mut merged = x.borrow().clone();
                for (key, value) in y.borrow().iter() {
                    merged.insert(key.clone(), value.clone())?;
                }
                Some(Val::dict(merged))
            }
            (Val::Bool(x), Val::Bool(y)) => Some(Val::Bool(x | y)),
            _ => None,
        },
        Binary::BitAnd | Binary::BitXor => match (a, b) {
            (Val::Bool(x), Val::Bool(y)) if operator == Binary::BitAnd => Some(Val::Bool(x & y)),
            (Val::Bool(x), Val::Bool(y)) => Some(Val::Bool(x ^ y)),
            _ => None,
        },
        _ => None,
    };
    if let Some(value) = special {
        return Ok(value);
    }
    let result = if let (Some(x), Some(y)) = (a.as_int(), b.as_int()) {
        fuel.spend((x.bits() + y.bits()) / 512)?;
        whole(operator, &x, &y)?
    } else if matches!(a, Val::Float(_)) || matches!(b, Val::Float(_)) {
        match (to_float(a)?, to_float(b)?) {
            (Some(x), Some(y)) => floats(operator, x, y)?,
            _ => None,
        }
    } else {
        None
    };
    result.ok_or_else(|| mismatch(operator, a, b))
}

/// `<operator> a`.
pub(crate) fn unary(operator: Unary, a: &Val) -> Res<Val> {
    if operator == Unary::Not {
        return Ok(Val::Bool(!a.truth()?));
    }
    a.defined()?;
    let sign = match operator {
        Unary::Minus => "-",
        Unary::Plus => "+",
        Unary::Invert | Unary::Not => "~",
    };
    match (operator, a) {
        (Unary::Minus, Val::Float(f)) => return Ok(Val::Float(-f)),
        (Unary::Plus, Val::Float(f)) => return Ok(Val::Float(*f)),
        _ => {}
    }
    match (operator, a.as_int()) {
        (Unary::Minus, Some(i)) => Ok(Val::Int(-i)),
        (Unary::Plus, Some(i)) => Ok(Val::Int(i)),
        (Unary::Invert, Some(i)) => Ok(Val::Int(-i - 1)),
        _ => {
            let name = a.type_name();
            Err(
                EvalError::type_error(format!("bad operand type for unary {sign}: '{name}'"))
                    .named(name),
            )
        }
    }
}
