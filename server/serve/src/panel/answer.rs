//! Answers in the protocol's shape, and calls of control off the threads that
//! serve: control blocks.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use fermata_control::{Control, ControlError};
use serde_json::{Value, json};

use super::Hall;
use crate::shown;

/// `{"ok": false, …}` with this status.
pub(super) fn refused(status: StatusCode, reason: &str, message: &str) -> Response {
    let body = json!({"ok": false, "reason": reason, "message": message});
    (status, Json(body)).into_response()
}

/// What a call of control came to.
pub(super) async fn answered(
    hall: &Hall,
    call: impl FnOnce(&Control) -> Result<Value, ControlError> + Send + 'static,
) -> Response {
    match blocking(hall, call).await {
        Ok(Ok(value)) => Json(value).into_response(),
        Ok(Err(error)) => (status(&error), Json(shown::refusal(&error))).into_response(),
        Err(response) => response,
    }
}

/// Runs a call of control where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    hall: &Hall,
    call: impl FnOnce(&Control) -> T + Send + 'static,
) -> Result<T, Response> {
    let control = hall.control.clone();
    tokio::task::spawn_blocking(move || call(&control))
        .await
        .map_err(|error| {
            tracing::error!(%error, "a request of the panel ended in a panic");
            refused(
                StatusCode::INTERNAL_SERVER_ERROR,
                "failed",
                "an internal error; the server goes on",
            )
        })
}

pub(super) fn status(error: &ControlError) -> StatusCode {
    match error {
        ControlError::NotFound(_) => StatusCode::NOT_FOUND,
        ControlError::Ambiguous { .. } | ControlError::BadRequest { .. } => StatusCode::BAD_REQUEST,
        ControlError::Store(_) | ControlError::Io { .. } | ControlError::Config(_) => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}
