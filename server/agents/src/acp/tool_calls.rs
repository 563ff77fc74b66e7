//! The tool calls of a turn as far as they are known. An update may come for a call
//! that was never announced, and a permission request may be the first to name one.

use std::collections::HashMap;

use fermata_runner::agent::ToolCall as Shown;

use crate::wire::{ToolCall, ToolCallStatus, ToolCallUpdate, ToolCallUpdateFields, tool_kind_word};

/// Tool calls by id.
#[derive(Default)]
pub(crate) struct ToolCalls(HashMap<String, Known>);

#[derive(Default)]
struct Known {
    shown: Shown,
    /// Every title that it had, in order.
    titles: Vec<String>,
}

impl ToolCalls {
    /// A call was announced. Returns what to show.
    pub(crate) fn announced(&mut self, call: &ToolCall) -> Option<Shown> {
        let fields = ToolCallUpdateFields::new()
            .title(call.title.clone())
            .kind(call.kind)
            .status(call.status);
        self.merge(&call.tool_call_id.0, &fields)
    }

    /// Something about a call changed. Returns what to show, if it differs from what was shown.
    pub(crate) fn changed(&mut self, update: &ToolCallUpdate) -> Option<Shown> {
        self.merge(&update.tool_call_id.0, &update.fields)
    }

    /// A call came to nothing. Returns what to show, if it differs from what was shown.
    pub(crate) fn failed(&mut self, id: &str) -> Option<Shown> {
        self.merge(
            id,
            &ToolCallUpdateFields::new().status(ToolCallStatus::Failed),
        )
    }

    /// What is known of a call.
    pub(crate) fn known(&self, id: &str) -> Option<&Shown> {
        self.0.get(id).map(|known| &known.shown)
    }

    /// Everything that a call was called so far.
    pub(crate) fn titles(&self, id: &str) -> &[String] {
        self.0.get(id).map_or(&[], |known| &known.titles)
    }

    fn merge(&mut self, id: &str, fields: &ToolCallUpdateFields) -> Option<Shown> {
        let before = self.0.get(id).map(|known| &known.shown);
        let mut call = before.cloned().unwrap_or_else(|| Shown {
            call: id.to_owned(),
            status: "pending".to_owned(),
            ..Shown::default()
        });
        if let Some(title) = &fields.title {
            call.title.clone_from(title);
        }
        if let Some(kind) = fields.kind {
            call.kind = Some(tool_kind_word(kind).to_owned());
        }
        if let Some(status) = fields.status.and_then(word) {
            call.status = status.to_owned();
        }
        if before == Some(&call) {
            return None;
        }
        let known = self.0.entry(id.to_owned()).or_default();
        if !call.title.is_empty() && known.titles.last() != Some(&call.title) {
            known.titles.push(call.title.clone());
        }
        known.shown = call.clone();
        Some(call)
    }
}

fn word(status: ToolCallStatus) -> Option<&'static str> {
    match status {
        ToolCallStatus::Pending => Some("pending"),
        ToolCallStatus::InProgress => Some("in_progress"),
        ToolCallStatus::Completed => Some("completed"),
        ToolCallStatus::Failed => Some("failed"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_without_an_announcement_makes_the_call_known() {
        let mut calls = ToolCalls::default();
        let update = ToolCallUpdate::new(
            "c1",
            ToolCallUpdateFields::new()
                .title("run it".to_owned())
                .status(ToolCallStatus::InProgress),
        );
        let shown = calls.changed(&update).expect("it is new");
        assert_eq!(
            (shown.title.as_str(), shown.status.as_str()),
            ("run it", "in_progress")
        );
        assert_eq!(calls.changed(&update), None, "nothing changed");
        assert_eq!(calls.known("c1"), Some(&shown));
    }
}
