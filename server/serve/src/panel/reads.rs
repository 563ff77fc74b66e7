//! The reads: lists, one run, a page of its log, the static graph.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use fermata_control::file_of;
use serde::Deserialize;
use serde_json::json;

use super::Hall;
use super::answer::{answered, blocking, refused, status};
use crate::shown;

/// Most events of one page; also what a page has when nothing is said.
const PAGE: usize = 2000;

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    #[serde(default)]
    all: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Page {
    #[serde(default)]
    from: u64,
    limit: Option<usize>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Drawn {
    run: Option<String>,
    uri: Option<String>,
}

/// A query that does not read, said as every refusal is.
pub(super) fn unread(error: &QueryRejection) -> Response {
    refused(StatusCode::BAD_REQUEST, "bad_request", &error.body_text())
}

pub(super) async fn runs(
    State(hall): State<Hall>,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    match which {
        Ok(Query(which)) => answered(&hall, move |control| shown::runs(control, which.all)).await,
        Err(error) => unread(&error),
    }
}

pub(super) async fn starts(State(hall): State<Hall>) -> Response {
    answered(&hall, |control| {
        let mut document = shown::runs(control, false)?;
        Ok(json!({"version": document["version"], "starts": document["starts"].take()}))
    })
    .await
}

pub(super) async fn run(State(hall): State<Hall>, Path(run): Path<String>) -> Response {
    answered(&hall, move |control| {
        shown::run(control, &control.find(&run)?)
    })
    .await
}

pub(super) async fn events(
    State(hall): State<Hall>,
    Path(run): Path<String>,
    page: Result<Query<Page>, QueryRejection>,
) -> Response {
    let page = match page {
        Ok(Query(page)) => page,
        Err(error) => return unread(&error),
    };
    answered(&hall, move |control| {
        let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE);
        control.log_page(&control.find(&run)?, page.from.max(1), limit)
    })
    .await
}

pub(super) async fn graph(
    State(hall): State<Hall>,
    drawn: Result<Query<Drawn>, QueryRejection>,
) -> Response {
    let drawn = match drawn {
        Ok(Query(drawn)) => drawn,
        Err(error) => return unread(&error),
    };
    let workflows = hall.workflows.clone();
    let found = blocking(&hall, move |control| {
        let file = match (&drawn.uri, &drawn.run) {
            (Some(uri), _) => file_of(uri),
            (None, Some(run)) => {
                let run = control.find(run)?;
                Some(control.store().run(&run)?.file.into())
            }
            (None, None) => None,
        };
        Ok(file.and_then(|file| workflows.graph(&file)))
    })
    .await;
    match found {
        Ok(Ok(Some(graph))) => axum::Json(graph).into_response(),
        Ok(Ok(None)) => refused(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is no workflow file to draw; give ?run= or ?uri=file:…",
        ),
        Ok(Err(error)) => {
            let error: fermata_control::ControlError = error;
            (status(&error), axum::Json(shown::refusal(&error))).into_response()
        }
        Err(response) => response,
    }
}
