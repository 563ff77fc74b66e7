//! The store: runs, events, gates, start requests, blobs and definitions; every
//! change is one guarded transaction. [`Store`] is the contract; [`SqliteStore`]
//! keeps it in one file under the [`Home`] folder, [`MemStore`] in memory, and
//! [`Faulty`] makes either fail where a test wants it to. Knows nothing of
//! policy beyond what must sit in one transaction, and nothing of workers
//! beyond their lock.

mod blobs;
mod chain;
mod contract;
mod derive;
mod error;
mod fault;
mod home;
mod index;
mod lock;
mod mem;
mod payload;
mod private;
pub mod process;
mod record;
mod rules;
mod sqlite;
mod stamps;
mod tables;
mod ulid;
mod wake;
mod walk;
mod watch;
mod world;

pub use contract::Store;
pub use error::{Miss, Result, StoreError};
pub use fault::{Call, Fault, Faulty};
pub use home::Home;
pub use index::{Asked, Index, IndexedWorld};
pub use lock::RunLock;
pub use mem::MemStore;
pub use payload::{SPILL_BYTES, fetch, load_state, spill};
pub use private::private_file;
pub use record::{
    Append, Closing, Commits, Created, Decision, NewEvent, NewRun, NewStart, Place, Proposal,
    RunFilter, RunRow, SessionKey, StartAnswer, StartClosed, StartId, StartRow, Took, Trust,
};
pub use sqlite::{Finding, Pruned, Retention, SqliteStore, doctor};
pub use ulid::{new_id, new_run_id};
pub use wake::Wake;
pub use walk::files_below;
pub use world::{Drawn, OsWorld, PinnedWorld, Recorder};
