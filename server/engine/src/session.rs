//! Sessions of agents as the log knows them: with which one a turn begins, and
//! in which one it was. An id is the agent's own and means something to that
//! agent alone. Opening, forking and losing sessions is the worker's.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::event::EventBody;

/// Key in `detail` of a result: the session that the last turn was in, a [`Session`].
pub(crate) const SESSION: &str = "session";
/// Key in `detail` of a result: the name under which the session is kept for the next run.
pub(crate) const KEPT_AS: &str = "session_kept_as";

/// With which session a turn begins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStart {
    /// With a new one.
    #[default]
    Fresh,
    /// With the one of that id, which goes on. One that is lost is begun anew, with a warning.
    Resume(String),
    /// With a copy of one, which itself stays as it is.
    Fork {
        /// Id of the original.
        session: String,
        /// Whether the step fails where the original is lost; else a new one is begun, with a warning.
        needed: bool,
    },
}

impl SessionStart {
    /// The id of the session that is gone on with, itself or as a copy.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        match self {
            Self::Fresh => None,
            Self::Resume(session) | Self::Fork { session, .. } => Some(session),
        }
    }
}

/// What a step does with sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionCall {
    /// With which one its first turn begins.
    pub start: SessionStart,
    /// Whether a later step may go on with it, so that it stays open until the run ends.
    pub stays_open: bool,
    /// Under which name it is kept for the next run; one that is kept already is forked instead of `start`.
    pub kept_as: Option<String>,
}

/// A session that a turn was in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The agent's id of it.
    pub id: String,
    /// The agent that has it, by the name that it was asked for.
    pub agent: String,
    /// The session that it began with, as a copy or as the same one; a warning says when that one was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// `session_key` of the steps that share it (Conductor).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Folder that it works in, as rendered, where steps share it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
}

impl Session {
    /// The session in the facts of a result. Older logs have a name there that no agent knows.
    #[must_use]
    pub fn of(detail: &Map<String, Value>) -> Option<Self> {
        Self::deserialize(detail.get(SESSION)?).ok()
    }

    /// As it stands in the facts of a result.
    #[must_use]
    pub fn fact(&self) -> (String, Value) {
        let value = serde_json::to_value(self).unwrap_or(Value::Null);
        (SESSION.to_owned(), value)
    }
}

/// A session that is kept beyond its run, found in a result event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSession {
    /// The name that it is kept under: its node.
    pub node: String,
    /// The session.
    pub session: Session,
}

impl EventBody {
    /// The session that the event says is to be kept for the next run.
    #[must_use]
    pub fn kept_session(&self) -> Option<KeptSession> {
        let Self::StepCompleted { detail, .. } = self else {
            return None;
        };
        Some(KeptSession {
            node: detail.get(KEPT_AS)?.as_str()?.to_owned(),
            session: Session::of(detail)?,
        })
    }
}
