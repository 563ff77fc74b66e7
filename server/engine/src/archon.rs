//! The scheduler of Archon workflows: a graph of nodes in layers. So far its pure decisions; the state machine comes on
//! top of them.

pub mod eval_rows;
mod layers;
mod triggers;

pub use layers::{Cycle, layers};
pub use triggers::{TriggerRule, runs};
