//! From where on a score passes, for a score that no condition looks at: read
//! from the field's description, else guessed from the judge's prompt.

use super::verdicts::{Threshold, ThresholdOrigin};
use crate::model::{Step, StepKind};

/// The passing score of an output field of a step, as far as the file tells.
#[must_use]
pub fn passing(step: &Step, field: &str) -> Option<Threshold> {
    let declared = step.output.as_ref().and_then(|fields| fields.get(field));
    let described = declared
        .and_then(|field| field.description.as_ref())
        .and_then(|text| number_beside_words(text));
    if let Some(value) = described {
        return Some(Threshold {
            value,
            origin: ThresholdOrigin::Schema,
        });
    }
    let StepKind::Agent(agent) = &step.kind else {
        return None;
    };
    let prompts = [agent.prompt.as_ref(), agent.system_prompt.as_ref()];
    let value = prompts
        .into_iter()
        .flatten()
        .find_map(|text| number_beside_words(text))?;
    Some(Threshold {
        value,
        origin: ThresholdOrigin::Prompt,
    })
}

/// The first number of a text that closely follows a word for a threshold, or stands right before one.
#[must_use]
pub fn number_beside_words(text: &str) -> Option<f64> {
    let lower = text.to_lowercase();
    let after = ["threshold", "at least", "minimum of", "≥", ">="]
        .into_iter()
        .find_map(|word| {
            lower.match_indices(word).find_map(|(at, _)| {
                let near: String = lower[at + word.len()..].chars().take(24).collect();
                numbers(&near).next()
            })
        });
    after.or_else(|| {
        [" is enough", " or more", " or higher", " or above"]
            .into_iter()
            .filter_map(|word| lower.find(word))
            .find_map(|at| {
                lower[..at]
                    .split_whitespace()
                    .next_back()
                    .and_then(|last| numbers(last).next())
            })
    })
}

fn numbers(text: &str) -> impl Iterator<Item = f64> + '_ {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .map(|part| part.trim_matches('.'))
        .filter(|part| !part.is_empty())
        .filter_map(|part| part.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::number_beside_words;

    #[test]
    fn a_passing_score_in_prose_stands_next_to_its_word() {
        for (text, found) in [
            ("Approve at a score of at least 8.5.", Some(8.5)),
            ("The threshold is 80 points", Some(80.0)),
            ("score ≥ 7", Some(7.0)),
            ("9 or more is enough", Some(9.0)),
            ("Give 3 examples", None),
        ] {
            assert_eq!(number_beside_words(text), found, "{text}");
        }
    }
}
