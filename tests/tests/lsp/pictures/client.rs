//! A client that keeps a picture as editors do: what it was sent last about each file, or what it was told when it asked,
//! asking again when it is bidden to. Says nothing about what is right.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};

use fermata_tests::Lab;
use serde_json::{Value, json};

use crate::server::TestServer;

/// What the client shows of each file, by its address; files without problems are left out.
pub(crate) type Picture = BTreeMap<String, Value>;

/// Why a request was made.
#[derive(Debug, Clone)]
enum Purpose {
    /// Its answer is not looked at.
    Idle,
    /// Diagnostics of a document.
    Pull(String),
    /// Diagnostics of the workspace.
    PullAll,
    /// The same, to be answered when there is something new.
    Held,
    /// The answer is kept.
    Kept,
}

/// An open document.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    pub(crate) text: String,
    pub(crate) version: i64,
}

/// See the file's first lines.
pub(crate) struct Client {
    pub(crate) server: TestServer,
    pub(crate) pulls: bool,
    /// Escapes in addresses only what it must; in here, they are as the server writes them.
    raw: bool,
    pub(crate) documents: BTreeMap<String, Open>,
    /// What was sent: version and diagnostics.
    pushed: BTreeMap<String, (Value, Value)>,
    /// What was asked for: id and diagnostics.
    pulled: BTreeMap<String, (Value, Value)>,
    /// The newest pull of each document; what older ones are answered is not shown.
    newest: HashMap<String, i64>,
    /// What was told of the workspace.
    workspace: BTreeMap<String, (Value, Value)>,
    /// What was told of other files with documents.
    related: BTreeMap<String, Value>,
    waiting: HashMap<i64, Purpose>,
    kept: HashMap<i64, Value>,
    /// Everything that was sent since somebody looked, in order.
    pub(crate) trail: Vec<(String, Value)>,
    /// How often something was sent.
    heard: u64,
}

/// A question that waits until a document is analysed.
fn hover(uri: &str) -> (&'static str, Value) {
    let place = json!({"line": 0, "character": 0});
    let params = json!({"textDocument": {"uri": uri}, "position": place});
    ("textDocument/hover", params)
}

impl Client {
    pub(crate) async fn start(lab: &Lab, pulls: bool, raw: bool) -> Self {
        let capabilities = if pulls {
            json!({
                "textDocument": {"diagnostic": {"relatedDocumentSupport": true}},
                "workspace": {"diagnostics": {"refreshSupport": true}, "codeLens": {"refreshSupport": true}},
            })
        } else {
            json!({})
        };
        let mut server = TestServer::greeted(lab, "any", capabilities).await;
        server.ignore(&[
            "window/logMessage",
            "textDocument/publishDiagnostics",
            "workspace/codeLens/refresh",
            "workspace/diagnostic/refresh",
        ]);
        Self {
            server,
            pulls,
            raw,
            documents: BTreeMap::new(),
            pushed: BTreeMap::new(),
            pulled: BTreeMap::new(),
            newest: HashMap::new(),
            workspace: BTreeMap::new(),
            related: BTreeMap::new(),
            waiting: HashMap::new(),
            kept: HashMap::new(),
            trail: Vec::new(),
            heard: 0,
        }
    }

    // -- what a client does -------------------------------------------------

    pub(crate) async fn open(&mut self, uri: &str, text: &str, version: i64) {
        let document = json!({"uri": uri, "languageId": "yaml", "version": version, "text": text});
        let opened = json!({ "textDocument": document });
        self.tell("textDocument/didOpen", opened).await;
        let open = Open {
            text: text.to_owned(),
            version,
        };
        self.documents.insert(uri.to_owned(), open);
        self.related.remove(uri);
        self.pull(uri).await;
    }

    /// Tells of a change that has led to `text`.
    pub(crate) async fn change(&mut self, uri: &str, changes: Value, text: String) {
        let open = self.documents.get_mut(uri).expect("it is open");
        open.version += 1;
        open.text = text;
        let document = json!({"uri": uri, "version": open.version});
        let change = json!({"textDocument": document, "contentChanges": changes});
        self.tell("textDocument/didChange", change).await;
        self.pull(uri).await;
    }

    pub(crate) async fn close(&mut self, uri: &str) {
        let closed = json!({"textDocument": {"uri": uri}});
        self.tell("textDocument/didClose", closed).await;
        self.documents.remove(uri);
        self.pulled.remove(uri);
        self.newest.remove(uri);
        // What was told with it is believed no longer.
        self.related.clear();
    }

    /// Sends a request whose answer only has to come.
    pub(crate) async fn ask(&mut self, method: &str, params: Value, cancel: bool) {
        let id = self.request(method, params, Purpose::Idle).await;
        if cancel {
            self.tell("$/cancelRequest", json!({ "id": id })).await;
        }
    }

