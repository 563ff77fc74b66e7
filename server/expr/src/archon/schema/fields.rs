//! Checks of single values, shared by every part of a node: texts, numbers, words, lists. Each takes a map and a key
//! and says nothing about a key that is not there.

use serde_json::{Map, Value};

use super::issue::{Issues, Rule, TYPE};
use crate::archon::js;

/// A map of the file.
pub(super) type Object = Map<String, Value>;

/// A short word for what a value is.
pub(super) fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        // Numbers that JSON cannot hold.
        Value::Object(map) if map.contains_key("__float__") => "a number without end",
        Value::Object(_) => "a map",
    }
}

/// Whether a number is an integer, as JavaScript sees it: `2.0` is.
pub(super) fn integer(value: &Value) -> Option<f64> {
    value.as_f64().filter(|n| n.fract() == 0.0)
}

/// A text.
pub(super) fn text(map: &Object, key: &str, rule: Rule, issues: &mut Issues) {
    if let Some(value) = map.get(key)
        && !value.is_string()
    {
        issues.key(key, |i| {
            i.wrong(
                "invalid_type",
                rule,
                format!("`{key}` must be a text, found {}", word(value)),
            )
        });
    }
}

/// Whether a value has a length, and that is zero: the dialect asks this of texts and lists alike, whichever it wants.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// A text that is not empty.
pub(super) fn full_text(map: &Object, key: &str, rule: Rule, issues: &mut Issues) {
    text(map, key, rule, issues);
    if map.get(key).is_some_and(is_empty) {
        issues.key(key, |i| {
            i.bounds("too_small", rule, format!("`{key}` must not be empty"))
        });
    }
}

/// A text that is not blank; spaces around it do not count.
pub(super) fn solid_text(map: &Object, key: &str, rule: Rule, issues: &mut Issues) {
    text(map, key, rule, issues);
    let blank =
        |value: &Value| is_empty(value) || value.as_str().is_some_and(|s| js::trim(s).is_empty());
    if map.get(key).is_some_and(blank) {
        issues.key(key, |i| {
            i.bounds("too_small", rule, format!("`{key}` must not be blank"))
        });
    }
}

/// A key that must be there.
pub(super) fn required(map: &Object, key: &str, rule: Rule, issues: &mut Issues) {
    if !map.contains_key(key) {
        issues.key(key, |i| {
            i.wrong(
                "invalid_type",
                rule,
                format!("`{key}` is missing; it must be a text"),
            )
        });
    }
}

/// `true` or `false`.
pub(super) fn boolean(map: &Object, key: &str, rule: Rule, issues: &mut Issues) {
    if let Some(value) = map.get(key)
        && !value.is_boolean()
    {
        let quoted = value.as_str().is_some_and(|s| {
            matches!(
                s.to_lowercase().as_str(),
                "yes" | "no" | "on" | "off" | "true" | "false"
            )
        });
        let hint = if quoted {
            " (`yes`, `no`, `on` and `off` are texts here, and so is everything in quotes)"
        } else {
            ""
        };
        let message = format!("`{key}` must be true or false, found {}{hint}", word(value));
        issues.key(key, |i| i.wrong("invalid_type", rule, message));
    }
}

/// Bounds of a number; both ends are allowed values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) least: f64,
    pub(super) most: f64,
    pub(super) integer: bool,
    /// Zero and below are wrong, everything above is right.
    pub(super) positive: bool,
}

/// Beyond this, neighbouring whole numbers are one number to the dialect.
pub(super) const SAFE: f64 = 9_007_199_254_740_991.0;

