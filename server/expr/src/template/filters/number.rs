//! Filters that read, round and size numbers.

use crate::call::{Args, flag};
use crate::error::{EvalError, EvalErrorKind, Res};
use crate::template::render::Renderer;
use crate::value::{Val, arith, number};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{FromPrimitive, Pow, Signed};

/// `float(value)` where it works; values that do not exist and bounds are errors.
fn read_float(value: &Val) -> Res<Option<f64>> {
    if let Some(text) = value.defined()?.text() {
        return Ok(number::parse_float(text));
    }
    arith::to_float(value)
}

fn to_int(value: &Val, default: Val, base: i64) -> Res<Val> {
    let direct = match value.defined()? {
        Val::Str(text) | Val::Markup(text) => u32::try_from(base)
            .ok()
            .and_then(|b| number::parse_int_radix(text, b)),
        Val::Float(f) if f.is_infinite() => {
            return Err(EvalError::arithmetic(
                "cannot convert float infinity to integer",
            ));
        }
        Val::Float(f) => BigInt::from_f64(f.trunc()),
        other => other.as_int(),
    };
    if let Some(number) = direct {
        return Ok(Val::Int(number));
    }
    match read_float(value) {
        Ok(Some(f)) if f.is_finite() => Ok(BigInt::from_f64(f.trunc()).map_or(default, Val::Int)),
        Err(error) if error.kind != EvalErrorKind::Arithmetic => Err(error),
        _ => Ok(default),
    }
}

/// Rounds half to even at `precision` decimal places.
pub(crate) fn round_even(value: f64, precision: i32) -> f64 {
    if !value.is_finite() || precision > 300 {
        return value;
    }
    if precision >= 0 {
        return format!("{value:.*}", precision as usize)
            .parse()
            .unwrap_or(value);
    }
    let scale = 10f64.powi(-precision);
    (value / scale).round_ties_even() * scale
}

fn round(value: &Val, args: Args) -> Res<Val> {
    let [precision, method] = args.bind("round", ["precision", "method"])?;
    let precision = precision.map_or(Ok(0), |v| v.index())?;
    let precision = i32::try_from(precision.clamp(-400, 400)).unwrap_or(0);
    let method = method.unwrap_or_else(|| Val::str("common"));
    let method = method.text().map(|s| s.to_string()).unwrap_or_default();
    if !matches!(method.as_str(), "common" | "ceil" | "floor") {
        return Err(EvalError::value("method must be common, ceil or floor"));
    }
    let wrong = || {
        let name = value.type_name();
        EvalError::type_error(format!("type {name} doesn't define __round__ method")).named(name)
    };
    if method == "common" {
        return match value.defined()? {
            Val::Float(f) => Ok(Val::Float(round_even(*f, precision))),
            other => {
                let number = other.as_int().ok_or_else(wrong)?;
                if precision >= 0 {
                    return Ok(Val::Int(number));
                }
                let scale = BigInt::from(10).pow(precision.unsigned_abs());
                let (quotient, rest) = number.div_mod_floor(&scale);
                let twice = &rest * 2;
                let up = twice > scale || (twice == scale && quotient.is_odd());
                Ok(Val::Int((quotient + i32::from(up)) * scale))
            }
        };
    }
    let number = arith::to_float(value.defined()?)?.ok_or_else(wrong)?;
    let scale = 10f64.powi(precision);
    let scaled = number * scale;
    if !scaled.is_finite() {
        return Err(EvalError::arithmetic(
            "the number cannot be rounded to an integer",
        ));
    }
    Ok(Val::Float(
        if method == "ceil" {
            scaled.ceil()
        } else {
            scaled.floor()
        } / scale,
    ))
}

fn file_size(value: &Val, binary: bool) -> Res<Val> {
    let bytes =
        read_float(value)?.ok_or_else(|| EvalError::value("a file size must be a number"))?;
    if !bytes.is_finite() {
        return Err(EvalError::arithmetic("a file size must be finite"));
    }
    let base: f64 = if binary { 1024.0 } else { 1000.0 };
    if bytes == 1.0 {
        return Ok(Val::str("1 Byte"));
    }
    if bytes < base {
        return Ok(Val::str(format!("{} Bytes", bytes.trunc())));
    }
    let mut unit = base;
    for (position, prefix) in ["k", "M", "G", "T", "P", "E", "Z", "Y"].iter().enumerate() {
        unit *= base;
        if bytes < unit || position == 7 {
            let prefix = if binary {
                format!("{}iB", prefix.to_uppercase())
            } else {
                format!("{prefix}B")
            };
            return Ok(Val::str(format!("{:.1} {prefix}", base * bytes / unit)));
        }
    }
    Ok(Val::None)
}

pub(super) fn apply(_: &mut Renderer, name: &str, value: Val, args: Args) -> Res<Val> {
    match name {
        "abs" => {
            args.exactly::<0>(name)?;
            match value.defined()? {
                Val::Float(f) => Ok(Val::Float(f.abs())),
                other => other.as_int().map(|i| Val::Int(i.abs())).ok_or_else(|| {
                    let name = other.type_name();
                    EvalError::type_error(format!("bad operand type for abs(): '{name}'"))
                        .named(name)
                }),
            }
        }
        "int" => {
            let [default, base] = args.bind(name, ["default", "base"])?;
            to_int(
                &value,
                default.unwrap_or_else(|| Val::int(0)),
                base.map_or(Ok(10), |v| v.index())?,
            )
        }
        "float" => {
            let [default] = args.bind(name, ["default"])?;
            Ok(read_float(&value)?.map_or_else(|| default.unwrap_or(Val::Float(0.0)), Val::Float))
        }
        "round" => round(&value, args),
        _ => {
            let [binary] = args.bind(name, ["binary"])?;
            file_size(&value, flag(binary, false)?)
        }
    }
}