    /// Sends a notification.
    pub(crate) async fn tell(&mut self, method: &str, params: Value) {
        let params = self.written(params);
        self.server.tell(method, params).await;
    }

    /// With addresses as this client writes them.
    fn written(&self, mut value: Value) -> Value {
        if self.raw {
            each_address(&mut value, &|uri| {
                uri.replace("%28", "(").replace("%29", ")")
            });
        }
        value
    }

    async fn request(&mut self, method: &str, params: Value, purpose: Purpose) -> i64 {
        let params = self.written(params);
        let id = self.server.request(method, params).await;
        self.waiting.insert(id, purpose);
        id
    }

    /// Asks for a document's diagnostics; an older question about it is given up.
    pub(crate) async fn pull(&mut self, uri: &str) {
        if !self.pulls {
            return;
        }
        let previous = self.pulled.get(uri).map(|(id, _)| id.clone());
        let params = json!({"textDocument": {"uri": uri}, "previousResultId": previous});
        let purpose = Purpose::Pull(uri.to_owned());
        let id = self
            .request("textDocument/diagnostic", params, purpose)
            .await;
        if let Some(before) = self.newest.insert(uri.to_owned(), id)
            && self.waiting.contains_key(&before)
        {
            let cancelled = json!({ "id": before });
            self.tell("$/cancelRequest", cancelled).await;
        }
    }

    /// Asks about the workspace, to be answered at once or when there is something new.
    pub(crate) async fn pull_all(&mut self, holds: bool) {
        let known = self.workspace.iter().filter(|(_, (id, _))| id.is_string());
        let previous: Value = known
            .map(|(uri, (id, _))| json!({"uri": uri, "value": id}))
            .collect();
        let mut params = json!({ "previousResultIds": previous });
        if holds {
            params["partialResultToken"] = json!("t");
        }
        let purpose = if holds {
            Purpose::Held
        } else {
            Purpose::PullAll
        };
        self.request("workspace/diagnostic", params, purpose).await;
    }

    /// Asks questions, and reads until all of them are answered.
    pub(crate) async fn answers(&mut self, questions: Vec<(&str, Value)>) -> Vec<Value> {
        let mut ids = Vec::new();
        for (method, params) in questions {
            ids.push(self.request(method, params, Purpose::Kept).await);
        }
        self.idle().await;
        ids.iter()
            .map(|id| self.kept.remove(id).expect("it was answered"))
            .collect()
    }

    // -- what it hears ------------------------------------------------------

    /// Reads until everything is answered that does not wait for news.
    pub(crate) async fn idle(&mut self) {
        while self.waiting.values().any(|p| !matches!(p, Purpose::Held)) {
            let message = self.server.next().await;
            self.hear(message).await;
        }
    }

    async fn hear(&mut self, mut message: Value) {
        each_address(&mut message, &|uri| {
            uri.replace('(', "%28").replace(')', "%29")
        });
        let method = message["method"].as_str().map(str::to_owned);
        match (method, message.get("id").cloned()) {
            (Some(method), Some(id)) => {
                self.server.press(&id, None).await;
                if method == "workspace/diagnostic/refresh" {
                    let open: Vec<String> = self.documents.keys().cloned().collect();
                    for uri in open {
                        self.pull(&uri).await;
                    }
                }
            }
            (Some(method), None) => self.told(&method, &message["params"]),
            (None, id) => {
                let id = id.and_then(|id| id.as_i64());
                let id = id.unwrap_or_else(|| panic!("an answer to nothing: {message:#}"));
                let purpose = self.waiting.remove(&id);
                let purpose =
                    purpose.unwrap_or_else(|| panic!("{id} was answered twice: {message:#}"));
                self.answered(id, purpose, &message).await;
            }
        }
    }

    fn told(&mut self, method: &str, params: &Value) {
        match method {
            "textDocument/publishDiagnostics" => {
                assert!(!self.pulls, "sent to a client that asks: {params:#}");
                self.heard += 1;
                let uri = params["uri"].as_str().expect("an address").to_owned();
                let items = params["diagnostics"].clone();
                self.trail.push((uri.clone(), items.clone()));
                self.pushed.insert(uri, (params["version"].clone(), items));
            }
            "window/logMessage" => {}
            other => panic!("the server said {other}: {params:#}"),
        }
    }

