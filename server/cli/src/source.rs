//! What can be said about a file before a dialect reads it: whether it can be
//! read at all, and why it is no workflow. Decides nothing about workflows.

use std::io::Read as _;
use std::path::Path;

use fermata_syntax::{Encoding, Kind};
use fermata_workflow::FileId;
use fermata_workflow::loader::Loaded;

use crate::exit::Usage;

/// Files above this size, in bytes, are refused before they are read.
pub(crate) const LARGEST: u64 = 8 * 1024 * 1024;

/// Refuses what no workflow can be: too large, or not to be read by this user.
///
/// # Errors
/// [`Usage`] with size or reason.
pub(crate) fn readable(path: &Path, shown: &Path) -> Result<(), Usage> {
    let shown = shown.display();
    let cannot = |error: std::io::Error| {
        Usage::new(format!(
            "{shown} cannot be read ({error}); name a workflow file that you may read"
        ))
    };
    let meta = std::fs::metadata(path).map_err(cannot)?;
    if meta.len() > LARGEST {
        return Err(too_large(shown, meta.len()));
    }
    // One byte is asked for: some systems open what they will not let anybody read.
    let mut byte = [0];
    std::fs::File::open(path)
        .and_then(|mut file| file.read(&mut byte))
        .map_err(cannot)?;
    Ok(())
}

/// That a file is too large.
pub(crate) fn too_large(shown: impl std::fmt::Display, bytes: u64) -> Usage {
    Usage::new(format!(
        "{shown} has {bytes} bytes; a workflow file has at most {LARGEST}"
    ))
}

/// Why a file is no workflow: what was expected and what was found.
pub(crate) fn not_a_workflow(shown: &Path, loaded: &Loaded) -> Usage {
    const EXPECTED: &str =
        "expected `workflow:` beside `agents:` (Conductor), or `nodes:` (Archon)";
    let found = loaded
        .sources
        .get(FileId::ROOT)
        .map_or_else(|| "nothing".to_owned(), |source| found(&source.tree));
    Usage::new(format!(
        "{} is not a workflow: {EXPECTED}, found {found}. Where it is meant to be one, a first line `# fermata: conductor` or --dialect of `fermata check` shows what is wrong with it",
        shown.display()
    ))
}

fn found(tree: &fermata_syntax::Tree) -> String {
    let text = tree.text();
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return "an empty file".to_owned();
    }
    if text.contains(['\0', '\u{fffd}']) {
        return "bytes that are no UTF-8 text".to_owned();
    }
    if let Some(problem) = tree.problems().first() {
        let at = tree
            .line_index()
            .position(problem.span.start(), Encoding::Utf32);
        return format!(
            "text that is not YAML (line {}, column {}: {})",
            at.line + 1,
            at.character + 1,
            problem.message
        );
    }
    match tree.root().map(fermata_syntax::Node::kind) {
        Some(Kind::Mapping(mapping)) => {
            let keys: Vec<String> = mapping
                .entries()
                .filter_map(|entry| entry.key_text())
                .take(5)
                .map(|key| format!("`{}`", fermata_control::preview(Some(key))))
                .collect();
            let more = if mapping.len() > keys.len() {
                ", …"
            } else {
                ""
            };
            format!("a mapping of {}{more}", keys.join(", "))
        }
        Some(Kind::Sequence(_)) => "a list".to_owned(),
        Some(Kind::Scalar(_)) => "plain text".to_owned(),
        Some(Kind::Alias(_)) | None => "nothing".to_owned(),
    }
}
