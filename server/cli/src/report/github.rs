//! `--format github`: workflow commands that GitHub Actions turns into
//! annotations. Lines and columns count from 1.

use std::fmt::Write as _;

use fermata_syntax::Encoding;
use fermata_workflow::Severity;

use super::Checked;

/// All annotations, a line each.
pub(crate) fn text(files: &[Checked]) -> String {
    let mut out = String::new();
    for checked in files {
        for d in &checked.diagnostics {
            let Some(source) = checked.loaded.sources.get(d.loc.file) else {
                continue;
            };
            let index = source.tree.line_index();
            let (start, end) = (
                index.position(d.loc.span.start(), Encoding::Utf16),
                index.position(d.loc.span.end(), Encoding::Utf16),
            );
            let command = match d.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Information | Severity::Hint => "notice",
            };
            let file = if d.loc.file == fermata_workflow::FileId::ROOT {
                checked.shown.clone()
            } else {
                source.path.clone()
            };
            // Writing to a String cannot fail.
            let _ = writeln!(
                out,
                "::{command} file={},line={},endLine={},col={},endColumn={},title={}::{}",
                property(&file.display().to_string()),
                start.line + 1,
                end.line + 1,
                start.character + 1,
                end.character + 1,
                property(d.code),
                data(&d.message),
            );
        }
    }
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
