//! `text % values`: printf-style formatting with Python's conversions.

use super::spec::float_digits;
use crate::error::{EvalError, Res};
use crate::fuel::Fuel;
use crate::value::{Val, arith, repr};
use num_traits::{FromPrimitive, Signed};
use std::iter::Peekable;
use std::str::Chars;

struct Source<'a> {
    values: Vec<Val>,
    next: usize,
    mapping: Option<&'a Val>,
}

impl Source<'_> {
    fn take(&mut self) -> Res<Val> {
        let value = self.values.get(self.next).cloned();
        self.next += 1;
        value.ok_or_else(|| EvalError::type_error("not enough arguments for format string"))
    }
}

fn digits(chars: &mut Peekable<Chars<'_>>, source: &mut Source<'_>) -> Res<Option<i64>> {
    if chars.next_if_eq(&'*').is_some() {
        return source.take()?.index().map(Some);
    }
    let mut value = None;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        chars.next();
        value = Some(
            value
                .unwrap_or(0i64)
                .saturating_mul(10)
                .saturating_add(i64::from(digit)),
        );
    }
    if value.is_some_and(|v| v > 1_000_000) {
        return Err(EvalError::limit(
            "a width or precision above 1000000 is not formatted",
        ));
    }
    Ok(value)
}

/// `template % values`.
pub(crate) fn apply(template: &Val, values: &Val, fuel: &Fuel) -> Res<Val> {
    let marked = matches!(template, Val::Markup(_));
    let text = template.text().cloned().unwrap_or_else(|| "".into());
    let mapping = matches!(values, Val::Dict(_)).then_some(values);
    let mut source = Source {
        values: match values {
            Val::Tuple(items) | Val::Group(items) => items.to_vec(),
            other => vec![other.clone()],
        },
        next: 0,
        mapping,
    };
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '%' {
            conversion(&mut chars, &mut source, marked, &mut out, fuel)?;
            fuel.text(out.len())?;
        } else {
            out.push(c);
        }
    }
    let leftover = source.next < source.values.len();
    // Python takes a list for a mapping here too, and a mapping need not be used up.
    let mapping = mapping.is_some() || matches!(values, Val::List(_));
    if leftover && !mapping {
        return Err(EvalError::type_error(
            "not all arguments converted during string formatting",
        ));
    }
    Ok(if marked {
        Val::Markup(out.into())
    } else {
        Val::str(out)
    })
}

