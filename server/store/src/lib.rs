//! The store: runs, events, gates, start requests, blobs and definitions; every
//! change is one guarded transaction. [`Store`] is the contract; [`MemStore`]
//! keeps it in memory, and [`Faulty`] makes any fail where a test wants it to. Knows nothing of
//! policy beyond what must sit in one transaction, and nothing of workers
//! beyond their lock.

mod chain;
mod contract;
mod derive;
mod error;
mod fault;
mod lock;
mod mem;
mod payload;
mod record;
mod rules;
mod ulid;
mod wake;

pub use contract::Store;
pub use error::{Miss, Result, StoreError};
pub use fault::{Call, Fault, Faulty};
pub use lock::RunLock;
pub use mem::MemStore;
pub use payload::{SPILL_BYTES, fetch, load_state, spill};
pub use record::{
    Closing, Commits, Created, Decision, NewEvent, NewRun, NewStart, Place, Proposal, RunFilter,
    RunRow, StartAnswer, StartClosed, StartId, StartRow, Took, Trust,
};
pub use ulid::{new_id, new_run_id};
pub use wake::{Wake, WakeHub};
