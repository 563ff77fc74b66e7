//! Between our byte spans and the client's positions, in the encoding that was
//! negotiated once.

use std::path::{Path, PathBuf};

use fermata_syntax::{Encoding, Offset, Position as Place, Span, Tree};
use fermata_workflow::{Diagnostic, Edit, FileId, Severity, Sources};
use tower_lsp::ls_types::{
    self as lsp, CodeDescription, DiagnosticRelatedInformation, DiagnosticSeverity, Location,
    NumberOrString, Position, Range, TextEdit, Uri,
};

/// A position as the client counts.
pub(crate) fn position(tree: &Tree, offset: Offset, encoding: Encoding) -> Position {
    let place = tree.line_index().position(offset, encoding);
    Position {
        line: place.line,
        character: place.character,
    }
}

/// A span as the client counts.
pub(crate) fn range(tree: &Tree, span: Span, encoding: Encoding) -> Range {
    Range {
        start: position(tree, span.start(), encoding),
        end: position(tree, span.end(), encoding),
    }
}

/// The byte that a client's position names; positions outside are clamped.
pub(crate) fn offset(tree: &Tree, position: Position, encoding: Encoding) -> Offset {
    tree.line_index().offset(
        Place {
            line: position.line,
            character: position.character,
        },
        encoding,
    )
}

/// The span that a client's range names.
pub(crate) fn span(tree: &Tree, range: Range, encoding: Encoding) -> Span {
    let (start, end) = (
        offset(tree, range.start, encoding),
        offset(tree, range.end, encoding),
    );
    if start <= end {
        Span::new(start, end)
    } else {
        Span::new(end, start)
    }
}

/// Edits of the document itself.
pub(crate) fn edits(tree: &Tree, edits: &[Edit], encoding: Encoding) -> Vec<TextEdit> {
    edits
        .iter()
        .map(|edit| TextEdit {
            range: range(tree, edit.span, encoding),
            new_text: edit.text.clone(),
        })
        .collect()
}

/// A path as the client names files.
pub(crate) fn uri(path: &Path) -> Option<Uri> {
    Uri::from_file_path(path)
}

/// The path of a `file:` address.
pub(crate) fn path(uri: &Uri) -> Option<PathBuf> {
    // Any address has a path; only those of files name one on this machine.
    if !uri.as_str().starts_with("file:") {
        return None;
    }
    uri.to_file_path().map(|path| path.into_owned())
}

/// The one name that a file goes by within a session, however its client writes the address: clients differ in which
/// characters they escape.
pub(crate) fn key(uri: &Uri) -> Uri {
    path(uri)
        .and_then(|path| self::uri(&path))
        .unwrap_or_else(|| uri.clone())
}

/// A diagnostic for the client, with the file it belongs to. `pages` is the folder with the rules' pages.
pub(crate) fn diagnostic(
    sources: &Sources,
    d: &Diagnostic,
    encoding: Encoding,
    pages: Option<&Path>,
) -> Option<(FileId, lsp::Diagnostic)> {
    let source = sources.get(d.loc.file)?;
    let related = d
        .related
        .iter()
        .filter_map(|related| {
            let other = sources.get(related.loc.file)?;
            let location = Location {
                uri: uri(&other.path)?,
                range: range(&other.tree, related.loc.span, encoding),
            };
            Some(DiagnosticRelatedInformation {
                location,
                message: related.message.clone(),
            })
        })
        .collect::<Vec<_>>();
    let page = pages
        .filter(|_| fermata_analysis::explain(d.code).is_some())
        .and_then(|folder| uri(&folder.join(format!("{}.md", d.code))));
    let diagnostic = lsp::Diagnostic {
        range: range(&source.tree, d.loc.span, encoding),
        severity: Some(severity(d.severity)),
        code: Some(NumberOrString::String(d.code.to_owned())),
        code_description: page.map(|href| CodeDescription { href }),
        source: Some("fermata".to_owned()),
        message: d.message.clone(),
        related_information: (!related.is_empty()).then_some(related),
        ..lsp::Diagnostic::default()
    };
    Some((d.loc.file, diagnostic))
}

fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Information => DiagnosticSeverity::INFORMATION,
        Severity::Hint => DiagnosticSeverity::HINT,
    }
}
