//! The loopback HTTP server in front of the result tool: one address, a secret per
//! conversation. Requests without that secret, and any that a browser sends, learn
//! nothing. What the tool does is in `tool`.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use super::tool::Wish;

/// Largest message that is taken, in bytes.
const LARGEST: usize = 16 * 1024 * 1024;

type Wishes = Arc<Mutex<HashMap<String, Arc<Wish>>>>;

/// The server; it ends with this value.
pub(crate) struct SubmitServer {
    address: SocketAddr,
    wishes: Wishes,
    task: AbortHandle,
}

/// One conversation's way to hand in a result. It is void once dropped.
pub(crate) struct Ticket {
    secret: String,
    address: SocketAddr,
    wish: Arc<Wish>,
    wishes: Wishes,
}

impl SubmitServer {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// The system's reason.
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let wishes = Wishes::default();
        let app = Router::new()
            .route("/mcp", post(take))
            .layer(DefaultBodyLimit::max(LARGEST))
            .with_state(wishes.clone());
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::warn!(%error, "the loopback server for structured results ended");
            }
        });
        Ok(Self {
            address,
            wishes,
            task: task.abort_handle(),
        })
    }

    /// A ticket for results of that schema; `None` when a tool cannot take them, or without randomness.
    pub(crate) fn open(&self, schema: &Value) -> Option<Ticket> {
        let wish = Arc::new(Wish::new(schema)?);
        let secret = secret()?;
        self.wishes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(secret.clone(), wish.clone());
        Some(Ticket {
            secret,
            address: self.address,
            wish,
            wishes: self.wishes.clone(),
        })
    }
}

impl Drop for SubmitServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Ticket {
    /// Where the tool server is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// Value of the `Authorization` header.
    pub(crate) fn authorization(&self) -> String {
        format!("Bearer {}", self.secret)
    }

    /// The result that was handed in, if any.
    pub(crate) fn take(&self) -> Option<Value> {
        self.wish.take()
    }

    /// Forgets a result of an earlier turn.
    pub(crate) fn clear(&self) {
        self.wish.take();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.wishes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.secret);
    }
}

/// 192 random bits, hexadecimal.
fn secret() -> Option<String> {
    use std::fmt::Write as _;

    let mut bytes = [0_u8; 24];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

async fn take(State(wishes): State<Wishes>, headers: HeaderMap, body: Bytes) -> Response {
    // A page in a browser has an origin; an agent has none.
    if headers.contains_key(header::ORIGIN) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let wish = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .and_then(|secret| {
            wishes
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(secret)
                .cloned()
        });
    let Some(wish) = wish else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let Ok(message) = serde_json::from_slice::<Value>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match wish.answer(&message) {
        Some(answer) => axum::Json(answer).into_response(),
        None => StatusCode::ACCEPTED.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    async fn http(ticket: &Ticket, method: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(ticket.address).await.expect("listens");
        let request = format!(
            "{method} /mcp HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            ticket.address,
            body.len()
        );
        stream.write_all(request.as_bytes()).await.expect("writes");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("reads");
        answer
    }

    #[tokio::test]
    async fn a_result_arrives_over_http_and_only_with_the_tickets_secret() {
        let server = SubmitServer::start().await.expect("a free port");
        let ticket = server.open(&json!({"type": "object"})).expect("a ticket");
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": "submit_result", "arguments": {"x": 1}}})
        .to_string();
        let right = format!("Authorization: {}\r\n", ticket.authorization());

        for (headers, status) in [
            (String::new(), "401"),
            ("Authorization: Bearer x\r\n".to_owned(), "401"),
            (format!("{right}Origin: http://example.org\r\n"), "403"),
        ] {
            let answer = http(&ticket, "POST", &headers, &body).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{answer}"
            );
            assert_eq!(ticket.take(), None);
        }
        let answer = http(&ticket, "GET", &right, "").await;
        assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
        let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        let answer = http(&ticket, "POST", &right, note).await;
        assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");

        let answer = http(&ticket, "POST", &right, &body).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(ticket.take(), Some(json!({"x": 1})));
    }
}
