//! Attributes and methods of numbers.

use crate::call::Args;
use crate::error::{EvalError, Res};
use crate::value::Val;
use num_bigint::BigInt;
use num_traits::FromPrimitive;

pub(super) const INT_NAMES: &[&str] = &[
    "bit_length",
    "bit_count",
    "conjugate",
    "is_integer",
    "as_integer_ratio",
];
pub(super) const FLOAT_NAMES: &[&str] = &["is_integer", "conjugate", "as_integer_ratio"];

/// Attributes that need no call.
pub(super) fn property(value: &Val, name: &str) -> Option<Val> {
    match (value, value.as_int(), name) {
        (_, Some(i), "real" | "numerator") => Some(Val::Int(i)),
        (_, Some(_), "imag") => Some(Val::int(0)),
        (_, Some(_), "denominator") => Some(Val::int(1)),
        (Val::Float(f), _, "real") => Some(Val::Float(*f)),
        (Val::Float(_), _, "imag") => Some(Val::Float(0.0)),
        _ => None,
    }
}

pub(super) fn call(value: &Val, name: &'static str, args: Args) -> Res<Val> {
    args.exactly::<0>(name)?;
    Ok(match (value, value.as_int(), name) {
        (_, Some(i), "bit_length") => Val::int(i.bits()),
        (_, Some(i), "bit_count") => Val::int(
            i.magnitude()
                .iter_u64_digits()
                .map(|d| u64::from(d.count_ones()))
                .sum::<u64>(),
        ),
        (_, Some(_), "is_integer") => Val::Bool(true),
        (_, Some(i), "as_integer_ratio") => Val::tuple(vec![Val::Int(i), Val::int(1)]),
        (Val::Float(f), _, "is_integer") => Val::Bool(f.is_finite() && f.fract() == 0.0),
        (Val::Float(f), _, "as_integer_ratio") => ratio(*f)?,
        (other, _, _) => other.clone(),
    })
}

fn ratio(number: f64) -> Res<Val> {
    if !number.is_finite() {
        return Err(EvalError::arithmetic(
            "cannot convert Infinity or NaN to integer ratio",
        ));
    }
    let mut numerator = number;
    let mut denominator = BigInt::from(1);
    while numerator.fract() != 0.0 {
        numerator *= 2.0;
        denominator *= 2;
    }
    let whole = BigInt::from_f64(numerator).unwrap_or_default();
    Ok(Val::tuple(vec![Val::Int(whole), Val::Int(denominator)]))
}
