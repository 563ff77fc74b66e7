//! `evidence_policy` (specs/archon.md 1.1): a run that has gone well still has
//! to leave `evidence.json` among its artifacts. Looking for it is an attempt
//! like any other, under a path that no node can have.

use serde_json::Map;

use super::Setting;
use crate::draft::failure;
use crate::effect::ScriptCall;
use crate::event::{Cause, EventBody};
use crate::ids::StepPath;
use crate::state::{NodeState, OpenAttempt};
use crate::turn::Turn;

use super::nodes;

/// Class of the failure, and name of the step.
const EVIDENCE: &str = "evidence";

/// Where it is looked for: ids of nodes are escaped, so none of them is this.
pub(crate) fn path() -> StepPath {
    StepPath::from("%evidence")
}

/// Whether the run may complete; else the evidence is looked for, or the run fails for want of it.
pub(crate) fn is_there(turn: &mut Turn<'_>) -> bool {
    let settings = turn.definition.root().workflow.archon.as_ref();
    if !settings.is_some_and(|settings| settings.evidence_required) {
        return true;
    }
    let path = path();
    let record = turn.draft.state.nodes.get(&path);
    match record.map(|record| record.state) {
        Some(NodeState::Completed) => true,
        Some(NodeState::Failed) => {
            let error = failure(
                EVIDENCE,
                "every node went well, but `evidence_policy` asks for evidence.json in $ARTIFACTS_DIR and there is none; write it and resume",
                &[],
            );
            turn.run_failed(Cause::StepFailed, error, None, None);
            false
        }
        Some(NodeState::Running)
            if turn
                .draft
                .state
                .open
                .get(&path)
                .is_some_and(|open| open.fence == turn.draft.state.fence) =>
        {
            false
        }
        Some(NodeState::Running | NodeState::Pending | NodeState::Skipped) | None => {
            let attempt = nodes::next_attempt(turn.draft.state, &path);
            turn.draft.emit(
                &path,
                EventBody::StepStarted {
                    step: EVIDENCE.to_owned(),
                    kind: "script".to_owned(),
                    attempt,
                    iteration: 0,
                    rendered: Map::new(),
                },
            );
            false
        }
    }
}

/// The look.
pub(crate) fn call(open: &OpenAttempt, setting: &Setting) -> ScriptCall {
    ScriptCall {
        path: path(),
        step: open.step.clone(),
        attempt: open.attempt,
        command: setting.bash.clone(),
        args: vec![
            "-c".to_owned(),
            "test -f \"$1\"".to_owned(),
            EVIDENCE.to_owned(),
            format!("{}/evidence.json", setting.artifacts),
        ],
        env: Vec::new(),
        files: Vec::new(),
        pinned: None,
        stdin: None,
        cwd: None,
        timeout_seconds: None,
    }
}
