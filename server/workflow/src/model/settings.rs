//! Workflow-wide settings: context, limits, runtime.

use serde_json::Value;

use crate::source::{Placed, Text};

/// What earlier outputs a step's templates can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContextMode {
    /// All earlier outputs.
    #[default]
    Accumulate,
    /// Only the last executed step's.
    LastOnly,
    /// Only what `input` lists.
    Explicit,
}

/// How a context over its budget is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TrimStrategy {
    Summarize,
    Truncate,
    DropOldest,
}

/// `workflow.context`.
#[derive(Debug, Clone, Default)]
pub struct ContextSettings {
    /// Mode; accumulate by default.
    pub mode: ContextMode,
    /// Budget in tokens, estimated as JSON bytes / 4.
    pub max_tokens: Option<i64>,
    /// How to cut; drop_oldest by default.
    pub trim: Option<TrimStrategy>,
}

/// `workflow.limits`.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// As written, 1..=500; [`Limits::max_iterations`] applies the default.
    pub max_iterations_written: Option<Placed<u32>>,
    /// Seconds of wall clock for the whole run, at least 1; waiting for people does not count.
    pub timeout_seconds: Option<Placed<u64>>,
    /// US dollars, above 0.
    pub budget_usd: Option<Placed<f64>>,
    /// Whether an exceeded budget fails the run (`enforce`) or is only told (`audit`).
    pub budget_enforced: bool,
}

impl Limits {
    /// Conductor's default iteration limit.
    pub const DEFAULT_MAX_ITERATIONS: u32 = 10;

    /// The iteration limit in force.
    #[must_use]
    pub fn max_iterations(&self) -> u32 {
        self.max_iterations_written
            .map_or(Self::DEFAULT_MAX_ITERATIONS, |p| p.value)
    }
}

/// `workflow.runtime` (Conductor) or the top-level agent settings (Archon).
#[derive(Debug, Clone, Default)]
pub struct Runtime {
    /// Provider name; the dialect's default where absent.
    pub provider: Option<Text>,
    /// Default model.
    pub model: Option<Text>,
    /// Working folder template for agents.
    pub working_dir: Option<Text>,
    /// Everything under `runtime` (and `cost`) as data after defaults, for what only providers read.
    pub raw: Value,
}
