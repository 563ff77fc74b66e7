//! The JSON shapes of design/protocol.md that runs have: `run`, `runs`, `show`,
//! `answer` and the choice. One place, for terminal, editor, panel and MCP.

mod log;
mod outcome;
mod schema;
mod show;
mod worktree;

pub use schema::protocol_schema;

use fermata_engine::{Payload, RunState, StepStatus, Surface};
use serde_json::{Value, json};

use crate::views::RunsView;

/// Version of these shapes.
pub const VERSION: u32 = 1;

/// The final shape of `run`: what a followed run came to, or stands at.
pub fn run_result(state: &RunState, fetch: impl Fn(&Payload) -> Value) -> Value {
    let gates: Vec<Value> = if state.status.is_final() {
        Vec::new()
    } else {
        state
            .open_gates
            .iter()
            .map(|open| json!(open.gate))
            .collect()
    };
    let steps = state
        .steps
        .values()
        .filter(|record| record.status == StepStatus::Completed)
        .count();
    json!({
        "version": VERSION,
        "run": state.run,
        "status": state.status,
        "cause": state.cause,
        "output": state.output.as_ref().map_or(Value::Null, fetch),
        "outcome": state.outcome,
        "error": state.error,
        "steps": steps,
        "gates": gates,
    })
}

/// The word of a surface.
#[must_use]
pub fn surface(surface: Surface) -> &'static str {
    match surface {
        Surface::Vscode => "vscode",
        Surface::Neovim => "neovim",
        Surface::Lsp => "lsp",
        Surface::Panel => "panel",
        Surface::Terminal => "terminal",
        Surface::Mcp => "mcp",
        Surface::Policy => "policy",
    }
}

impl RunsView {
    /// The shape of `runs`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"version": VERSION, "runs": self.runs, "starts": self.starts})
    }
}
