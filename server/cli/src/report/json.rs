//! `--format json`: the stable shape of design/protocol.md. Lines and characters
//! count from 0; characters are UTF-16 units, `byte` counts within the line.

use fermata_syntax::{Encoding, Offset, Span, Tree};
use fermata_workflow::{Diagnostic, Fix, Loc};
use serde_json::{Value, json};

use super::{Checked, severity_word};

/// The whole document.
pub(crate) fn document(files: &[Checked]) -> Value {
    json!({ "version": 1, "files": files.iter().map(file).collect::<Vec<_>>() })
}

fn file(checked: &Checked) -> Value {
    json!({
        "path": checked.shown,
        "dialect": checked.dialect.as_str(),
        "verdict": if checked.rejected() { "rejected" } else { "accepted" },
        "diagnostics": checked.diagnostics.iter().map(|d| diagnostic(checked, d)).collect::<Vec<_>>(),
    })
}

fn diagnostic(checked: &Checked, d: &Diagnostic) -> Value {
    let mut value = json!({
        "code": d.code,
        "severity": severity_word(d.severity),
        "upstream": d.upstream,
        "message": d.message,
        "step": d.step,
        "range": place(checked, d.loc),
        "fixes": d.fixes.iter().map(|fix| fix_value(checked, d, fix)).collect::<Vec<_>>(),
        "related": d.related.iter().map(|r| json!({
            "message": r.message,
            "path": path(checked, r.loc),
            "range": place(checked, r.loc),
        })).collect::<Vec<_>>(),
    });
    // A diagnostic about an included file belongs to that file's text.
    if d.loc.file != fermata_workflow::FileId::ROOT {
        value["path"] = json!(path(checked, d.loc));
    }
    value
}

fn fix_value(checked: &Checked, d: &Diagnostic, fix: &Fix) -> Value {
    let edits: Vec<Value> = fix
        .edits
        .iter()
        .map(|edit| json!({ "range": place(checked, Loc { file: d.loc.file, span: edit.span }), "newText": edit.text }))
        .collect();
    json!({ "title": fix.title, "edits": edits })
}

fn path(checked: &Checked, loc: Loc) -> Option<String> {
    checked
        .loaded
        .sources
        .get(loc.file)
        .map(|source| source.path.display().to_string())
}

fn place(checked: &Checked, loc: Loc) -> Value {
    match checked.loaded.sources.get(loc.file) {
        Some(source) => range(&source.tree, loc.span),
        None => Value::Null,
    }
}

/// A span as `{start, end}`.
pub(crate) fn range(tree: &Tree, span: Span) -> Value {
    json!({ "start": position(tree, span.start()), "end": position(tree, span.end()) })
}

fn position(tree: &Tree, offset: Offset) -> Value {
    let utf16 = tree.line_index().position(offset, Encoding::Utf16);
    let utf8 = tree.line_index().position(offset, Encoding::Utf8);
    json!({ "line": utf16.line, "character": utf16.character, "byte": utf8.character })
}
