//! Every beginning of a log that came up: it folds, what is decided on it is
//! always the same, and going on from there is the same as folding all.

use fermata_engine::{Entry, Event, RunState, schedule};

use crate::dice::Dice;
use crate::story::Story;

/// What follows from a state, twice; the same both times.
fn decided(story: &Story, state: &RunState, now: u64) -> Vec<Entry> {
    let decide = || {
        let mut state = state.clone();
        let plan = schedule::advance(&mut state, &story.definition, now);
        (plan, state)
    };
    let (first, then) = decide();
    assert_eq!((&first, &then), (&decide().0, &decide().1));
    let due = schedule::due(&then, &story.definition);
    assert_eq!(due, schedule::due(&then, &story.definition));
    first.append
}

pub(crate) fn check(story: &Story) {
    let whole = story.state();
    let mut dice = Dice::of(story.seed, &["prefixes"]);
    let mut state = RunState::default();
    let mut commits = story.commits.iter().peekable();
    for (at, event) in story.log.iter().enumerate() {
        let text = serde_json::to_string(event).unwrap();
        let read: Event = serde_json::from_str(&text).unwrap();
        assert_eq!(&read, event, "as the store keeps it");
        state.fold(&read).unwrap();
        let length = at + 1;
        while commits.next_if(|(end, ..)| *end <= length).is_some() {}
        let next = commits.peek();
        let here = story.commits.iter().any(|(end, ..)| *end == length);
        match next.filter(|(.., decision)| here && *decision) {
            Some((end, now, _)) => {
                let drafted = decided(story, &state, *now);
                let written = &story.log[length..*end];
                assert_eq!(drafted.len(), written.len());
                for (draft, event) in drafted.iter().zip(written) {
                    assert_eq!((&draft.path, &draft.body), (&event.path, &event.body));
                }
            }
            None if dice.chance(10) => drop(decided(story, &state, event.at)),
            None => {}
        }
        if dice.chance(5) {
            let mut rest = state.clone();
            for event in &story.log[length..] {
                rest.fold(event).unwrap();
            }
            assert_eq!(rest, whole);
        }
    }
    assert_eq!(state, whole);
}
