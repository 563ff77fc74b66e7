//! Upper and lower case, as Python has them.

pub(crate) fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => title_char(first) + &chars.as_str().to_lowercase(),
        None => String::new(),
    }
}

fn title_char(c: char) -> String {
    match c {
        'ǆ' | 'Ǆ' | 'ǅ' => "ǅ".to_owned(),
        'ǉ' | 'Ǉ' | 'ǈ' => "ǈ".to_owned(),
        'ǌ' | 'Ǌ' | 'ǋ' => "ǋ".to_owned(),
        'ǳ' | 'Ǳ' | 'ǲ' => "ǲ".to_owned(),
        // Where one letter becomes several, only the first is a capital.
        'ß' | 'ﬀ'..='ﬆ' | 'և' | 'ﬓ'..='ﬗ' => {
            let mut upper = c.to_uppercase();
            let first = upper.next();
            first
                .into_iter()
                .chain(upper.flat_map(char::to_lowercase))
                .collect()
        }
        other => other.to_uppercase().collect(),
    }
}

pub(super) fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        if inside {
            out.extend(c.to_lowercase());
        } else {
            out.push_str(&title_char(c));
        }
        inside = c.is_alphabetic();
    }
    out
}

fn cased(text: &str, upper: bool) -> bool {
    let mut seen = false;
    for c in text.chars() {
        if if upper {
            c.is_lowercase()
        } else {
            c.is_uppercase()
        } {
            return false;
        }
        seen |= if upper {
            c.is_uppercase()
        } else {
            c.is_lowercase()
        };
    }
    seen
}

pub(crate) fn is_lower(text: &str) -> bool {
    cased(text, false)
}

pub(crate) fn is_upper(text: &str) -> bool {
    cased(text, true)
}

pub(super) fn is_title(text: &str) -> bool {
    let (mut inside, mut seen) = (false, false);
    for c in text.chars() {
        if c.is_uppercase() {
            if inside {
                return false;
            }
            (inside, seen) = (true, true);
        } else if c.is_lowercase() {
            if !inside {
                return false;
            }
            seen = true;
        } else {
            inside = false;
        }
    }
    seen
}

/// Every letter in the other case.
pub(super) fn swap(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_uppercase() {
                c.to_lowercase().collect()
            } else {
                c.to_uppercase().collect::<String>()
            }
        })
        .collect()
}
