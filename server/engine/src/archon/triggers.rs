//! Whether a node runs, by the states of what it depends on (specs/archon.md 4.1).

use fermata_expr::archon::output::State;

/// How the states of dependencies join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TriggerRule {
    /// Every one completed.
    #[default]
    AllSuccess,
    /// At least one completed.
    OneSuccess,
    /// None failed and at least one completed; skipped ones do not matter.
    NoneFailedMinOneSuccess,
    /// Every one has come to an end, whatever it was.
    AllDone,
}

impl TriggerRule {
    /// The rule of a word in a file.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "all_success" => Self::AllSuccess,
            "one_success" => Self::OneSuccess,
            "none_failed_min_one_success" => Self::NoneFailedMinOneSuccess,
            "all_done" => Self::AllDone,
            _ => return None,
        })
    }
}

/// Whether a node with these dependencies runs; otherwise it is skipped with the reason `trigger_rule`. A dependency
/// without a state counts as failed.
pub fn runs(rule: TriggerRule, states: impl IntoIterator<Item = Option<State>>) -> bool {
    let states: Vec<State> = states
        .into_iter()
        .map(|s| s.unwrap_or(State::Failed))
        .collect();
    let completed = |s: &State| *s == State::Completed;
    if states.is_empty() {
        return true;
    }
    match rule {
        TriggerRule::AllSuccess => states.iter().all(completed),
        TriggerRule::OneSuccess => states.iter().any(completed),
        TriggerRule::NoneFailedMinOneSuccess => {
            states.iter().any(completed) && !states.contains(&State::Failed)
        }
        TriggerRule::AllDone => states
            .iter()
            .all(|s| matches!(s, State::Completed | State::Failed | State::Skipped)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skip_goes_through_all_success_and_is_forgiven_by_none_failed() {
        let states = || [Some(State::Completed), Some(State::Skipped)];
        assert!(!runs(TriggerRule::AllSuccess, states()));
        assert!(runs(TriggerRule::NoneFailedMinOneSuccess, states()));
        assert!(!runs(
            TriggerRule::NoneFailedMinOneSuccess,
            [Some(State::Completed), None]
        ));
    }

    #[test]
    fn all_done_waits_for_every_end() {
        assert!(runs(
            TriggerRule::AllDone,
            [Some(State::Failed), Some(State::Skipped)]
        ));
        assert!(!runs(TriggerRule::AllDone, [Some(State::Running)]));
    }
}
