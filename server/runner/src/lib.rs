//! The worker: carries out the engine's commands (processes, timers) and appends what came of them. Agents stand behind a trait.

pub mod agent;
