//! The nearest existing name to one that does not exist.

/// The candidate that was most likely meant, if any is near enough.
#[must_use]
pub fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = wrong.to_lowercase();
    let least = if wrong.chars().count() <= 3 { 0.6 } else { 0.7 };
    candidates
        .into_iter()
        .filter(|c| *c != wrong && !c.is_empty())
        .map(|c| {
            (
                strsim::normalized_damerau_levenshtein(&lower, &c.to_lowercase())
                    .max(plural(&lower, c)),
                c,
            )
        })
        .filter(|(score, _)| *score >= least)
        .fold(None, |best: Option<(f64, &str)>, next| match best {
            Some(b) if b.0 >= next.0 => Some(b),
            _ => Some(next),
        })
        .map(|(_, c)| c)
}

/// A missing or extra `s`, and separators left out, are near misses however short the name is.
fn plural(wrong: &str, candidate: &str) -> f64 {
    let bare = |s: &str| s.to_lowercase().replace(['-', '_', ' '], "");
    let (a, b) = (bare(wrong), bare(candidate));
    if a == b || format!("{a}s") == b || format!("{b}s") == a {
        0.95
    } else {
        0.0
    }
}
