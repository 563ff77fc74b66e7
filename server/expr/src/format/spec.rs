//! The format specification mini-language (`>8.2f`, `,d`, `%`). Finds no fields; see `braces`.

use crate::error::{EvalError, Res};
use crate::fuel::Fuel;
use crate::value::{Val, arith, number::float_repr, repr};

/// A read specification.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spec {
    pub(crate) fill: Option<char>,
    pub(crate) align: Option<char>,
    pub(crate) sign: Option<char>,
    pub(crate) alternate: bool,
    pub(crate) zero: bool,
    pub(crate) width: usize,
    pub(crate) grouping: Option<char>,
    pub(crate) precision: Option<usize>,
    pub(crate) kind: Option<char>,
}

fn number(chars: &[char], at: &mut usize) -> Res<Option<usize>> {
    let start = *at;
    let mut value = 0usize;
    while let Some(digit) = chars.get(*at).and_then(|c| c.to_digit(10)) {
        value = value.saturating_mul(10).saturating_add(digit as usize);
        *at += 1;
    }
    if value > 1_000_000 {
        return Err(EvalError::limit(
            "a width or precision above 1000000 is not formatted",
        ));
    }
    Ok((*at > start).then_some(value))
}

impl Spec {
    pub(crate) fn parse(text: &str) -> Res<Spec> {
        let chars: Vec<char> = text.chars().collect();
        let mut spec = Spec::default();
        let mut at = 0;
        let is_align = |c: Option<&char>| c.is_some_and(|c| "<>=^".contains(*c));
        if is_align(chars.get(1)) {
            spec.fill = Some(chars[0]);
            spec.align = Some(chars[1]);
            at = 2;
        } else if is_align(chars.first()) {
            spec.align = Some(chars[0]);
            at = 1;
        }
        if let Some(c @ ('+' | '-' | ' ')) = chars.get(at) {
            spec.sign = Some(*c);
            at += 1;
        }
        if chars.get(at) == Some(&'z') {
            at += 1;
        }
        if chars.get(at) == Some(&'#') {
            spec.alternate = true;
            at += 1;
        }
        if chars.get(at) == Some(&'0') {
            spec.zero = true;
            at += 1;
        }
        spec.width = number(&chars, &mut at)?.unwrap_or(0);
        if let Some(c @ (',' | '_')) = chars.get(at) {
            spec.grouping = Some(*c);
            at += 1;
        }
        if chars.get(at) == Some(&'.') {
            at += 1;
            spec.precision = Some(
                number(&chars, &mut at)?
                    .ok_or_else(|| EvalError::value("Format specifier missing precision"))?,
            );
        }
        if let Some(kind) = chars.get(at) {
            spec.kind = Some(*kind);
            at += 1;
        }
        if at < chars.len() {
            return Err(EvalError::value(format!(
                "Invalid format specifier '{text}'"
            )));
        }
        Ok(spec)
    }
}

fn pad(body: &str, sign: &str, spec: &Spec, default_align: char) -> String {
    let len = body.chars().count() + sign.chars().count();
    let missing = spec.width.saturating_sub(len);
    let fill = spec.fill.unwrap_or(if spec.zero { '0' } else { ' ' });
    let align = spec
        .align
        .unwrap_or(if spec.zero { '=' } else { default_align });
    let run = |count: usize| fill.to_string().repeat(count);
    match align {
        '<' => format!("{sign}{body}{}", run(missing)),
        '^' => format!(
            "{}{sign}{body}{}",
            run(missing / 2),
            run(missing - missing / 2)
        ),
        '=' => format!("{sign}{}{body}", run(missing)),
        _ => format!("{}{sign}{body}", run(missing)),
    }
}

fn group(digits: &str, separator: Option<char>, every: usize) -> String {
    let Some(separator) = separator else {
        return digits.to_owned();
    };
    let count = digits.chars().count();
    let mut out = String::new();
    for (position, c) in digits.chars().enumerate() {
        if position > 0 && (count - position).is_multiple_of(every) {
            out.push(separator);
        }
        out.push(c);
    }
    out
}