fn conversion(
    chars: &mut Peekable<Chars<'_>>,
    source: &mut Source<'_>,
    marked: bool,
    out: &mut String,
    fuel: &Fuel,
) -> Res<()> {
    let mut keyed = None;
    if chars.next_if_eq(&'(').is_some() {
        let mut name = String::new();
        let mut depth = 1;
        loop {
            match chars.next() {
                Some(')') if depth == 1 => break,
                Some(c) => {
                    depth += i32::from(c == '(') - i32::from(c == ')');
                    name.push(c);
                }
                None => return Err(EvalError::value("incomplete format key")),
            }
        }
        let Some(Val::Dict(dict)) = source.mapping else {
            return Err(EvalError::type_error("format requires a mapping"));
        };
        let found = dict.borrow().get_text(&name);
        keyed = Some(found.ok_or_else(|| EvalError::lookup(repr::quoted(&name)).named(name))?);
    }
    let (mut minus, mut plus, mut blank, mut zero, mut alternate) =
        (false, false, false, false, false);
    while let Some(c) = chars.next_if(|c| "-+ 0#".contains(*c)) {
        match c {
            '-' => minus = true,
            '+' => plus = true,
            ' ' => blank = true,
            '0' => zero = true,
            _ => alternate = true,
        }
    }
    let mut width = digits(chars, source)?.unwrap_or(0);
    if width < 0 {
        minus = true;
        width = -width;
    }
    let mut precision = None;
    if chars.next_if_eq(&'.').is_some() {
        precision = Some(usize::try_from(digits(chars, source)?.unwrap_or(0)).unwrap_or(0));
    }
    while chars.next_if(|c| "hlL".contains(*c)).is_some() {}
    let Some(kind) = chars.next() else {
        return Err(EvalError::value("incomplete format"));
    };
    if kind == '%' {
        out.push('%');
        return Ok(());
    }
    let value = match keyed {
        Some(value) => value,
        None => source.take()?,
    };
    let wants = |name: &str| {
        EvalError::type_error(format!(
            "%{kind} format: {name} is required, not {}",
            value.type_name()
        ))
        .named(value.type_name())
    };
    let cut = |text: &str| match precision {
        Some(p) => text.chars().take(p).collect::<String>(),
        None => text.to_owned(),
    };
    let mut sign = String::new();
    let mut numeric = true;
    let body = match kind {
        's' | 'r' | 'a' => {
            numeric = false;
            let text = if kind == 's' {
                if marked {
                    repr::escaped(&value, fuel)?
                } else {
                    repr::text(&value, fuel)?
                }
            } else {
                repr::repr(value.defined()?).into()
            };
            cut(&text)
        }
        'c' => {
            numeric = false;
            match (value.defined()?.text(), value.as_int()) {
                (Some(s), _) if s.chars().count() == 1 => s.to_string(),
                (None, Some(code)) => u32::try_from(&code)
                    .ok()
                    .and_then(char::from_u32)
                    .ok_or_else(|| EvalError::arithmetic("%c arg not in range(0x110000)"))?
                    .to_string(),
                _ => return Err(EvalError::type_error("%c requires int or char")),
            }
        }
        'd' | 'i' | 'u' | 'o' | 'x' | 'X' => {
            let number = match (value.defined()?, kind) {
                (Val::Float(f), 'd' | 'i' | 'u') if f.is_finite() => {
                    num_bigint::BigInt::from_f64(f.trunc())
                }
                (other, _) => other.as_int(),
            }
            .ok_or_else(|| {
                wants(if "diu".contains(kind) {
                    "a real number"
                } else {
                    "an integer"
                })
            })?;
            if number.is_negative() {
                sign.push('-');
            }
            let magnitude = number.magnitude();
            let (prefix, digits) = match kind {
                'o' => ("0o", magnitude.to_str_radix(8)),
                'x' => ("0x", magnitude.to_str_radix(16)),
                'X' => ("0X", magnitude.to_str_radix(16).to_uppercase()),
                _ => (
                    "",
                    repr::text(&Val::Int(magnitude.clone().into()), fuel)?.to_string(),
                ),
            };
            if alternate {
                sign.push_str(prefix);
            }
            let missing = precision.unwrap_or(0).saturating_sub(digits.len());
            format!("{}{digits}", "0".repeat(missing))
        }
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            let number = arith::to_float(value.defined()?)?.ok_or_else(|| {
                EvalError::type_error(format!("must be real number, not {}", value.type_name()))
                    .named(value.type_name())
            })?;
            if number.is_sign_negative() {
                sign.push('-');
            }
            float_digits(
                number.abs(),
                Some(kind),
                Some(precision.unwrap_or(6)),
                alternate,
            )
        }
        other => {
            return Err(EvalError::value(format!(
                "unsupported format character '{other}' ({:#x})",
                other as u32
            )));
        }
    };
    if numeric && sign.is_empty() && plus {
        sign.push('+');
    } else if numeric && sign.is_empty() && blank {
        sign.push(' ');
    }
    let len = body.chars().count() + sign.len();
    let missing = usize::try_from(width).unwrap_or(0).saturating_sub(len);
    fuel.text(missing)?;
    let fill = if numeric && zero && !minus { "0" } else { " " }.repeat(missing);
    if minus {
        out.push_str(&format!("{sign}{body}{fill}"));
    } else if numeric && zero {
        out.push_str(&format!("{sign}{fill}{body}"));
    } else {
        out.push_str(&format!("{fill}{sign}{body}"));
    }
    Ok(())
}
