//! The scenes of the start policy again, with a death between every two calls
//! of the store: whoever acts dies there, somebody else opens the door anew and
//! asks for the same, and everything is as if it had been asked once. After
//! every operation rows, logs and the naive model agree (invariants 7 to 12).

use fermata_control::ChoiceAnswer;

use crate::model::{Deed, Op};
use crate::property::{Trouble, World};

fn begins(run: usize, deeds: &[Deed]) -> Vec<Op> {
    let deed = |deed| Op::Worker { run, deed };
    std::iter::once(deed(Deed::Begin))
        .chain(deeds.iter().map(|each| deed(*each)))
        .collect()
}

fn start() -> Vec<Op> {
    vec![Op::Start { force: false }]
}

/// Where an earlier run can stand, by name.
fn priors() -> Vec<(&'static str, Vec<Op>)> {
    let after = |deeds: &[Deed]| [start(), begins(0, deeds)].concat();
    vec![
        ("none", Vec::new()),
        ("queued", start()),
        ("running", after(&[])),
        ("interrupted", after(&[Deed::Crash])),
        ("failed", after(&[Deed::Fail])),
        ("completed", after(&[Deed::Complete])),
        ("waiting", after(&[Deed::Gate])),
        (
            "waiting, its worker gone",
            after(&[Deed::Gate, Deed::Crash]),
        ),
        ("parked", after(&[Deed::Gate, Deed::Park])),
        (
            "stopped while running",
            [after(&[]), vec![Op::Stop { run: 0 }]].concat(),
        ),
        (
            "to be abandoned, and then its worker died",
            [
                after(&[]),
                vec![Op::Abandon { run: 0 }],
                vec![Op::Worker {
                    run: 0,
                    deed: Deed::Crash,
                }],
            ]
            .concat(),
        ),
    ]
}

/// What somebody does then, and what is done about it.
fn deeds() -> Vec<(&'static str, Vec<Op>)> {
    let choose = |answer| vec![Op::Start { force: false }, Op::Choose { start: 0, answer }];
    vec![
        ("start", start()),
        ("force", vec![Op::Start { force: true }]),
        ("choose resume", choose(ChoiceAnswer::Resume)),
        (
            "choose abandon_and_run",
            choose(ChoiceAnswer::AbandonAndRun),
        ),
        ("choose run_fresh", choose(ChoiceAnswer::RunFresh)),
        ("choose dismiss", choose(ChoiceAnswer::Dismiss)),
        ("resume", vec![Op::Resume { run: 0 }]),
        ("resume later", vec![Op::Pass, Op::Resume { run: 0 }]),
        ("answer", vec![Op::Answer { run: 0 }]),
        ("stop", vec![Op::Stop { run: 0 }]),
        ("abandon", vec![Op::Abandon { run: 0 }]),
        ("look after", vec![Op::Tick]),
    ]
}

#[test]
fn a_death_between_any_two_calls_of_the_store_changes_nothing_in_how_it_ends() {
    let deaths: usize = std::thread::scope(|scope| {
        let played: Vec<_> = priors()
            .into_iter()
            .map(|(prior, before)| scope.spawn(move || die_everywhere(prior, &before)))
            .collect();
        played
            .into_iter()
            .map(|deaths| deaths.join().expect("all is as if asked once"))
            .sum()
    });
    assert!(deaths > 1_000, "only {deaths} deaths were died");
}

/// Plays every deed after a prior, once for each place where whoever acts can die; how many those were.
fn die_everywhere(prior: &str, before: &[Op]) -> usize {
    let mut deaths = 0;
    for (deed, ops) in deeds() {
        let mut script: Vec<(Op, Trouble)> = before
            .iter()
            .chain(&ops)
            // What becomes of it: it is begun and completed, whoever was asked.
            .chain(&begins(0, &[Deed::Complete]))
            .chain(&begins(1, &[Deed::Complete]))
            .map(|op| (op.clone(), Trouble::None))
            .collect();
        for at in before.len()..before.len() + ops.len() {
            // How many calls it takes when nothing goes wrong.
            script[at].1 = Trouble::Dies {
                at: u64::MAX,
                after: false,
            };
            let mut whole = World::new();
            whole.play(&script);
            for call in 0..whole.calls {
                for after in [false, true] {
                    script[at].1 = Trouble::Dies { at: call, after };
                    let played = std::panic::catch_unwind(|| World::new().play(&script));
                    assert!(
                        played.is_ok(),
                        "prior {prior}, {deed}: died at call {call} of {:?} (after it: {after})",
                        script[at].0
                    );
                    deaths += 1;
                }
            }
            script[at].1 = Trouble::None;
        }
    }
    deaths
}
