//! Why the store did not do what was asked. Each message says what was
//! expected, what was found, where, and what to do.

use fermata_engine::{RunId, Seq, Status};

/// What the store's functions return.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Somebody else was first: read, fold, decide again. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Miss {
    /// The log has gone on since the caller folded it.
    #[error("the run's log has gone on to event {last_seq}: read it and decide again")]
    Stale {
        /// The last event there is.
        last_seq: Seq,
    },
    /// Another worker has claimed the run since.
    #[error("the run was claimed again (fence {fence}): this worker must stop")]
    Fenced {
        /// The fence in force.
        fence: u64,
    },
    /// The run is over for good.
    #[error("the run is {}, which is final", .0.as_str())]
    Final(Status),
    /// Another live run holds the checkout that this one would work in.
    #[error(
        "run {run} of `{workflow}` {does} in {checkout}: {wait}, end it with `fermata stop {run}`, use --worktree for a checkout of your own, or --share-checkout to work side by side",
        run = .run.short(),
        does = if *.waits { "waits at a gate" } else { "works" },
        wait = if *.waits { "answer it (`fermata show` tells what it asks)" } else { "wait for it" },
    )]
    CheckoutBusy {
        /// Who holds it.
        run: RunId,
        /// Name of its workflow.
        workflow: String,
        /// It stands at a gate and asks.
        waits: bool,
        /// The folder.
        checkout: String,
    },
    /// There is no such run, start request, blob or trust record.
    #[error("there is no {0} in this store: `fermata runs --all` lists what there is")]
    NotFound(String),
}

/// A failure of the store itself, or a [`Miss`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else was first.
    #[error(transparent)]
    Miss(#[from] Miss),
    /// Another process kept the database locked for longer than the time-out.
    #[error(
        "{path} was locked by another process for {waited} s: end that process or try again, nothing was changed"
    )]
    Busy {
        /// The database.
        path: String,
        /// Seconds waited.
        waited: u64,
    },
    /// The file or its folder cannot be written.
    #[error("{path} is read-only: runs can be looked at, not changed; make it writable for you")]
    ReadOnly {
        /// The database.
        path: String,
    },
    /// No space left.
    #[error(
        "no space left for {path}: nothing was changed; free some (`fermata runs --prune`) and try again"
    )]
    Full {
        /// The file.
        path: String,
    },
    /// What is stored contradicts itself.
    #[error("{path} is damaged: {what}; run `fermata doctor`")]
    Corrupt {
        /// File, or file and run.
        path: String,
        /// What was expected and what was found.
        what: String,
    },
    /// Written by a version that this one must not touch.
    #[error(
        "{path} has store version {found}, this fermata ({binary}) understands up to {supported}: use the newer fermata, or set FERMATA_HOME to another folder"
    )]
    Version {
        /// Version found.
        found: u32,
        /// Highest version understood.
        supported: u32,
        /// The database.
        path: String,
        /// Path of this program.
        binary: String,
    },
    /// A migration would pull the store from under a live worker of an older version.
    #[error(
        "{path} would have to be upgraded from version {found} to {supported}, but workers of the older version are alive ({workers}): let them finish or stop them first"
    )]
    InUse {
        /// Version found.
        found: u32,
        /// Version wanted.
        supported: u32,
        /// The database.
        path: String,
        /// Which runs.
        workers: String,
    },
    /// File locks do not work reliably over a network.
    #[error(
        "{path} lies on a network file system ({kind}), where run locks cannot be trusted: set FERMATA_HOME to a local folder"
    )]
    NetworkHome {
        /// The home folder.
        path: String,
        /// File system type.
        kind: String,
    },
    /// The system refused a file operation.
    #[error("{path}: {message}")]
    Io {
        /// The file or folder.
        path: String,
        /// What the system said.
        message: String,
    },
    /// A caller asked for what the state machine does not allow; the caller has a defect or must decide again.
    #[error("{what} cannot follow here: {found}")]
    Forbidden {
        /// The event or change.
        what: String,
        /// Where the run stands.
        found: String,
    },
    /// A prefix names more than one run.
    #[error("`{prefix}` names {count} runs: give more characters")]
    Ambiguous {
        /// What was given.
        prefix: String,
        /// How many match.
        count: usize,
    },
}

impl StoreError {
    /// A missing thing, named.
    #[must_use]
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::Miss(Miss::NotFound(what.into()))
    }

    /// A failed file operation, with the kinds that deserve their own advice told apart.
    #[must_use]
    pub fn io(path: &std::path::Path, error: &std::io::Error) -> Self {
        let path = path.display().to_string();
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Self::Full { path }
            }
            std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
                Self::ReadOnly { path }
            }
            _ => Self::Io {
                path,
                message: error.to_string(),
            },
        }
    }

    /// The miss, when it is one.
    #[must_use]
    pub fn miss(&self) -> Option<&Miss> {
        match self {
            Self::Miss(miss) => Some(miss),
            _ => None,
        }
    }
}

/// The program that runs, for messages about versions.
pub(crate) fn this_binary() -> String {
    std::env::current_exe().map_or_else(|_| "this program".to_owned(), |p| p.display().to_string())
}
