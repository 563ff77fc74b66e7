//! The small languages inside strings of the Archon dialect (specs/archon.md 2.7, 3.7, 4.5): `when` atoms,
//! `$node.output` references, variables, signals, and the shape of a node.
//!
//! Pure: texts and values in, texts and values out. What a file may hold is decided in `fermata_workflow`, when
//! something runs in `fermata_engine`.

pub mod atom;
pub mod condition;
pub mod eval_rows;
pub mod failure;
pub mod inputs;
pub mod js;
pub mod names;
pub mod output;
pub mod reference;
pub mod render;
pub mod schema;
pub mod signal;
pub mod substitute;
pub mod variables;