    async fn answered(&mut self, id: i64, purpose: Purpose, message: &Value) {
        let error = message.get("error");
        if let Some(error) = error {
            assert_eq!(error["code"], -32800, "refused: {error:#}");
        }
        let result = &message["result"];
        match purpose {
            Purpose::Idle => {}
            Purpose::Kept => {
                self.kept.insert(id, result.clone());
            }
            Purpose::Pull(uri) => {
                let newest = self.newest.get(&uri) == Some(&id);
                if newest && error.is_none() && self.documents.contains_key(&uri) {
                    take(&mut self.pulled, &uri, result);
                    for (other, report) in
                        result["relatedDocuments"].as_object().into_iter().flatten()
                    {
                        self.related.insert(other.clone(), report["items"].clone());
                    }
                }
            }
            Purpose::PullAll | Purpose::Held => {
                for report in result["items"].as_array().into_iter().flatten() {
                    let uri = report["uri"].as_str().expect("an address").to_owned();
                    take(&mut self.workspace, &uri, report);
                }
                if matches!(purpose, Purpose::Held) {
                    self.pull_all(true).await;
                }
            }
        }
    }

    /// Asks until everything that the server knows of is analysed and heard of; about the whole workspace, too, where that
    /// may be asked.
    pub(crate) async fn settle(&mut self, surveys: bool) {
        let mut before = None;
        while before != Some(self.done()) {
            before = Some(self.done());
            let mut questions = Vec::new();
            for uri in self.documents.keys() {
                questions.push(hover(uri));
            }
            if surveys {
                questions.push(("workspace/symbol", json!({"query": ""})));
            }
            self.answers(questions).await;
            // Answered in its turn: what came before is over, and what followed from it is said.
            self.answers(vec![hover("file:///nowhere.yaml")]).await;
            while self.heard < self.done().1 {
                let message = self.server.next().await;
                self.hear(message).await;
            }
        }
    }

    /// How many analyses were begun, and how often something was sent.
    fn done(&self) -> (u64, u64) {
        let probe = &self.server.probe;
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (count(&probe.lowerings), count(&probe.said))
    }

    /// Waits until every open document but one is analysed.
    pub(crate) async fn others(&mut self, but: &str) {
        let mut ids = Vec::new();
        for uri in self.documents.keys().cloned().collect::<Vec<_>>() {
            if uri != but {
                let (method, params) = hover(&uri);
                let asked = self.request(method, params, Purpose::Kept);
                ids.push(asked.await);
            }
        }
        while ids.iter().any(|id| !self.kept.contains_key(id)) {
            let message = self.server.next().await;
            self.hear(message).await;
        }
        self.kept.clear();
    }

    // -- its picture --------------------------------------------------------

    /// What it shows.
    pub(crate) fn picture(&self) -> Picture {
        let empty = |items: &Value| items.as_array().is_none_or(Vec::is_empty);
        let mut picture = Picture::new();
        for (uri, (version, items)) in &self.pushed {
            if !empty(items) {
                picture.insert(uri.clone(), json!({"version": version, "items": items}));
            }
        }
        for (uri, (_, items)) in &self.pulled {
            if !empty(items) {
                picture.insert(uri.clone(), items.clone());
            }
        }
        for (uri, (_, items)) in &self.workspace {
            if !empty(items) {
                picture.insert(format!("workspace {uri}"), items.clone());
            }
        }
        picture
    }

    /// What it was told of files that are not open, because of those that are.
    pub(crate) fn related(&self) -> BTreeMap<String, Value> {
        let said = |(_, items): &(&String, &Value)| items.as_array().is_some_and(|i| !i.is_empty());
        let closed: BTreeSet<&String> = self.documents.keys().collect();
        self.related
            .iter()
            .filter(|(uri, _)| !closed.contains(uri))
            .filter(said)
            .map(|(uri, items)| (uri.clone(), items.clone()))
            .collect()
    }

    /// Ends the session; everything is answered, and the server ends when told.
    pub(crate) async fn end(mut self) {
        self.ask("shutdown", Value::Null, false).await;
        while !self.waiting.is_empty() {
            for purpose in self.waiting.values_mut() {
                // They are answered now, and not asked again.
                *purpose = Purpose::Idle;
            }
            self.idle().await;
        }
        self.tell("exit", Value::Null).await;
        self.server.ended().await;
    }
}

/// Takes over a report: what is unchanged was said before, under the same name.
fn take(known: &mut BTreeMap<String, (Value, Value)>, uri: &str, report: &Value) {
    let id = report["resultId"].clone();
    match report["kind"].as_str() {
        Some("full") => {
            known.insert(uri.to_owned(), (id, report["items"].clone()));
        }
        Some("unchanged") => {
            let before = known.get(uri).map(|(id, _)| id);
            assert_eq!(
                before,
                Some(&id),
                "unchanged since what was never said about {uri}"
            );
        }
        _ => panic!("no report: {report:#}"),
    }
}

/// Writes every address in a message anew.
fn each_address(value: &mut Value, write: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) if text.starts_with("file:") => *text = write(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_address(item, write)),
        Value::Object(fields) => {
            for (name, mut field) in std::mem::take(fields) {
                each_address(&mut field, write);
                let address = name.starts_with("file:");
                fields.insert(if address { write(&name) } else { name }, field);
            }
        }
        _ => {}
    }
}
