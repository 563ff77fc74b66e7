//! The pure state machine of a run. A run is its log: [`RunState::fold`] copies
//! events into a state and never evaluates anything; the schedulers read state
//! and definition and say what to do next. No I/O, no clock, no randomness.

pub mod answer;
pub mod archon;
pub mod conductor;
mod cut;
pub mod definition;
mod draft;
pub mod effect;
pub mod event;
pub mod family;
pub mod fold;
pub mod gate;
pub mod ids;
mod limit;
pub mod outcome;
pub mod path;
mod policy;
pub mod schedule;
pub mod schema;
pub mod session;
pub mod state;
mod status;
mod turn;
pub mod words;

pub use cut::End;
pub use definition::{Definition, Source, Unloadable};
pub use draft::Entry;
pub use effect::{
    AgentCall, ChildCall, Effect, PinnedScript, ScriptCall, ScriptFile, TextAnswer, ValidatorCall,
};
pub use event::{Actor, Cause, Event, EventBody, Failure, Payload, Status, Surface};
pub use gate::{Answer, AnswerSpec, Gate, GateKind, Refusal};
pub use ids::{Fence, GateId, RunId, Seq, StepPath};
pub use outcome::Outcome;
pub use schedule::Plan;
pub use session::{KeptSession, Session, SessionCall, SessionStart};
pub use state::{FoldError, RunState, StepRecord, StepStatus};
