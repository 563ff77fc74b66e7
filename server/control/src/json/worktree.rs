//! `worktree`: where it is, what came of a wish about it.

use serde_json::{Value, json};

use super::VERSION;
use crate::worktree::{Applied, Removed, Worktree, WorktreeRefusal};

impl Worktree {
    /// `{version, ok, run, worktree, branch, repository}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "version": VERSION,
            "ok": true,
            "run": self.run,
            "worktree": self.path,
            "branch": self.branch,
            "repository": self.repository,
        })
    }
}

impl Applied {
    /// `{version, ok, applied: now|before|nothing}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let word = match self {
            Self::Now => "now",
            Self::Before => "before",
            Self::Nothing => "nothing",
        };
        json!({"version": VERSION, "ok": true, "applied": word})
    }
}

impl Removed {
    /// `{version, ok, removed, branch}`; `branch` is null when it is gone too.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"version": VERSION, "ok": true, "removed": true, "branch": self.kept_branch})
    }
}

impl WorktreeRefusal {
    /// `{version, ok: false, reason, message}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "version": VERSION,
            "ok": false,
            "reason": self.reason,
            "message": self.message,
        })
    }
}
