//! Implementations of the runner's agent trait: ACP over stdio, and the scripted agent.
//! The door is [`Agents`]; [`scripted::serve`] is the other end of the pipes. No type
//! of the protocol's crate is public.

mod acp;
mod limits;
mod lines;
mod preset;
mod registry;
pub mod scripted;
mod stubs;
mod submit;
mod tool_titles;
mod wire;

pub use limits::Limits;
pub use registry::{AgentStatus, Agents, AgentsConfig, INSTEAD, UserAgent};
pub use stubs::Stubs;
