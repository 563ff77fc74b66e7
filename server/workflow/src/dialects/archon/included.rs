//! What a workflow's own file says when it does not load because of one that it includes: the mistake stands in that
//! other file, and whoever has only this one open must see where it comes in.

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{FileId, Sources};

/// Adds one pointer for each include of the file itself through which something comes in that rejects it.
pub(super) fn point(diagnostics: &mut Vec<Diagnostic>, sources: &Sources) {
    let mut pointers: Vec<Diagnostic> = Vec::new();
    for found in diagnostics
        .iter()
        .filter(|d| d.rejects() && d.loc.file != FileId::ROOT)
    {
        let Some(include) = found.related.iter().find(|r| r.loc.file == FileId::ROOT) else {
            continue;
        };
        if pointers.iter().any(|p| p.loc == include.loc) {
            continue;
        }
        let Some(source) = sources.get(found.loc.file) else {
            continue;
        };
        let line = source.tree.line_index().line_of(found.loc.span.start()) + 1;
        let file = source.path.file_name().unwrap_or_default();
        let message = format!(
            "What is included here does not load ({}, line {line}): {}",
            file.to_string_lossy(),
            found.message
        );
        let mut pointer = Diagnostic::new("include-broken", Severity::Error, include.loc, message)
            .related(found.loc, "the mistake is here");
        // Of an include that fails inside an include the dialect's own tool speaks here, at the outermost one.
        pointer.upstream = found.upstream.filter(|rule| *rule == "R68");
        pointer.step = sources.get(FileId::ROOT).and_then(|root| {
            let path = root.tree.path_at(include.loc.span.start());
            let id = path
                .into_iter()
                .rev()
                .find_map(|n| n.as_mapping()?.get("id"))?;
            Some(id.value.resolved().as_scalar()?.value().trim().to_owned())
        });
        pointers.push(pointer);
    }
    diagnostics.append(&mut pointers);
}
