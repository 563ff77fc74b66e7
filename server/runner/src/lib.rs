//! The worker: carries out what the engine's schedulers decide (processes,
//! prompts, timers) and appends what came of it. Agents stand behind a trait.
//! Decides nothing about workflows.

pub mod agent;
mod agent_step;
mod artifact;
mod child;
mod clock;
mod dry;
mod ledger;
mod looking;
mod mask;
mod recover;
mod script;
mod secrets;
mod sink;
mod sys;
mod task;
mod worker;
mod worktree;

pub use child::{Children, Refused};
pub use clock::{Clock, SystemClock};
pub use mask::blot_panics;
pub use worker::{Ended, Surroundings, WorkerError, run_worker};
