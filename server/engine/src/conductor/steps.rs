//! One file per kind of step: what it renders, how it starts, what its result is.

pub(super) mod agent;
pub(super) mod for_each;
pub(super) mod human_gate;
pub(super) mod parallel;
pub(super) mod questions;
pub(super) mod script;
pub(super) mod set;
pub(super) mod sub_workflow;
pub(super) mod terminate;
pub(super) mod wait;
