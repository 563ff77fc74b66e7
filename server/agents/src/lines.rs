//! Newline-delimited JSON over a peer's pipes: bounded lines, and on the host's
//! side a filter for what agents print on stdout although it is not protocol.
//! Knows no message of the protocol.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use futures::{Sink, Stream};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

/// Longest line that is taken from a peer, in bytes.
const LONGEST_LINE: usize = 64 * 1024 * 1024;

/// How much of a stray line is kept for a message, in characters.
const NOISE_SHOWN: usize = 120;

/// What an agent printed on its stdout that is not protocol.
#[derive(Debug, Default)]
pub(crate) struct Noise(Mutex<(u64, String)>);

impl Noise {
    fn heard(&self, line: &str) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0 == 0 {
            state.1 = line.trim().chars().take(NOISE_SHOWN).collect();
        }
        state.0 += 1;
    }

    /// Says how many stray lines there were since the last call, and the first of them.
    pub(crate) fn take(&self) -> Option<(u64, String)> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, first) = std::mem::take(&mut *state);
        (count > 0).then_some((count, first))
    }
}

/// Whether a line is a JSON-RPC message. Agents also log JSON lines, so looking like JSON is not enough.
fn is_message(line: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Probe {
        #[serde(rename = "jsonrpc")]
        _jsonrpc: serde::de::IgnoredAny,
    }
    line.trim_start().starts_with('{') && serde_json::from_str::<Probe>(line).is_ok()
}

struct Reader<R> {
    inner: BufReader<R>,
    noise: Option<Arc<Noise>>,
    failed: bool,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    async fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        loop {
            let chunk = self.inner.fill_buf().await?;
            if chunk.is_empty() {
                // A last line without its line feed was cut off: the peer died while writing it.
                return Ok(None);
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(chunk.len());
            if line.len() + taken > LONGEST_LINE {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!(
                        "a line of more than {LONGEST_LINE} bytes came where one protocol message was expected"
                    ),
                ));
            }
            line.extend_from_slice(&chunk[..taken]);
            let used = taken + usize::from(end.is_some());
            self.inner.consume(used);
            if end.is_some() {
                return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
            }
        }
    }

    async fn message(&mut self) -> io::Result<Option<String>> {
        while let Some(line) = self.line().await? {
            match &self.noise {
                Some(_) if line.trim().is_empty() => {}
                Some(noise) if !is_message(&line) => noise.heard(&line),
                _ => return Ok(Some(line)),
            }
        }
        Ok(None)
    }
}

/// The messages of a peer. With `noise`, everything else is counted there and dropped.
pub(crate) fn incoming<R>(
    reader: R,
    noise: Option<Arc<Noise>>,
) -> impl Stream<Item = io::Result<String>> + Send + 'static
where
    R: AsyncRead + Unpin + Send + 'static,
{
    let reader = Reader {
        inner: BufReader::new(reader),
        noise,
        failed: false,
    };
    futures::stream::unfold(reader, |mut reader| async move {
        if reader.failed {
            return None;
        }
        match reader.message().await {
            Ok(Some(line)) => Some((Ok(line), reader)),
            Ok(None) => None,
            Err(error) => {
                reader.failed = true;
                Some((Err(error), reader))
            }
        }
    })
}

/// Writes one message a line, flushed. A peer that no longer reads is no error here: what it wrote
/// before it went is still to be read, and the end of that is what ends the connection.
pub(crate) fn outgoing<W>(writer: W) -> impl Sink<String, Error = io::Error> + Send + 'static
where
    W: AsyncWrite + Unpin + Send + 'static,
{
    futures::sink::unfold(writer, |mut writer, mut line: String| async move {
        line.push('\n');
        let written = async {
            writer.write_all(line.as_bytes()).await?;
            writer.flush().await
        };
        match written.await {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(writer),
        }
    })
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn stray_lines_are_counted_and_only_messages_come_through() {
        let noise = Arc::new(Noise::default());
        let text = "hello!\n{\"jsonrpc\":\"2.0\",\"method\":\"a\"}\n\n{\"level\":\"info\"}\n{\"jsonrpc\":\"2.0\",\"me";
        let lines: Vec<_> = incoming(text.as_bytes(), Some(noise.clone()))
            .map(|line| line.expect("no error"))
            .collect()
            .await;
        assert_eq!(lines, ["{\"jsonrpc\":\"2.0\",\"method\":\"a\"}"]);
        assert_eq!(noise.take(), Some((2, "hello!".to_owned())));
        assert_eq!(noise.take(), None);
    }
}
