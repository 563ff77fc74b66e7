//! Keeping the context within `context.max_tokens` (specs/conductor.md 4.4):
//! what is cut is gone for good, so the cut is an event.

use fermata_workflow::model::TrimStrategy;
use serde_json::{Map, Value};

use crate::event::{EventBody, Payload};
use crate::ids::StepPath;

use super::Turn;
use super::context::accumulated;

/// Texts longer than this are shortened by `truncate`, in characters.
const LONG: usize = 100;
/// The least that is kept of a shortened text, in characters.
const KEPT: usize = 200;
/// Longest summary, in characters.
const SUMMARY: usize = 500;

impl Turn<'_> {
    /// Cuts earlier outputs when the whole context is over its budget.
    pub(super) fn trim(&mut self, frame_path: &StepPath) {
        let Some(source) = self.source(frame_path) else {
            return;
        };
        let Some(limit) = source.workflow.context.max_tokens else {
            return;
        };
        let limit = usize::try_from(limit).unwrap_or(0);
        let frame = self.frame_state(frame_path);
        let size =
            |frame: &crate::state::Frame| accumulated(source, frame).value().to_string().len() / 4;
        if size(frame) <= limit || frame.outputs.is_empty() {
            return;
        }
        let strategy = source
            .workflow
            .context
            .trim
            .unwrap_or(TrimStrategy::DropOldest);
        let mut cut = frame.clone();
        let (mut dropped, mut replaced) = (Vec::new(), Map::new());
        match strategy {
            TrimStrategy::DropOldest => {
                while size(&cut) > limit
                    && let Some((name, _)) = cut.outputs.shift_remove_index(0)
                {
                    dropped.push(name);
                }
            }
            TrimStrategy::Truncate => {
                for (name, output) in &frame.outputs {
                    if let Payload::Inline(value) = output {
                        let short = shorten(value);
                        if short != *value {
                            replaced.insert(name.clone(), short);
                        }
                    }
                }
            }
            TrimStrategy::Summarize => {
                let half = frame.outputs.len().div_ceil(2);
                dropped = frame.outputs.keys().take(half).cloned().collect();
                replaced.insert("_context_summary".to_owned(), summary(&dropped, frame));
            }
        }
        let word = match strategy {
            TrimStrategy::DropOldest => "drop_oldest",
            TrimStrategy::Truncate => "truncate",
            TrimStrategy::Summarize => "summarize",
        };
        if !dropped.is_empty() || !replaced.is_empty() {
            self.draft.emit(
                frame_path,
                EventBody::ContextTrimmed {
                    strategy: word.to_owned(),
                    dropped,
                    replaced,
                },
            );
        }
    }
}

fn summary(dropped: &[String], frame: &crate::state::Frame) -> Value {
    let mut text = String::new();
    for name in dropped {
        if let Some(Payload::Inline(value)) = frame.outputs.get(name) {
            text.push_str(&format!("{name}: {value}\n"));
        }
    }
    let text: String = text.chars().take(SUMMARY).collect();
    serde_json::json!({"summary": text, "dropped_agents": dropped})
}

fn shorten(value: &Value) -> Value {
    match value {
        Value::String(text) if text.chars().count() > LONG => {
            let length = text.chars().count();
            let keep = KEPT.max(length / 4);
            if keep >= length {
                return value.clone();
            }
            let mut cut: String = text.chars().take(keep).collect();
            cut.push_str("... [truncated]");
            Value::String(cut)
        }
        Value::Array(list) => Value::Array(list.iter().map(shorten).collect()),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), shorten(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
