//! What the session keeps of the workspace beside its open documents: what the last survey has found, what has changed
//! since, and who waits. Plain state; the session decides.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::oneshot;
use tower_lsp::ls_types::{PreviousResultId, WorkspaceDocumentDiagnosticReport};

use crate::document::Outline;
use crate::session::View;
use crate::survey::{Changed, Files};

/// What is done with all workflows of the workspace.
pub(crate) type AllJob = Box<dyn FnOnce(Vec<View>) + Send>;

/// A pull of the workspace's diagnostics.
pub(crate) struct Pull {
    pub(crate) previous: Vec<PreviousResultId>,
    /// Whether the client takes the answer whenever there is one: it is held back until there is something new.
    pub(crate) holds: bool,
    pub(crate) reply: oneshot::Sender<Vec<WorkspaceDocumentDiagnosticReport>>,
}

impl Pull {
    /// Whether anybody still waits.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }
}

/// Someone who wants to know about the whole workspace.
pub(crate) enum Wanted {
    Views(AllJob),
    Reports(Pull),
}

/// See the file's first lines.
#[derive(Default)]
pub(crate) struct Workspace {
    /// What the last survey has found; nothing before the first.
    pub(crate) files: Arc<Files>,
    pub(crate) changed: Changed,
    /// Outlines of all workflows as they were analysed last, open ones among them.
    pub(crate) outlines: BTreeMap<PathBuf, Outline>,
    /// Whether one is under way.
    pub(crate) surveying: bool,
    /// Whether somebody has come since the last one began: the disk is looked at for each who asks.
    pub(crate) again: bool,
    /// Whether there was one.
    pub(crate) surveyed: bool,
    pub(crate) waiting: Vec<Wanted>,
    /// Pulls to which there was nothing new to say.
    pub(crate) held: Vec<Pull>,
    /// Whether a pull was ever answered: the first one is not held.
    pub(crate) answered: bool,
    /// The client ends the session: nothing is held any more.
    pub(crate) ending: bool,
}

impl Workspace {
    /// Something is said that was not: pulls that were held may be answered.
    pub(crate) fn unhold(&mut self) {
        let held = self.held.drain(..).filter(Pull::is_wanted);
        self.waiting.extend(held.map(Wanted::Reports));
    }
}
