//! From where on a score passes, for a score that no condition looks at: read
//! from the field's description, else guessed from the judge's prompt.

use fermata_workflow::Step;
use fermata_workflow::model::StepKind;

/// A passing score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Passing {
    /// The score that is enough.
    pub(crate) value: f64,
    /// Whether it was read out of a prompt.
    pub(crate) guessed: bool,
}

/// The passing score of an output field of a step, as far as the file tells.
pub(crate) fn of(step: &Step, field: &str) -> Option<Passing> {
    let declared = step.output.as_ref()?.get(field)?;
    if let Some(value) = declared
        .description
        .as_ref()
        .and_then(|text| number_beside_words(text))
    {
        return Some(Passing {
            value,
            guessed: false,
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
    Some(Passing {
        value,
        guessed: true,
    })
}

/// The first number that closely follows a word for a threshold, or stands right before one.
fn number_beside_words(text: &str) -> Option<f64> {
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
