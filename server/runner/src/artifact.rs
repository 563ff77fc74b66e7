//! Outputs that are kept as files among a run's artifacts, written before the
//! result is recorded: whoever reads the result finds the file.

use fermata_engine::Outcome;
use fermata_engine::archon::Kept;
use fermata_expr::archon::js;

use crate::script::written;

/// Writes the output of a successful attempt. What cannot be written is told in the log and keeps no node from its
/// result.
pub(crate) fn keep(kept: &Kept, outcome: &Outcome) {
    let text = match outcome {
        Outcome::Process {
            stdout,
            exit_code: 0,
            ..
        } => stdout.strip_suffix('\n').unwrap_or(stdout).to_owned(),
        Outcome::Agent { output, .. } => js::canonical(output),
        Outcome::Process { .. } | Outcome::Failed { .. } | Outcome::Cancelled { .. } => return,
    };
    let mut facts = kept.facts.clone();
    facts["bytes"] = text.len().into();
    let done = written(&kept.file, &text).and_then(|()| written(&kept.meta, facts.to_string()));
    if let Err(error) = done {
        tracing::warn!(%error, file = kept.file, "an output could not be kept as a file");
    }
}
