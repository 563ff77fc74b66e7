//! Values of a log: beside it as a blob when large, in it otherwise.

use fermata_engine::{Payload, RunId, RunState};
use serde_json::Value;

use crate::contract::Store;
use crate::error::{Result, StoreError};

/// Larger JSON texts than this many bytes become blobs.
pub const SPILL_BYTES: usize = 32 * 1024;

/// Makes a payload of a value; a large one is written and synced as a blob first.
///
/// # Errors
/// Those of [`Store::put_blob`].
pub fn spill(store: &dyn Store, value: Value) -> Result<Payload> {
    let text = value.to_string();
    // A value that itself reads as a reference to a blob would come back as that blob.
    let ambiguous = matches!(
        serde_json::from_value::<Payload>(value.clone()),
        Ok(Payload::Blob { .. })
    );
    if text.len() <= SPILL_BYTES && !ambiguous {
        return Ok(Payload::Inline(value));
    }
    let bytes = text.len() as u64;
    Ok(Payload::Blob {
        blob: store.put_blob(text.as_bytes())?,
        bytes,
    })
}

/// The value of a payload.
///
/// # Errors
/// Those of [`Store::blob`]; [`StoreError::Corrupt`] when the blob is no JSON.
pub fn fetch(store: &dyn Store, payload: &Payload) -> Result<Value> {
    match payload {
        Payload::Inline(value) => Ok(value.clone()),
        Payload::Blob { blob, .. } => {
            let bytes = store.blob(blob)?;
            serde_json::from_slice(&bytes).map_err(|error| StoreError::Corrupt {
                path: format!("blob {blob}"),
                what: format!("expected JSON: {error}"),
            })
        }
    }
}

/// Folds the whole log of a run.
///
/// # Errors
/// Those of [`Store::events`]; [`StoreError::Corrupt`] when the log does not fold.
pub fn load_state(store: &dyn Store, run: &RunId) -> Result<RunState> {
    let mut state = RunState::default();
    for event in store.events(run, 1, usize::MAX)? {
        state.fold(&event).map_err(|error| StoreError::Corrupt {
            path: format!("run {run}"),
            what: error.to_string(),
        })?;
    }
    Ok(state)
}
