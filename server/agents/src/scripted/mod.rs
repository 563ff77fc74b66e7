//! The scripted agent: a real agent of the protocol that answers from a file and
//! touches nothing else, so that samples and tests need no credentials. It has no
//! clock and no randomness; what it says depends on the script and the request only.

mod action;
mod choose;
mod play;
mod script;
mod serve;

pub(crate) use action::{Action, Stop};
pub(crate) use choose::{About, Calls, visit};
pub use script::{Script, ScriptError};
pub use serve::{ServeError, serve};
