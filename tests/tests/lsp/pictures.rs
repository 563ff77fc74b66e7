//! What a client shows does not depend on the order in which things came: random sequences of what people, editors and
//! others do to files are played against a server, and each time it is quiet, its client shows what one shows that has
//! just been started.
//!
//! `FERMATA_CASES` sets how many sequences (default below), `FERMATA_SEED` which ones; a failure is shrunk and printed as
//! operations.

pub(crate) mod client;
mod compare;
pub(crate) mod ops;
pub(crate) mod play;
pub(crate) mod project;
mod questions;

use proptest::test_runner::{Config, RngSeed, TestRunner};

const CASES: u32 = 32;
const SEED: u64 = 0x00fe_a7a0;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Plays as many sequences over a project as was asked for.
pub(crate) fn run(project: &project::Project) {
    let config = Config {
        cases: number("FERMATA_CASES").map_or(CASES, |n| u32::try_from(n).unwrap_or(u32::MAX)),
        rng_seed: RngSeed::Fixed(number("FERMATA_SEED").unwrap_or(SEED)),
        failure_persistence: None,
        // Every failure is waited for.
        max_shrink_iters: number("FERMATA_SHRINK").map_or(24, |n| u32::try_from(n).unwrap_or(0)),
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let played = TestRunner::new(config).run(&ops::cases(), |case| {
        runtime.block_on(play::play(project, &case));
        Ok(())
    });
    if let Err(error) = played {
        panic!("{error}");
    }
}

#[test]
fn what_is_shown_does_not_depend_on_the_order_in_which_things_came() {
    run(&project::small());
}
