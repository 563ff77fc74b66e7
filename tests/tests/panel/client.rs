//! The panel's server as a process, and a client that speaks HTTP/1.1 to it
//! over a socket: what is sent is what stands here.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use fermata_tests::Lab;
use serde_json::Value;

/// How long anything may take; far above what it takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `fermata panel --no-open`, ended with the value.
pub(crate) struct Panel {
    process: Child,
    pub(crate) address: String,
}

impl Panel {
    pub(crate) fn start(lab: &Lab, words: &[&str]) -> Self {
        let mut all = vec!["panel", "--no-open"];
        all.extend(words);
        let mut process = lab
            .command(&all)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let out = process.stdout.take().expect("standard output is ours");
        let mut address = String::new();
        BufReader::new(out)
            .read_line(&mut address)
            .expect("it says where it is");
        Self {
            process,
            address: address.trim().to_owned(),
        }
    }

    pub(crate) fn client(&self) -> Client {
        let (place, token) = self.address.split_once("#token=").expect("a token");
        let host = place.trim_start_matches("http://");
        let host = host.split('/').next().unwrap_or_default();
        Client {
            host: host.to_owned(),
            token: token.to_owned(),
            headers: Vec::new(),
        }
    }
}

impl Drop for Panel {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Who asks.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) host: String,
    pub(crate) token: String,
    pub(crate) headers: Vec<String>,
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(found, _)| found == name)
            .map_or("", |(_, value)| value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text()))
    }
}

impl Client {
    /// The same client with other headers; one of a name replaces the usual one.
    pub(crate) fn with(&self, headers: &[&str]) -> Self {
        Self {
            headers: headers.iter().map(|header| (*header).to_owned()).collect(),
            ..self.clone()
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], &[])
    }

    pub(crate) fn post(&self, verb: &str, params: &Value) -> Answer {
        self.request(
            "POST",
            &format!("/api/{verb}"),
            &["Content-Type: application/json"],
            params.to_string().as_bytes(),
        )
    }

    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: &[u8],
    ) -> Answer {
        let mut read = self.send(method, path, headers, body);
        let (status, headers) = head(&mut read);
        let mut body = Vec::new();
        let length = headers
            .iter()
            .find(|(name, _)| name == "content-length")
            .and_then(|(_, value)| value.parse().ok());
        match length {
            Some(length) => {
                body.resize(length, 0);
                read.read_exact(&mut body).expect("the whole body");
            }
            None => {
                // A stream that was refused has a length; an answered one is not read here.
            }
        }
        Answer {
            status,
            headers,
            body,
        }
    }

    /// Opens the stream.
    pub(crate) fn stream(&self, query: &str) -> Stream {
        let mut read = self.send("GET", &format!("/api/stream?{query}"), &[], &[]);
        let (status, _) = head(&mut read);
        assert_eq!(status, 200);
        Stream { read }
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: &[u8],
    ) -> BufReader<TcpStream> {
        let mut socket = TcpStream::connect(&self.host).expect("the panel listens");
        socket
            .set_read_timeout(Some(PATIENCE))
            .expect("a time-out can be set");
        let mut lines = vec![format!("{method} {path} HTTP/1.1")];
        let usual = [
            format!("Host: {}", self.host),
            format!("Authorization: Bearer {}", self.token),
            format!("Content-Length: {}", body.len()),
        ];
        let name = |line: &str| line.split(':').next().unwrap_or_default().to_owned();
        let ours = headers.iter().map(|line| (*line).to_owned());
        let given: Vec<String> = self.headers.iter().cloned().chain(ours).collect();
        lines.extend(
            usual
                .into_iter()
                .filter(|line| !given.iter().any(|other| name(other) == name(line))),
        );
        lines.extend(given);
        let head = format!("{}\r\n\r\n", lines.join("\r\n"));
        socket.write_all(head.as_bytes()).expect("it reads");
        // A body that is too large is refused before it is read whole.
        let _ = socket.write_all(body);
        BufReader::new(socket)
    }
}

fn head(read: &mut BufReader<TcpStream>) -> (u16, Vec<(String, String)>) {
    let mut line = String::new();
    read.read_line(&mut line).expect("a status line");
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse().ok())
        .unwrap_or_else(|| panic!("a status: {line:?}"));
    let mut headers = Vec::new();
    loop {
        line.clear();
        read.read_line(&mut line).expect("headers");
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_lowercase(), value.to_owned())),
            None => return (status, headers),
        }
    }
}

/// An open stream of server-sent events, chunk by chunk.
pub(crate) struct Stream {
    read: BufReader<TcpStream>,
}

impl Stream {
    /// The next event with one of these names; others are passed over.
    pub(crate) fn next_of(&mut self, names: &[&str]) -> (String, Value) {
        let mut event = String::new();
        loop {
            let mut line = String::new();
            let read = self.read.read_line(&mut line).expect("the stream goes on");
            assert!(read > 0, "the stream ended before {names:?}");
            // Lines of the transfer itself (sizes of chunks) begin with neither.
            if let Some(name) = line.strip_prefix("event: ") {
                name.trim_end().clone_into(&mut event);
            } else if let Some(data) = line.strip_prefix("data: ")
                && names.contains(&event.as_str())
            {
                let data = serde_json::from_str(data.trim_end()).expect("data is JSON");
                return (event, data);
            }
        }
    }
}
