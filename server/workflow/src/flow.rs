//! The route graph of a workflow and its loops: strongly connected components,
//! named as a person would, with their judges, verdict fields and own bounds
//! (design/diagnostics.md, "Loops"). Facts only; what is wrong with a loop is
//! for the rules above this crate to say.

mod bounds;
mod conditions;
mod graph;
mod judges;
mod loops;
mod passing;
mod verdicts;

pub use bounds::{BoundKind, OwnBound};
pub use conditions::{Comparison, Condition, Mention, Subject};
pub use graph::{EdgeKind, Flow, FlowEdge, Target};
pub use judges::{Judge, back_conditions};
pub use loops::Loop;
pub use passing::{number_beside_words as threshold_in, passing};
pub use verdicts::{FieldClass, Threshold, ThresholdOrigin, VerdictField, field_class, threshold};
