//! The shape of one node (specs/archon.md 1.2, 1.3 and rules R18 to R46): what is wrong with it, and the node as the
//! dialect's engine sees it.
//!
//! Works on plain values: places are paths of keys and indices, the caller knows where these stand in a file. One node
//! at a time; what nodes say of each other is checked elsewhere.

mod agent;
mod control;
mod export;
mod fields;
mod gate;
mod issue;
pub mod keys;
mod launch;
mod mode;
mod node;
mod normal;
mod tables;
mod top;
mod with;

use serde_json::{Value, json};

pub use agent::{EFFORTS, sandbox_is_sound, thinking_problem};
pub use export::json_schema;
pub use issue::{Issue, Path, PathPart};
pub use mode::{MODES, Mode, written_modes};
pub use normal::{AGENT_ONLY, dropped};
pub use tables::NODE;
pub use top::TOP;

use issue::Issues;

/// The node as the engine sees it, or everything that is wrong with it, in the order of the dialect's own report.
///
/// # Errors
/// All issues; never an empty list.
pub fn check(raw: &Value) -> Result<Value, Vec<Issue>> {
    let mut issues = Issues::default();
    node::check(raw, &mut issues);
    let found = issues.finish();
    if found.is_empty() {
        Ok(normal::node(raw))
    } else {
        Err(found)
    }
}

/// The answer to a row of the set `schema`: its `expect`.
pub(super) fn expected(raw: &Value) -> Value {
    match check(raw) {
        Ok(node) => json!({"ok": true, "node": node}),
        Err(issues) => {
            // The recorded issues carry one rule: that of the first message, and none for bodies inside bodies.
            let first = issues.first();
            let list: Vec<Value> = issues
                .iter()
                .map(|issue| {
                    let path = issue.dotted();
                    match first.filter(|_| issue.body_depth() < 2) {
                        Some(first) => {
                            json!({"path": path, "code": issue.code, "rule": first.rule, "name": first.name})
                        }
                        None => json!({"path": path, "code": issue.code}),
                    }
                })
                .collect();
            json!({"ok": false, "issues": list})
        }
    }
}
