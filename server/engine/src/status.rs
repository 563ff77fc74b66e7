//! Where a run stands, and why one has failed.

use serde::{Deserialize, Serialize};

/// Where a run stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Status {
    #[default]
    Queued,
    Running,
    Waiting,
    Completed,
    Failed,
    Cancelled,
}

impl Status {
    /// `completed` and `cancelled` are for good.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled)
    }

    /// Whether something may still happen without a resume.
    #[must_use]
    pub fn is_live(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Waiting)
    }

    /// The word in JSON and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why a run failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Cause {
    StepFailed,
    NoRoute,
    IterationLimit,
    Timeout,
    Budget,
    Stopped,
    Interrupted,
    Rejected,
    Terminated,
    OutputInvalid,
    StartFailed,
}
