//! Workflow-wide settings: context, limits, runtime.

use serde_json::Value;

use crate::data::{Datum, Map};
use crate::model::{ContextMode, ContextSettings, Limits, Runtime, TrimStrategy};
use crate::source::Placed;

use super::super::schema::{lax_integer, lax_number};

pub(super) fn context(head: &Map) -> ContextSettings {
    let empty = Map::default();
    let map = head.map("context").unwrap_or(&empty);
    let word = |key: &str| map.text(key).map_or("", |t| t.value.as_str());
    ContextSettings {
        mode: match word("mode") {
            "last_only" => ContextMode::LastOnly,
            "explicit" => ContextMode::Explicit,
            _ => ContextMode::Accumulate,
        },
        max_tokens: map
            .some("max_tokens")
            .and_then(lax_integer)
            .and_then(|n| i64::try_from(n).ok()),
        trim: match word("trim_strategy") {
            "summarize" => Some(TrimStrategy::Summarize),
            "truncate" => Some(TrimStrategy::Truncate),
            "drop_oldest" => Some(TrimStrategy::DropOldest),
            _ => None,
        },
    }
}

pub(super) fn limits(head: &Map) -> Limits {
    let empty = Map::default();
    let map = head.map("limits").unwrap_or(&empty);
    let integer = |key: &str| {
        map.some(key).and_then(|d| {
            Some(Placed {
                value: lax_integer(d)?,
                loc: d.loc,
            })
        })
    };
    Limits {
        max_iterations_written: integer("max_iterations").and_then(|p| {
            Some(Placed {
                value: u32::try_from(p.value)
                    .ok()
                    .filter(|n| (1..=500).contains(n))?,
                loc: p.loc,
            })
        }),
        timeout_seconds: integer("timeout_seconds").and_then(|p| {
            Some(Placed {
                value: u64::try_from(p.value).ok().filter(|n| *n >= 1)?,
                loc: p.loc,
            })
        }),
        budget_usd: map.some("budget_usd").and_then(|d| {
            Some(Placed {
                value: lax_number(d).filter(|n| *n > 0.0)?,
                loc: d.loc,
            })
        }),
        budget_enforced: map
            .text("budget_mode")
            .is_some_and(|t| t.value == "enforce"),
    }
}

pub(super) fn runtime(head: &Map) -> Runtime {
    let empty = Map::default();
    let map = head.map("runtime").unwrap_or(&empty);
    let provider = map
        .get("provider")
        .and_then(|d| d.text().or_else(|| d.map()?.text("name")))
        .cloned();
    let mut raw = head
        .get("runtime")
        .map_or_else(|| Value::Object(serde_json::Map::new()), Datum::to_json);
    if let (Value::Object(object), Some(cost)) = (&mut raw, head.get("cost")) {
        object.insert("cost".into(), cost.to_json());
    }
    Runtime {
        provider,
        model: map.text("default_model").cloned(),
        working_dir: map.text("working_dir").cloned(),
        raw,
    }
}
