//! Control through its public door, with workers played by the test: what they would append, a test appends.

mod answer;
mod definition;
mod end;
mod model;
mod policy;
mod property;
mod resume;
mod scene;
mod settle;
mod spawn;
mod views;
