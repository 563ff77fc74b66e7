//! A strict client: every request gets its one answer, every notification is
//! taken or named as of no interest, and what is left at the end fails the test.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fermata_control::{AgentCheck, Control, NoAgent, Options, WorkerCommand};
use fermata_engine::Surface;
use fermata_lsp::Probe;
use fermata_store::Index;
use fermata_tests::{Lab, fermata};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf};
use tokio::task::JoinHandle;

/// What a server says of its own accord, for tests that are about something else.
pub(crate) const QUIET: [&str; 3] = [
    "window/logMessage",
    "textDocument/publishDiagnostics",
    "workspace/codeLens/refresh",
];

/// How long anything may take; far above what it takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Every agent counts as installed: the worker, which is the real binary, knows better.
struct Everything;

impl AgentCheck for Everything {
    fn available(&self, _: &str, _: Option<&Path>) -> Result<(), NoAgent> {
        Ok(())
    }
}

/// Control of a lab, as any surface.
pub(crate) fn control(lab: &Lab, surface: Surface) -> Control {
    let mut options = Options::new(surface, Arc::new(Everything));
    options.home = Some(lab.home());
    options.by = "ada".to_owned();
    options.worker = WorkerCommand {
        program: Some(fermata()),
        ..WorkerCommand::default()
    };
    Control::open(options).expect("the lab's home opens")
}

/// The server with its client.
pub(crate) struct TestServer {
    pub(crate) probe: Arc<Probe>,
    input: Option<WriteHalf<DuplexStream>>,
    output: ReadHalf<DuplexStream>,
    serving: JoinHandle<()>,
    next: i64,
    unread: VecDeque<Value>,
    ignored: Vec<&'static str>,
}

