//! The one stream of a page: server-sent events, read by `fetch` because
//! `EventSource` sends no token. Events of one run from a number on, a word
//! when the list changed, and a ping every second, so that silence means
//! something. Where a page is, only the page knows.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use fermata_control::{Control, ControlError, Cover, Watcher};
use fermata_engine::{RunId, Seq};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{Sender, channel};

use super::Hall;
use super::answer::{blocking, refused, status};
use super::reads::unread;
use crate::shown;

/// Pause between pings.
const PING: Duration = Duration::from_secs(1);
/// Events that come within so long of each other go together.
const TOGETHER: Duration = Duration::from_millis(50);
/// Most events of a batch.
const BATCH: usize = 500;
/// Batches that wait for a slow reader before the log is read no further.
const WAITING: usize = 8;

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    run: Option<String>,
    #[serde(default)]
    from: u64,
}

pub(super) async fn open(
    State(hall): State<Hall>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let wanted = match wanted {
        Ok(Query(wanted)) => wanted,
        Err(error) => return unread(&error),
    };
    let Ok(place) = hall.streams.clone().try_acquire_owned() else {
        return refused(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "too many pages follow runs from here; close one",
        );
    };
    let begun = blocking(&hall, move |control| Stream::begin(control, &wanted)).await;
    let stream = match begun {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            return (status(&error), axum::Json(shown::refusal(&error))).into_response();
        }
        Err(response) => return response,
    };
    let (out, lines) = channel(WAITING);
    let thread = std::thread::Builder::new()
        .name("fermata-stream".to_owned())
        .spawn(move || stream.run(&out, place));
    if let Err(error) = thread {
        tracing::error!(%error, "a stream cannot be started");
        return refused(StatusCode::SERVICE_UNAVAILABLE, "busy", &error.to_string());
    }
    let body = futures::stream::unfold(lines, |mut lines| async move {
        let line: Bytes = lines.recv().await?;
        Some((Ok::<_, Infallible>(line), lines))
    });
    (
        [(header::CONTENT_TYPE, "text/event-stream")],
        Body::from_stream(body),
    )
        .into_response()
}

/// What a page follows.
struct Stream {
    control: Control,
    watcher: Watcher,
    followed: Option<Followed>,
}

struct Followed {
    run: RunId,
    next: Seq,
    cover: Cover,
}

/// The page is gone.
struct Gone;

impl Stream {
    fn begin(control: &Control, wanted: &Wanted) -> Result<Self, ControlError> {
        let watcher = control.watch()?;
        let followed = match &wanted.run {
            None => None,
            Some(name) => {
                let run = control.find(name)?;
                watcher.subscribe(&run)?;
                let cover = control.cover(&run)?;
                let next = wanted.from.max(1);
                Some(Followed { run, next, cover })
            }
        };
        Ok(Self {
            control: control.clone(),
            watcher,
            followed,
        })
    }

    /// Sends until the page is gone.
    fn run(mut self, out: &Sender<Bytes>, _place: OwnedSemaphorePermit) {
        let (mut ping, mut quiet) = (Instant::now(), Instant::now());
        let mut news = true;
        loop {
            if std::mem::take(&mut news) {
                // The first event goes at once; what a busy run writes next goes together.
                std::thread::sleep(quiet.saturating_duration_since(Instant::now()));
                if self.events(out).is_err() {
                    return;
                }
                quiet = Instant::now() + TOGETHER;
            }
            if Instant::now() >= ping {
                if send(out, "ping", &json!({})).is_err() {
                    return;
                }
                ping = Instant::now() + PING;
            }
            let left = ping.saturating_duration_since(Instant::now());
            let changes = self.watcher.next(left);
            if changes.list && send(out, "runs", &json!({})).is_err() {
                return;
            }
            news = !changes.runs.is_empty();
        }
    }

    /// Sends what the log has from where the page is.
    fn events(&mut self, out: &Sender<Bytes>) -> Result<(), Gone> {
        let Some(followed) = &mut self.followed else {
            return Ok(());
        };
        loop {
            let (run, from) = (&followed.run, followed.next);
            let events = match self
                .control
                .shown_events(run, from, BATCH, &followed.cover, false)
            {
                Ok(events) => events,
                Err(error) => {
                    // The page asks again when it misses something.
                    tracing::warn!(%error, %run, "a run's log could not be read");
                    return Ok(());
                }
            };
            if events.is_empty() {
                return Ok(());
            }
            let (count, full) = (events.len() as u64, events.len() == BATCH);
            let batch = json!({"run": run, "from": from, "events": events});
            send(out, "events", &batch)?;
            followed.next += count;
            if !full {
                return Ok(());
            }
        }
    }
}

/// One event of the stream. JSON has no line breaks of its own.
fn send(out: &Sender<Bytes>, event: &str, data: &Value) -> Result<(), Gone> {
    let text = format!("event: {event}\ndata: {data}\n\n");
    out.blocking_send(text.into()).map_err(|_| Gone)
}
