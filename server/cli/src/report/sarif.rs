//! `--format sarif`: SARIF 2.1.0 for code-scanning services. Lines and columns
//! count from 1, columns in UTF-16 units.

use std::collections::BTreeSet;

use fermata_syntax::Encoding;
use fermata_workflow::{FileId, Loc, Severity};
use serde_json::{Value, json};

use super::Checked;

/// The whole log.
pub(crate) fn document(files: &[Checked]) -> Value {
    let codes: BTreeSet<&str> = files
        .iter()
        .flat_map(|f| f.diagnostics.iter().map(|d| d.code))
        .collect();
    let rules: Vec<Value> = codes
        .iter()
        .map(|code| {
            let page = fermata_analysis::explain(code).unwrap_or_default();
            json!({ "id": code, "help": { "text": page, "markdown": page } })
        })
        .collect();
    let results: Vec<Value> = files
        .iter()
        .flat_map(|f| f.diagnostics.iter().map(move |d| result(f, d)))
        .collect();
    json!({
        "version": "2.1.0",
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "runs": [{
            "tool": { "driver": { "name": "fermata", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    })
}

fn result(checked: &Checked, d: &fermata_workflow::Diagnostic) -> Value {
    let level = match d.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information | Severity::Hint => "note",
    };
    let related: Vec<Value> = d
        .related
        .iter()
        .map(|r| {
            let mut place = location(checked, r.loc);
            place["message"] = json!({ "text": r.message });
            place
        })
        .collect();
    json!({
        "ruleId": d.code,
        "level": level,
        "message": { "text": d.message },
        "locations": [location(checked, d.loc)],
        "relatedLocations": related,
    })
}

fn location(checked: &Checked, loc: Loc) -> Value {
    let Some(source) = checked.loaded.sources.get(loc.file) else {
        return json!({});
    };
    let index = source.tree.line_index();
    let (start, end) = (
        index.position(loc.span.start(), Encoding::Utf16),
        index.position(loc.span.end(), Encoding::Utf16),
    );
    let path = if loc.file == FileId::ROOT {
        &checked.shown
    } else {
        &source.path
    };
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": path.display().to_string().replace('\\', "/") },
        "region": {
            "startLine": start.line + 1,
            "startColumn": start.character + 1,
            "endLine": end.line + 1,
            "endColumn": end.character + 1,
        },
    }})
}
