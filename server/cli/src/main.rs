//! The `fermata` binary: one file per verb.
fn main() {}
