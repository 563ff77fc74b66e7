//! Whether a failed attempt is followed by another, and when (specs/archon.md
//! 4.2): declared by `retry`, and for agents twice by default.

use fermata_expr::archon::failure::{FailureClass, classify};
use serde_json::Value;

use super::node::{Kind, Node};
use crate::event::Failure;
use crate::state::NodeRecord;

/// Milliseconds before the first new attempt; doubled for each after it.
const DELAY_MS: u64 = 3000;
/// Among the names of a failure: whoever failed says that another try may succeed.
pub const RETRYABLE: &str = "retryable";
/// New attempts of an agent without `retry`.
const AGENT_RETRIES: u32 = 2;

/// Milliseconds until the next attempt, after so many new attempts; `None` when the failure stands.
pub(crate) fn delay(node: Node<'_>, error: &Failure, retries: u32) -> Option<u64> {
    let agent = matches!(node.kind(), Kind::Prompt | Kind::Command);
    after(node, agent, error, retries)
}

/// The same for a turn of an agent that a node of another kind has asked for.
pub(crate) fn delay_of_turn(node: Node<'_>, error: &Failure, retries: u32) -> Option<u64> {
    after(node, true, error, retries)
}

fn after(node: Node<'_>, agent: bool, error: &Failure, retries: u32) -> Option<u64> {
    let declared = node.map("retry");
    let allowed = match declared {
        Some(retry) => retry
            .get("max_attempts")
            .and_then(Value::as_f64)
            .map_or(0, |n| n as u32),
        None if agent => AGENT_RETRIES,
        None => 0,
    };
    if retries >= allowed {
        return None;
    }
    let all = declared.and_then(|retry| retry.get("on_error")?.as_str()) == Some("all");
    let again = match class(error, agent) {
        FailureClass::Fatal => false,
        FailureClass::Transient => true,
        FailureClass::Unknown => all,
    };
    if !again {
        return None;
    }
    let base = declared
        .and_then(|retry| retry.get("delay_ms")?.as_f64())
        .map_or(DELAY_MS, |ms| ms as u64);
    Some(base.saturating_mul(1 << retries.min(10)))
}

/// Whether the pause before the next attempt of a node is not over. One that has more left than it was to last is:
/// the clock was put back since.
pub(crate) fn pauses(node: Node<'_>, record: &NodeRecord, now: u64) -> bool {
    let left = record.retry.unwrap_or(now).saturating_sub(now);
    let before = record.retries.saturating_sub(1);
    let pause = record
        .error
        .as_ref()
        .and_then(|error| delay(node, error, before));
    left > 0 && left <= pause.unwrap_or(left)
}

/// The class of a failure. What the author has to change is never tried again.
fn class(error: &Failure, agent: bool) -> FailureClass {
    match error.kind.as_str() {
        "output-ref" | "input" | "binding" | "not-found" | "alias" | "credit" | "auth"
        | "session" => FailureClass::Fatal,
        "idle-timeout" => FailureClass::Transient,
        "timeout" if agent => FailureClass::Transient,
        // A process that took too long would do so again: only `on_error: all` tries it.
        "timeout" => FailureClass::Unknown,
        _ => match classify(&error.message) {
            // The agent itself says so.
            FailureClass::Unknown if error.names.iter().any(|name| name == RETRYABLE) => {
                FailureClass::Transient
            }
            class => class,
        },
    }
}
