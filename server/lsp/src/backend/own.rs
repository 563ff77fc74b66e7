//! Our own requests (design/protocol.md, "Language server").

use std::path::PathBuf;

use fermata_control::RunsFilter;
use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::Uri;

use super::Backend;
use crate::commands::{self, failed};
use crate::session::Message;
use crate::{convert, methods, words};

#[derive(Debug, Deserialize)]
pub(crate) struct RunParams {
    run: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct EventsParams {
    run: String,
    #[serde(default = "one")]
    from: u64,
    #[serde(default)]
    limit: Option<usize>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct GraphParams {
    #[serde(default)]
    uri: Option<Uri>,
    #[serde(default)]
    run: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct RunsParams {
    #[serde(default)]
    all: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TrustParams {
    trusted: bool,
}

fn one() -> u64 {
    1
}

/// Most events that one `fermata/events` answers with.
const EVENTS: usize = 500;

impl Backend {
    /// Says that the server is there, whatever its session is busy with.
    pub(crate) async fn ping(&self, _: Option<Value>) -> Result<Value> {
        Ok(json!({}))
    }

    pub(crate) async fn runs(&self, params: Option<RunsParams>) -> Result<Value> {
        let all = params.unwrap_or_default().all;
        self.blocking(move |control| {
            let filter = RunsFilter {
                all,
                ..RunsFilter::default()
            };
            Ok(words::titled(&control.runs(&filter).map_err(failed)?))
        })
        .await
    }

    pub(crate) async fn show(&self, params: RunParams) -> Result<Value> {
        let mut shown = self
            .blocking(move |control| {
                control
                    .show(&control.find(&params.run).map_err(failed)?)
                    .map_err(failed)
            })
            .await?;
        let uri = shown["path"]
            .as_str()
            .and_then(|p| convert::uri(p.as_ref()));
        if let Some(uri) = uri {
            let run = shown.clone();
            let marks = self.ask(uri, move |view| methods::marks::run(view, &run));
            shown["marks"] = json!(marks.await?);
        }
        Ok(shown)
    }

    pub(crate) async fn events(&self, params: EventsParams) -> Result<Value> {
        self.blocking(move |control| {
            let run = control.find(&params.run).map_err(failed)?;
            let limit = params.limit.unwrap_or(EVENTS).min(EVENTS);
            control.log_page(&run, params.from, limit).map_err(failed)
        })
        .await
    }

    pub(crate) async fn graph(&self, params: GraphParams) -> Result<Value> {
        let file = match (params.uri, params.run) {
            (Some(uri), _) => convert::path(&uri)
                .ok_or_else(|| commands::bad("uri", "expected a file: address"))?,
            (None, Some(run)) => {
                let shown = self.show(RunParams { run }).await?;
                PathBuf::from(shown["path"].as_str().unwrap_or_default())
            }
            (None, None) => return Err(commands::bad("uri", "give a uri or a run")),
        };
        let open = convert::uri(&file);
        if let Some(uri) = open
            && let Some(graph) = self
                .ask(uri, |view| {
                    fermata_ide::graph(&view.snapshot.loaded).to_json()
                })
                .await?
        {
            return Ok(graph);
        }
        self.blocking(move |_| {
            let loaded = fermata_workflow::load(&fermata_store::OsWorld::new(), &file);
            Ok(fermata_ide::graph(&loaded).to_json())
        })
        .await
    }

    pub(crate) async fn subscribe(&self, params: EventsParams) -> Result<Value> {
        let from = params.from;
        let (run, last) = self
            .blocking(move |control| {
                let run = control.find(&params.run).map_err(failed)?;
                let last = control.state(&run).map_err(failed)?.last_seq;
                Ok((run, last))
            })
            .await?;
        self.send(Message::Subscribe { run, from });
        Ok(json!({ "last": last }))
    }

    pub(crate) async fn unsubscribe(&self, params: RunParams) -> Result<Value> {
        let run = self
            .blocking(move |control| control.find(&params.run).map_err(failed))
            .await?;
        self.send(Message::Unsubscribe { run });
        Ok(json!({}))
    }

    pub(crate) async fn did_change_trust(&self, params: TrustParams) {
        self.send(Message::Trust(params.trusted));
    }
}
