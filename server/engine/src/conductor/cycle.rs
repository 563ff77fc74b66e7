//! The loop that a history ends in: its shortest repeating tail.

use crate::gate::Cycle;

/// The cycle at the end of the history, if the tail repeats at least once.
pub(super) fn at_end(history: &[String]) -> Option<Cycle> {
    let n = history.len();
    (1..=n / 2).find_map(|period| {
        let tail = &history[n - period..];
        let mut rounds = 1;
        while n >= (rounds + 1) * period
            && &history[n - (rounds + 1) * period..n - rounds * period] == tail
        {
            rounds += 1;
        }
        (rounds >= 2).then(|| Cycle {
            steps: in_order(history, tail, rounds * period),
            rounds: rounds as u64,
        })
    })
}

/// The loop from where it was entered, each step once.
fn in_order(history: &[String], tail: &[String], covered: usize) -> Vec<String> {
    // A loop left off in its middle still began with the step that came first.
    let first = tail
        .iter()
        .enumerate()
        .min_by_key(|(_, step)| history.iter().position(|seen| seen == *step))
        .map_or(0, |(at, _)| at);
    let start = if history.len() == covered { 0 } else { first };
    let mut steps: Vec<String> = Vec::new();
    for step in tail[start..].iter().chain(&tail[..start]) {
        if !steps.contains(step) {
            steps.push(step.clone());
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::at_end;

    fn cycle(text: &str) -> Option<(String, u64)> {
        let history: Vec<String> = text.split(' ').map(str::to_owned).collect();
        at_end(&history).map(|c| (c.steps.join(" "), c.rounds))
    }

    #[test]
    fn the_shortest_repeating_tail_is_the_cycle() {
        assert_eq!(cycle("a a a"), Some(("a".into(), 3)));
        assert_eq!(cycle("w c w c"), Some(("w c".into(), 2)));
        assert_eq!(cycle("plan w c t w c t w c t"), Some(("w c t".into(), 3)));
        assert_eq!(cycle("d j d j d"), Some(("d j".into(), 2)));
    }

    #[test]
    fn a_history_that_does_not_repeat_has_no_cycle() {
        assert_eq!(cycle("a"), None);
        assert_eq!(cycle("a b c"), None);
        assert_eq!(cycle("a b a c"), None);
    }
}
