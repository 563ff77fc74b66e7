//! The languages inside strings: templates, conditions and references. Parses with spans, lists what is referenced, evaluates. Does no I/O.
//!
//! Values cross the border as `serde_json::Value`; a non-finite float is `{"__float__": "inf" | "-inf" | "nan"}`.

mod ast;
mod call;
mod error;
mod eval;
mod format;
mod json_text;
mod methods;
mod reference;
mod value;

pub mod archon;
pub mod coerce;
pub mod condition;
pub mod eval_rows;
pub mod extract;
pub mod fuel;
pub mod schema;
pub mod template;

pub use error::{EvalError, EvalErrorKind, SyntaxError};
pub use reference::{Compared, Operator, Reference, Segment};
