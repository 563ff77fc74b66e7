//! What came of an attempt that had an effect, as the worker saw it. Turning
//! it into a result (overlay, validation, counting) is the scheduler's.

use serde_json::{Map, Value};

use crate::event::Failure;

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A process ended by itself.
    Process {
        /// Standard output, bytes that are no UTF-8 replaced.
        stdout: String,
        /// Standard error, likewise.
        stderr: String,
        /// Exit code; minus the signal's number when a signal ended it.
        exit_code: i64,
        /// Milliseconds.
        elapsed: u64,
    },
    /// An agent's answer, already read, validated and judged.
    Agent {
        /// The output.
        output: Value,
        /// Extra facts (model, tokens, cost_usd, turns …).
        detail: Map<String, Value>,
        /// Milliseconds.
        elapsed: u64,
    },
    /// It failed.
    Failed {
        /// Why.
        error: Failure,
        /// Extra facts.
        detail: Map<String, Value>,
        /// Milliseconds.
        elapsed: u64,
    },
    /// It was ended because the scheduler asked for it.
    Cancelled {
        /// Milliseconds.
        elapsed: u64,
    },
}
