//! What people wait for, measured through the real binary (release profile):
//! `cargo xtask bench`. Prints each number beside its aim, and ratios to what
//! the machine itself needs, so that they can be compared between machines.
//! A bench never fails for being slow; it fails when it cannot measure.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench talks to a terminal and fails by panicking"
)]

mod chain;
mod client;
mod corpus;
mod each;
mod edits;
mod figures;
mod graph;
mod notify;
mod runs;
mod start;

fn main() {
    // `cargo bench` adds `--bench`; other words choose by the beginning of a name.
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let benches: [(&str, fn()); 8] = [
        ("start", start::run),
        ("edits", edits::run),
        ("notify", notify::run),
        ("chain", chain::run),
        ("graph", graph::run),
        ("corpus", corpus::run),
        ("each", each::run),
        ("runs", runs::run),
    ];
    println!("binary: {}", fermata_tests::fermata().display());
    for (name, run) in benches {
        if wanted.is_empty() || wanted.iter().any(|word| name.starts_with(word.as_str())) {
            println!("\n{name}");
            run();
        }
    }
}
