//! The acting verbs. Control carries them out; a refusal is a result.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use fermata_control::{Control, Given};
use serde_json::Value;

use super::Hall;
use super::answer::{answered, refused};

pub(super) async fn act(
    State(hall): State<Hall>,
    Path(verb): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !Control::VERBS.contains(&verb.as_str()) {
        return refused(
            StatusCode::NOT_FOUND,
            "not_found",
            &format!(
                "there is no verb `{verb}`; there are {}",
                Control::VERBS.join(", ")
            ),
        );
    }
    // A form of another page can send text, but not this type.
    let json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.split(';').next() == Some("application/json"));
    if !json {
        return refused(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "bad_request",
            "expected Content-Type: application/json",
        );
    }
    let params = match serde_json::from_slice::<Value>(&body) {
        Ok(params @ Value::Object(_)) => params,
        Ok(_) => {
            return refused(
                StatusCode::BAD_REQUEST,
                "bad_request",
                "expected the verb's parameters as one object",
            );
        }
        Err(error) => {
            return refused(
                StatusCode::BAD_REQUEST,
                "bad_request",
                &format!("the body is no JSON: {error}"),
            );
        }
    };
    answered(&hall, move |control| {
        // The store knows whether the user trusts the repository; a page vouches for nothing.
        control.act(&verb, &params, &Given::default())
    })
    .await
}