/// `1.5e+10` from a float with `precision` digits after the point.
fn scientific(value: f64, precision: usize, upper: bool) -> String {
    let text = format!("{value:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    let letter = if upper { 'E' } else { 'e' };
    format!("{mantissa}{letter}{sign}{:02}", exponent.abs())
}

/// The `g` presentation: `precision` significant digits, trailing zeros dropped unless `keep`.
fn general(value: f64, precision: usize, upper: bool, keep: bool) -> String {
    let precision = precision.max(1);
    let probe = format!("{value:.*e}", precision - 1);
    let exponent: i32 = probe
        .split_once('e')
        .and_then(|(_, e)| e.parse().ok())
        .unwrap_or(0);
    let strip = |text: String| {
        if keep || !text.contains('.') {
            text
        } else {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    };
    if exponent < -4 || exponent >= precision as i32 {
        let text = scientific(value, precision - 1, upper);
        let letter = if upper { 'E' } else { 'e' };
        match text.split_once(letter) {
            Some((mantissa, tail)) => format!("{}{letter}{tail}", strip(mantissa.to_owned())),
            None => text,
        }
    } else {
        let places = usize::try_from(precision as i32 - 1 - exponent).unwrap_or(0);
        strip(format!("{value:.places$}"))
    }
}

/// The digits of a non-negative float under `kind`.
pub(crate) fn float_digits(
    value: f64,
    kind: Option<char>,
    precision: Option<usize>,
    alternate: bool,
) -> String {
    let upper = kind.is_some_and(char::is_uppercase);
    if !value.is_finite() {
        let text = float_repr(value);
        return if upper { text.to_uppercase() } else { text };
    }
    match kind {
        Some('f' | 'F') => format!("{value:.*}", precision.unwrap_or(6)),
        Some('e' | 'E') => scientific(value, precision.unwrap_or(6), upper),
        Some('%') => format!("{:.*}%", precision.unwrap_or(6), value * 100.0),
        Some('g' | 'G') => general(value, precision.unwrap_or(6), upper, alternate),
        _ => match precision {
            Some(precision) => {
                let text = general(value, precision, upper, alternate);
                if text.contains(['.', 'e']) {
                    text
                } else {
                    format!("{text}.0")
                }
            }
            None => float_repr(value),
        },
    }
}

fn sign_of(negative: bool, spec: &Spec) -> &'static str {
    match (negative, spec.sign) {
        (true, _) => "-",
        (false, Some('+')) => "+",
        (false, Some(' ')) => " ",
        _ => "",
    }
}

fn format_float(value: f64, spec: &Spec) -> String {
    let negative = value.is_sign_negative() && !value.is_nan();
    let digits = float_digits(value.abs(), spec.kind, spec.precision, spec.alternate);
    let split = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let body = format!(
        "{}{}",
        group(&digits[..split], spec.grouping, 3),
        &digits[split..]
    );
    pad(&body, sign_of(negative, spec), spec, '>')
}

/// `format(value, text)`.
pub(crate) fn format(value: &Val, text: &str, fuel: &Fuel) -> Res<String> {
    value.defined()?;
    if text.is_empty() {
        return Ok(repr::text(value, fuel)?.to_string());
    }
    let spec = Spec::parse(text)?;
    fuel.text(spec.width.max(spec.precision.unwrap_or(0)))?;
    let unknown = || {
        EvalError::value(format!(
            "Unknown format code '{}' for object of type '{}'",
            spec.kind.unwrap_or(' '),
            value.type_name()
        ))
    };
    match value {
        Val::Str(s) | Val::Markup(s) => {
            if !matches!(spec.kind, None | Some('s')) || spec.grouping.is_some() {
                return Err(unknown());
            }
            if spec.align == Some('=') || spec.sign.is_some() {
                return Err(EvalError::value(
                    "'=' alignment and signs are not allowed in a string format",
                ));
            }
            let cut: String = match spec.precision {
                Some(precision) => s.chars().take(precision).collect(),
                None => s.to_string(),
            };
            let mut spec = spec.clone();
            if spec.zero && spec.align.is_none() {
                spec.align = Some('<');
            }
            Ok(pad(&cut, "", &spec, '<'))
        }
        Val::Float(f) => match spec.kind {
            None | Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%' | 'n') => {
                Ok(format_float(*f, &spec))
            }
            _ => Err(unknown()),
        },
        Val::Int(_) | Val::Bool(_) => {
            let number = value.as_int().unwrap_or_default();
            if matches!(value, Val::Bool(_))
                && spec.kind.is_none()
                && spec.grouping.is_none()
                && spec.sign.is_none()
            {
                return Ok(pad(if value.truth()? { "1" } else { "0" }, "", &spec, '>'));
            }
            let negative = number.sign() == num_bigint::Sign::Minus;
            let magnitude = number.magnitude();
            let (prefix, digits, every) = match spec.kind {
                None | Some('d' | 'n') => {
                    if spec.precision.is_some() {
                        return Err(EvalError::value(
                            "Precision not allowed in integer format specifier",
                        ));
                    }
                    (
                        String::new(),
                        repr::text(&Val::Int(magnitude.clone().into()), fuel)?.to_string(),
                        3,
                    )
                }
                Some('b') => ("0b".to_owned(), magnitude.to_str_radix(2), 4),
                Some('o') => ("0o".to_owned(), magnitude.to_str_radix(8), 4),
                Some('x') => ("0x".to_owned(), magnitude.to_str_radix(16), 4),
                Some('X') => (
                    "0X".to_owned(),
                    magnitude.to_str_radix(16).to_uppercase(),
                    4,
                ),
                Some('c') => {
                    let c = u32::try_from(&number).ok().and_then(char::from_u32);
                    let c =
                        c.ok_or_else(|| EvalError::arithmetic("%c arg not in range(0x110000)"))?;
                    return Ok(pad(&c.to_string(), "", &spec, '<'));
                }
                Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%') => {
                    return Ok(format_float(arith::to_float(value)?.unwrap_or(0.0), &spec));
                }
                _ => return Err(unknown()),
            };
            let prefix = if spec.alternate {
                prefix
            } else {
                String::new()
            };
            let sign = format!("{}{prefix}", sign_of(negative, &spec));
            Ok(pad(
                &group(&digits, spec.grouping, every),
                &sign,
                &spec,
                '>',
            ))
        }
        other => {
            let name = other.type_name();
            Err(EvalError::type_error(format!(
                "unsupported format string passed to {name}.__format__"
            ))
            .named(name))
        }
    }
}
