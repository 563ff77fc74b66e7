//! The Conductor scheduler without a worker: a definition in memory, effects
//! answered by the test, time as the test says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod groups;
mod limit;
mod random;
mod resume;
mod run;

#[path = "../support/run.rs"]
mod support;
