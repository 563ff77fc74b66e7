//! Outputs that are kept as files among a run's artifacts, written before the
//! result is recorded: whoever reads the result finds the file.

use std::path::Path;

use fermata_engine::Outcome;
use fermata_engine::archon::Kept;
use fermata_expr::archon::js;

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
    let written = write(&kept.file, &text).and_then(|()| write(&kept.meta, &facts.to_string()));
    if let Err(error) = written {
        tracing::warn!(%error, file = kept.file, "an output could not be kept as a file");
    }
}

fn write(path: &str, text: &str) -> std::io::Result<()> {
    if let Some(folder) = Path::new(path).parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)
}
