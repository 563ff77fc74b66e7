//! One typed workflow model with spans. Each dialect is one module that lowers
//! a syntax tree into the model and says what is wrong; nothing above this
//! crate knows which dialect a file was written in, except where a step kind
//! exists in one dialect only.
//!
//! No I/O and no clock here: files, environment and PATH come through [`World`].

pub mod codes;
pub mod dag;
pub mod data;
pub mod detect;
pub mod diagnostic;
pub mod dialects;
pub mod edits;
pub mod flow;
pub mod loader;
pub mod memory;
pub mod model;
pub mod nearest;
pub mod source;
pub mod surroundings;
pub mod texts;
pub mod verdict;
pub mod world;

pub use codes::codes;
pub use detect::dialect as detect_dialect;
pub use diagnostic::{Diagnostic, Edit, Fix, Related, Severity};
pub use loader::{Child, Loaded, load, load_as};
pub use memory::MemoryWorld;
pub use model::{Dialect, Step, StepKind, StepName, Workflow};
pub use source::{FileId, Loc, Placed, SourceFile, Sources, Text};
pub use surroundings::Surroundings;
pub use verdict::{Verdict, agreed_rules, verdict};
pub use world::World;
