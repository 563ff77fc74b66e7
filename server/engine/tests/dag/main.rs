//! The scheduler of Archon graphs, driven in memory.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fan_out;
mod gates;
mod prompts;
mod ready;
mod reference;
mod resumed;
mod rounds;
mod rules;
mod run;
mod sessions;
mod shell;

#[path = "../support/run.rs"]
mod support;
