//! What goes to the client, in order: the session never waits for a slow client.

use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tower_lsp::Client;
use tower_lsp::ls_types::{Diagnostic, MessageType, Registration, Uri};

use crate::notifications::{Events, OpenPanel, RunChanged, ServerStatus, StartsChanged};

/// One thing to send.
#[derive(Debug)]
pub(crate) enum Mail {
    Diagnostics {
        uri: Uri,
        diagnostics: Vec<Diagnostic>,
        version: Option<i32>,
    },
    Message {
        kind: MessageType,
        text: String,
    },
    RunChanged(Value),
    StartsChanged,
    Events(Value),
    Status(Value),
    OpenPanel(Value),
    RefreshLenses,
    RefreshInlays,
    /// The client should ask for diagnostics again.
    RefreshReports,
    /// The client should watch files that may be workflows.
    WatchFiles,
}

/// Where the session drops what goes to the client.
#[derive(Debug, Clone)]
pub(crate) struct Outbox(UnboundedSender<Mail>);

impl Outbox {
    /// Starts the task that sends. Our own notifications go to a `plugin` only.
    pub(crate) fn start(client: Client, plugin: bool) -> Self {
        let (sender, mut receiver) = unbounded_channel();
        tokio::spawn(async move {
            while let Some(mail) = receiver.recv().await {
                let ours = matches!(
                    mail,
                    Mail::RunChanged(_)
                        | Mail::StartsChanged
                        | Mail::Events(_)
                        | Mail::Status(_)
                        | Mail::OpenPanel(_)
                );
                if plugin || !ours {
                    deliver(&client, mail).await;
                }
            }
        });
        Self(sender)
    }

    /// Sends after everything sent before. A client that is gone gets nothing.
    pub(crate) fn send(&self, mail: Mail) {
        // The receiver ends only with the server.
        let _ = self.0.send(mail);
    }
}

/// Workflows that come to be where nobody has looked yet: the session watches by itself what it has read.
fn watched() -> Registration {
    Registration {
        id: "fermata-files".to_owned(),
        method: "workspace/didChangeWatchedFiles".to_owned(),
        register_options: Some(json!({"watchers": [{"globPattern": "**/*.{yaml,yml}"}]})),
    }
}

async fn deliver(client: &Client, mail: Mail) {
    match mail {
        Mail::Diagnostics {
            uri,
            diagnostics,
            version,
        } => client.publish_diagnostics(uri, diagnostics, version).await,
        Mail::Message { kind, text } => client.show_message(kind, text).await,
        Mail::RunChanged(params) => client.send_notification::<RunChanged>(params).await,
        Mail::StartsChanged => client.send_notification::<StartsChanged>(json!({})).await,
        Mail::Events(params) => client.send_notification::<Events>(params).await,
        Mail::Status(params) => client.send_notification::<ServerStatus>(params).await,
        Mail::OpenPanel(params) => client.send_notification::<OpenPanel>(params).await,
        Mail::RefreshLenses => {
            // A request: its answer says nothing, and waiting for it would hold up the rest.
            let client = client.clone();
            tokio::spawn(async move { client.code_lens_refresh().await });
        }
        Mail::RefreshInlays => {
            let client = client.clone();
            tokio::spawn(async move { client.inlay_hint_refresh().await });
        }
        Mail::RefreshReports => {
            let client = client.clone();
            tokio::spawn(async move { client.workspace_diagnostic_refresh().await });
        }
        Mail::WatchFiles => {
            let client = client.clone();
            tokio::spawn(async move { client.register_capability(vec![watched()]).await });
        }
    }
}
