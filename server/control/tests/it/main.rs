//! Control through its public door, with workers played by the test: what they would append, a test appends.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "all of this is test code"
)]

mod answer;
mod choose;
mod conformance;
mod crash_points;
mod definition;
mod end;
mod family;
mod model;
mod played;
mod policy;
mod property;
mod race;
mod request;
mod resume;
mod scene;
mod settle;
mod spawn;
mod views;