impl TestServer {
    /// A server that nobody has greeted.
    pub(crate) fn start(lab: &Lab) -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let (output, input) = tokio::io::split(ours);
        let (their_input, their_output) = tokio::io::split(theirs);
        let probe = Arc::new(Probe::default());
        let given = Arc::clone(&probe);
        let (home, work) = (lab.home(), lab.work());
        let opener = Box::new(move |surface| {
            let mut options = Options::new(surface, Arc::new(Everything));
            options.home = Some(home);
            options.by = "ada".to_owned();
            options.worker = WorkerCommand {
                program: Some(fermata()),
                ..WorkerCommand::default()
            };
            let control = Control::open(options)?;
            control.trust(&work, true)?;
            Ok(control)
        });
        let serving = tokio::spawn(async move {
            fermata_lsp::serve(their_input, their_output, opener, given).await;
        });
        Self {
            probe,
            input: Some(input),
            output,
            serving,
            next: 0,
            unread: VecDeque::new(),
            ignored: Vec::new(),
        }
    }

    /// A server greeted by a client of this name with these capabilities.
    pub(crate) async fn greeted(lab: &Lab, name: &str, capabilities: Value) -> Self {
        let mut server = Self::start(lab);
        let params = json!({
            "processId": null,
            "clientInfo": {"name": name},
            "capabilities": capabilities,
            "workspaceFolders": [{"uri": uri(&lab.work()), "name": "work"}],
            "initializationOptions": {"trusted": true},
        });
        server.ask("initialize", params).await.expect("a greeting");
        server.tell("initialized", json!({})).await;
        server
    }

    /// Names messages that this test has no interest in.
    pub(crate) fn ignore(&mut self, methods: &[&'static str]) {
        self.ignored.extend(methods);
    }

    /// Opens a file of the lab.
    pub(crate) async fn open(&mut self, path: &Path) -> String {
        let text = std::fs::read_to_string(path).expect("a file of the lab");
        let uri = uri(path);
        self.tell(
            "textDocument/didOpen",
            json!({"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}}),
        )
        .await;
        uri
    }

    /// Sends bytes as they are.
    pub(crate) async fn raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("the input is open");
        input.write_all(bytes).await.expect("the server reads");
    }

    async fn send(&mut self, message: &Value) {
        let body = message.to_string();
        let framed = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.raw(framed.as_bytes()).await;
    }

    /// Sends a notification.
    pub(crate) async fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
            .await;
    }

    /// Sends a request and does not wait; the id answers it.
    pub(crate) async fn request(&mut self, method: &str, params: Value) -> i64 {
        self.next += 1;
        let id = self.next;
        let mut message = json!({"jsonrpc": "2.0", "id": id, "method": method});
        if !params.is_null() {
            message["params"] = params;
        }
        self.send(&message).await;
        id
    }

    /// The answer to a request: its result, or its error.
    pub(crate) async fn answer(&mut self, id: i64) -> Result<Value, Value> {
        let message = self
            .take(&format!("the answer to {id}"), |message| {
                message["id"] == id && message.get("method").is_none()
            })
            .await;
        match message.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(message["result"].clone()),
        }
    }

    /// The answer to a request with an id of its own.
    pub(crate) async fn answer_to(&mut self, id: &str) -> Value {
        self.take(&format!("the answer to {id}"), |message| {
            message["id"] == id
        })
        .await
    }

    /// What is said about bytes that were no message.
    pub(crate) async fn answer_without_id(&mut self) -> Value {
        self.take("an error without an id", |message| {
            message["id"].is_null() && message.get("error").is_some()
        })
        .await
    }

    /// A request with its answer.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.request(method, params).await;
        self.answer(id).await
    }

    /// Carries out a command.
    pub(crate) async fn execute(&mut self, command: &str, argument: Value) -> Result<Value, Value> {
        self.ask(
            "workspace/executeCommand",
            json!({"command": command, "arguments": [argument]}),
        )
        .await
    }

    /// The next message with this method; waits for it.
    pub(crate) async fn said(&mut self, method: &str) -> Value {
        self.take(method, |message| message["method"] == method)
            .await
    }

    /// The next question to the person, with its buttons.
    pub(crate) async fn asked(&mut self) -> (Value, String, Vec<String>) {
        let request = self.said("window/showMessageRequest").await;
        let buttons = request["params"]["actions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|action| action["title"].as_str().map(str::to_owned))
            .collect();
        let text = request["params"]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        (request["id"].clone(), text, buttons)
    }

    /// Presses a button of a question; none dismisses it.
    pub(crate) async fn press(&mut self, question: &Value, button: Option<&str>) {
        let result = button.map_or(Value::Null, |title| json!({"title": title}));
        self.send(&json!({"jsonrpc": "2.0", "id": question, "result": result}))
            .await;
    }

    /// The next message, whatever it is; waits for it.
    pub(crate) async fn next(&mut self) -> Value {
        self.take("anything", |_| true).await
    }

    /// Reads until a message fits, keeping the others.
    async fn take(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.unread.iter().position(&fits) {
            return self.unread.remove(at).expect("it was found there");
        }
        loop {
            let read = tokio::time::timeout(PATIENCE, self.read()).await;
            let message = match read {
                Ok(Some(message)) => message,
                Ok(None) => panic!("the server ended before {what}; unread: {:#?}", self.unread),
                Err(_) => panic!("waited in vain for {what}; unread: {:#?}", self.unread),
            };
            if fits(&message) {
                return message;
            }
            self.unread.push_back(message);
        }
    }

    /// One message; `None` at the end of the stream.
    async fn read(&mut self) -> Option<Value> {
        let mut length = 0;
        loop {
            let mut line = Vec::new();
            while !line.ends_with(b"\r\n") {
                line.push(self.output.read_u8().await.ok()?);
            }
            let line = String::from_utf8(line).expect("headers are ASCII");
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", number)) => {
                    length = number.parse().expect("a length is a number");
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).await.ok()?;
        Some(serde_json::from_slice(&body).expect("a message is JSON"))
    }

    /// Closes the input and waits until the server has ended, reading what it still says.
    pub(crate) async fn end(mut self) {
        self.input
            .take()
            .expect("the input is open")
            .shutdown()
            .await
            .expect("the input closes");
        self.ended().await;
    }

    /// Waits until the server has ended by itself.
    pub(crate) async fn ended(mut self) {
        while let Ok(Some(message)) = tokio::time::timeout(PATIENCE, self.read()).await {
            self.unread.push_back(message);
        }
        tokio::time::timeout(PATIENCE, &mut self.serving)
            .await
            .expect("the server ends")
            .expect("the server does not panic");
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let ignored = &self.ignored;
        self.unread.retain(|message| {
            !ignored
                .iter()
                .any(|method| message["method"].as_str() == Some(*method))
        });
        assert!(
            self.unread.is_empty(),
            "nobody read what the server said: {:#?}",
            self.unread
        );
    }
}

/// Looks until something is found, asking the server again and again.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain until {what}");
        tokio::task::yield_now().await;
    }
}

/// Asserts that the disk was not read since a session had read it so often.
pub(crate) fn assert_no_reads(disk: &Index, since: u64) {
    if disk.is_told() {
        assert_eq!(disk.reads(), since, "the disk was read again");
    } else {
        eprintln!("SKIPPED: the system has no watches left, so what was read is not kept");
    }
}

/// A path as clients name it.
pub(crate) fn uri(path: &Path) -> String {
    let mut text = "file://".to_owned();
    for byte in path.to_str().expect("labs have Unicode names").bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                text.push(char::from(byte));
            }
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text
}
