//! What went wrong with a call as such. A refusal is a result, not an error.

use fermata_store::StoreError;

use crate::config::ConfigError;

/// A call that could not be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// There is no such run or start request.
    #[error("{0}")]
    NotFound(String),
    /// A prefix names several runs.
    #[error("`{name}` names {count} runs: give more characters of the id")]
    Ambiguous {
        /// What was given.
        name: String,
        /// How many it names.
        count: usize,
    },
    /// The store failed; nothing was changed.
    #[error(transparent)]
    Store(StoreError),
    /// The system refused a file operation.
    #[error("{path}: {message}")]
    Io {
        /// File or folder.
        path: String,
        /// What the system said.
        message: String,
    },
    /// A field of the request does not fit.
    #[error("`{field}`: {message}")]
    BadRequest {
        /// The field.
        field: String,
        /// What was expected, what was found, what to do.
        message: String,
    },
    /// The user's configuration does not read.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl ControlError {
    pub(crate) fn bad(field: &str, message: impl Into<String>) -> Self {
        Self::BadRequest {
            field: field.to_owned(),
            message: message.into(),
        }
    }
}

impl From<StoreError> for ControlError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Miss(miss @ fermata_store::Miss::NotFound(_)) => {
                Self::NotFound(miss.to_string())
            }
            StoreError::Ambiguous { prefix, count } => Self::Ambiguous {
                name: prefix,
                count,
            },
            other => Self::Store(other),
        }
    }
}
