//! Messages cut out of the byte stream before the protocol library sees them:
//! one broken message is answered with an error and costs only itself, where
//! the library would end the server. Knows framing and the outer shape of
//! JSON-RPC, no method.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// Longest body that is read; a workflow of this size has gone wrong elsewhere.
const BODY: usize = 64 << 20;

/// Longest line of a header.
const LINE: u64 = 8 << 10;

/// Passes messages on until the input ends, and complains about what is none.
pub(crate) async fn inbound(
    input: impl AsyncRead + Unpin,
    mut server: impl AsyncWrite + Unpin,
    complaints: UnboundedSender<Vec<u8>>,
) {
    let mut input = BufReader::new(input);
    while let Some(body) = read(&mut input).await {
        if let Err((code, why)) = shape(&body) {
            let answer = json!({
                "jsonrpc": "2.0",
                "id": null,
                "error": {"code": code, "message": why},
            });
            // The other side ends only with the server.
            let _ = complaints.send(answer.to_string().into_bytes());
        } else if write(&mut server, &body).await.is_err() {
            return;
        }
    }
}

/// Passes on what the server says, and the complaints between two messages.
pub(crate) async fn outbound(
    server: impl AsyncRead + Unpin,
    mut output: impl AsyncWrite + Unpin,
    mut complaints: UnboundedReceiver<Vec<u8>>,
) {
    let mut server = BufReader::new(server);
    loop {
        // A message is read whole or not at all: only its first byte is raced for.
        let body = tokio::select! {
            Some(complaint) = complaints.recv() => complaint,
            more = server.fill_buf() => match more {
                Ok(bytes) if !bytes.is_empty() => match read(&mut server).await {
                    Some(body) => body,
                    None => return,
                },
                _ => return,
            },
        };
        if write(&mut output, &body).await.is_err() {
            return;
        }
    }
}

/// The next body; `None` at the end of the stream. Lines that are no header are skipped.
async fn read(input: &mut (impl tokio::io::AsyncBufRead + Unpin)) -> Option<Vec<u8>> {
    let mut length: Option<usize> = None;
    loop {
        let mut line = Vec::new();
        let limited = &mut (&mut *input).take(LINE);
        if limited.read_until(b'\n', &mut line).await.ok()? == 0 {
            return None;
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        match (line.is_empty(), length) {
            (true, Some(length)) => {
                let mut body = vec![0; length];
                input.read_exact(&mut body).await.ok()?;
                return Some(body);
            }
            (true, None) => {}
            (false, _) => {
                let Some((name, value)) = line.split_once(':') else {
                    continue;
                };
                if name.eq_ignore_ascii_case("content-length") {
                    length = value.trim().parse().ok().filter(|length| *length <= BODY);
                }
            }
        }
    }
}

async fn write(output: &mut (impl AsyncWrite + Unpin), body: &[u8]) -> std::io::Result<()> {
    let head = format!("Content-Length: {}\r\n\r\n", body.len());
    output.write_all(head.as_bytes()).await?;
    output.write_all(body).await?;
    output.flush().await
}

/// Whether a body is a request, a notification or a response; else the error that says what it is not.
fn shape(body: &[u8]) -> Result<(), (i64, String)> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| (-32700, format!("a message must be JSON: {error}")))?;
    let called = value.get("method").is_some_and(Value::is_string);
    let params = matches!(
        value.get("params"),
        None | Some(Value::Object(_) | Value::Array(_) | Value::Null)
    );
    let id = matches!(
        value.get("id"),
        None | Some(Value::Null | Value::Number(_) | Value::String(_))
    );
    let answers = value.get("id").is_some()
        && (value.get("result").is_some() || value.get("error").is_some_and(Value::is_object));
    if (called || answers) && params && id {
        Ok(())
    } else {
        Err((
            -32600,
            "a message must be an object with `method`, or with `id` and `result` or `error`"
                .to_owned(),
        ))
    }
}
