//! Turning rendered and typed text into values: `set`, durations, final outputs, command-line inputs.

mod duration;
mod set;
mod text;
mod yaml;

pub use duration::duration;
pub use set::{OutputType, set_coerce};
pub use text::{cli_coerce, maybe_json, repr, str};