/// A number within bounds.
pub(super) fn number(map: &Object, key: &str, bounds: Bounds, rule: Rule, issues: &mut Issues) {
    let Some(value) = map.get(key) else { return };
    issues.key(key, |i| {
        let what = if bounds.integer {
            "a whole number"
        } else {
            "a number"
        };
        let found = if bounds.integer {
            integer(value)
        } else {
            value.as_f64()
        };
        let Some(n) = found else {
            i.wrong(
                "invalid_type",
                rule,
                format!("`{key}` must be {what}, found {}", js::stringify(value)),
            );
            return;
        };
        if bounds.integer && n.abs() > SAFE {
            let (code, what) = if n > 0.0 {
                ("too_big", "small")
            } else {
                ("too_small", "big")
            };
            let message = format!("`{key}` is no longer exact, choose one that is {what} enough");
            i.bounds(code, rule, message);
        }
        if bounds.positive && n <= 0.0 {
            i.bounds(
                "too_small",
                rule,
                format!("`{key}` must be above 0, found {}", js::number(n)),
            );
        } else if !bounds.positive && n < bounds.least {
            i.bounds(
                "too_small",
                rule,
                format!(
                    "`{key}` must be at least {}, found {}",
                    js::number(bounds.least),
                    js::number(n)
                ),
            );
        } else if n > bounds.most {
            i.bounds(
                "too_big",
                rule,
                format!(
                    "`{key}` must be at most {}, found {}",
                    js::number(bounds.most),
                    js::number(n)
                ),
            );
        }
    });
}

/// A number that must be there.
pub(super) fn required_number(
    map: &Object,
    key: &str,
    bounds: Bounds,
    rule: Rule,
    issues: &mut Issues,
) {
    if map.contains_key(key) {
        number(map, key, bounds, rule, issues);
    } else {
        issues.key(key, |i| {
            i.wrong(
                "invalid_type",
                rule,
                format!("`{key}` is missing; it must be a number"),
            )
        });
    }
}

/// One of a few words.
pub(super) fn one_of(map: &Object, key: &str, words: &[&str], rule: Rule, issues: &mut Issues) {
    if let Some(value) = map.get(key) {
        issues.key(key, |i| word_of(value, words, rule, i));
    }
}

fn word_of(value: &Value, words: &[&str], rule: Rule, issues: &mut Issues) {
    if !value.as_str().is_some_and(|s| words.contains(&s)) {
        let message = format!(
            "Expected one of {}, found {}",
            words.join(", "),
            js::stringify(value)
        );
        issues.wrong("invalid_value", rule, message);
    }
}

/// A list; `least` items are needed.
pub(super) fn list(
    map: &Object,
    key: &str,
    least: usize,
    rule: Rule,
    issues: &mut Issues,
    mut item: impl FnMut(&Value, &mut Issues),
) {
    let Some(value) = map.get(key) else { return };
    let few = || format!("`{key}` needs at least {least} item");
    issues.key(key, |i| {
        let Some(items) = value.as_array() else {
            i.wrong(
                "invalid_type",
                rule,
                format!("`{key}` must be a list, found {}", word(value)),
            );
            if least > 0 && is_empty(value) {
                i.bounds("too_small", rule, few());
            }
            return;
        };
        for (n, value) in items.iter().enumerate() {
            i.index(n, |i| item(value, i));
        }
        if items.len() < least {
            i.bounds("too_small", rule, few());
        }
    });
}

/// A list of texts.
pub(super) fn texts(map: &Object, key: &str, rule: Rule, issues: &mut Issues) {
    list(map, key, 0, rule, issues, |value, i| {
        item_text(value, false, rule, i)
    });
}

/// A list of texts none of which is empty.
pub(super) fn full_texts(map: &Object, key: &str, least: usize, rule: Rule, issues: &mut Issues) {
    list(map, key, least, rule, issues, |value, i| {
        item_text(value, true, rule, i)
    });
}

/// A list of a few words.
pub(super) fn words(map: &Object, key: &str, words: &[&str], issues: &mut Issues) {
    list(map, key, 0, TYPE, issues, |value, i| {
        word_of(value, words, TYPE, i)
    });
}

fn item_text(value: &Value, full: bool, rule: Rule, issues: &mut Issues) {
    if !value.is_string() {
        issues.wrong(
            "invalid_type",
            rule,
            format!("Expected a text, found {}", word(value)),
        );
    }
    if full && is_empty(value) {
        issues.bounds("too_small", rule, "Expected a text that is not empty");
    }
}

/// A map; `check` looks at what is in it.
pub(super) fn object(
    map: &Object,
    key: &str,
    rule: Rule,
    issues: &mut Issues,
    check: impl FnOnce(&Object, &mut Issues),
) {
    let Some(value) = map.get(key) else { return };
    issues.key(key, |i| match value.as_object() {
        Some(inner) => check(inner, i),
        None => i.wrong(
            "invalid_type",
            rule,
            format!("`{key}` must be a map, found {}", word(value)),
        ),
    });
}
