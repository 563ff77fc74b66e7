//! The host against real agent processes: the scripted agent, and agents that do what
//! agents should not. Everything goes through the runner's trait.

mod misbehaving;
mod permissions;
mod refusals;
mod script;
mod sessions;
mod settings;
mod stage;
mod turns;
