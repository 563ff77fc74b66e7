//! What SQLite says, in the store's own errors.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::error::StoreError;

/// How long a writer waits for another process, in seconds.
pub(crate) const PATIENCE: u64 = 10;

/// Translates an error of the database at `path`.
pub(crate) fn of(path: &Path, error: &rusqlite::Error) -> StoreError {
    let path = path.display().to_string();
    let rusqlite::Error::SqliteFailure(failure, message) = error else {
        return StoreError::Corrupt {
            path,
            what: error.to_string(),
        };
    };
    let said = message.clone().unwrap_or_else(|| failure.to_string());
    match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy {
            path,
            waited: PATIENCE,
        },
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => StoreError::ReadOnly { path },
        ErrorCode::DiskFull => StoreError::Full { path },
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt {
            path,
            what: format!("expected a Fermata store, SQLite says: {said}"),
        },
        ErrorCode::ConstraintViolation => StoreError::Corrupt {
            path,
            what: format!("a row contradicts another: {said}"),
        },
        ErrorCode::CannotOpen => StoreError::Io {
            path,
            message: "expected a database that you may read and write, in a folder that you may enter; it cannot be opened: check owner and modes, or set FERMATA_HOME to another folder".to_owned(),
        },
        _ => StoreError::Io {
            path,
            message: said,
        },
    }
}
