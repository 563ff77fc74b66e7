//! Implementations of the runner's agent trait: ACP over stdio, and the scripted agent.

mod lines;
pub mod scripted;
mod wire;
