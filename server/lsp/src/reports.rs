//! What analyses say about files, as the client is told: by file, merged, and as the reports of a pull. Pure; who is told
//! and when is for the session to say.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};

use fermata_syntax::Encoding;
use fermata_workflow::loader::Child;
use fermata_workflow::{Diagnostic, FileId, Loaded};
use tower_lsp::ls_types::{
    self as lsp, DocumentDiagnosticReport, DocumentDiagnosticReportKind,
    FullDocumentDiagnosticReport, PreviousResultId, RelatedFullDocumentDiagnosticReport,
    RelatedUnchangedDocumentDiagnosticReport, UnchangedDocumentDiagnosticReport, Uri,
    WorkspaceDocumentDiagnosticReport, WorkspaceFullDocumentDiagnosticReport,
    WorkspaceUnchangedDocumentDiagnosticReport,
};

use crate::convert;

/// What one workflow's analysis says about each file, the workflow's own among them.
pub(crate) type Said = HashMap<Uri, Vec<lsp::Diagnostic>>;

/// How this client counts, and where the rules' pages are.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub(crate) encoding: Encoding,
    pub(crate) pages: Option<PathBuf>,
}

/// What an analysis says about its own file, and about files that it includes.
pub(crate) fn said(uri: &Uri, loaded: &Loaded, diagnostics: &[Diagnostic], terms: &Terms) -> Said {
    let mut by_file = Said::from([(uri.clone(), Vec::new())]);
    let sources = &loaded.sources;
    for diagnostic in diagnostics {
        let Some((file, converted)) =
            convert::diagnostic(sources, diagnostic, terms.encoding, terms.pages.as_deref())
        else {
            continue;
        };
        let target = match file {
            FileId::ROOT => Some(uri.clone()),
            other => sources
                .get(other)
                .and_then(|source| convert::uri(&source.path)),
        };
        if let Some(target) = target {
            by_file.entry(target).or_default().push(converted);
        }
    }
    by_file
}

/// Adds what is wrong in the sub-workflows that do not speak for themselves, each in its own file.
pub(crate) fn below(
    children: &[Child],
    speaking: &HashSet<&Path>,
    terms: &Terms,
    seen: &mut HashSet<PathBuf>,
    by_file: &mut Said,
) {
    for child in children {
        if !seen.insert(child.path.clone()) {
            continue;
        }
        let silent = !speaking.contains(child.path.as_path());
        if let Some(uri) = convert::uri(&child.path).filter(|_| silent) {
            let found = child.loaded.diagnostics.iter();
            let found = found.filter(|d| d.upstream.is_some() && d.loc.file == FileId::ROOT);
            let sources = &child.loaded.sources;
            let converted = found.filter_map(|diagnostic| {
                convert::diagnostic(sources, diagnostic, terms.encoding, terms.pages.as_deref())
            });
            by_file
                .entry(uri)
                .or_default()
                .extend(converted.map(|(_, converted)| converted));
        }
        below(&child.loaded.children, speaking, terms, seen, by_file);
    }
}

/// Everything that workflows say about a file, its own first. What two of them say alike is said once.
pub(crate) fn about<'s>(
    file: &Uri,
    all: impl IntoIterator<Item = (&'s Uri, &'s Said)>,
) -> Vec<lsp::Diagnostic> {
    let (mut own, mut others) = (Vec::new(), BTreeMap::new());
    for (owner, said) in all {
        let Some(found) = said.get(file) else {
            continue;
        };
        if owner == file {
            own.extend(found);
        } else {
            // By name, so that the same words come out in the same order.
            others.insert(owner.as_str(), found);
        }
    }
    let mut merged: Vec<lsp::Diagnostic> = Vec::new();
    for diagnostic in own.into_iter().chain(others.into_values().flatten()) {
        let same = |d: &lsp::Diagnostic| {
            (d.range, &d.code, &d.message)
                == (diagnostic.range, &diagnostic.code, &diagnostic.message)
        };
        if !merged.iter().any(same) {
            merged.push(diagnostic.clone());
        }
    }
    merged
}

/// Names a report by what it says: the same words have the same id, in every session.
pub(crate) fn result_id(items: &[lsp::Diagnostic]) -> String {
    let mut hasher = DefaultHasher::new();
    // Diagnostics are plain data: they always serialise.
    hasher.write(&serde_json::to_vec(items).unwrap_or_default());
    format!("{:016x}", hasher.finish())
}

fn full(items: Vec<lsp::Diagnostic>) -> FullDocumentDiagnosticReport {
    FullDocumentDiagnosticReport {
        result_id: Some(result_id(&items)),
        items,
    }
}

/// The report about one document, and about files that are told of because of it.
pub(crate) fn document(
    items: Vec<lsp::Diagnostic>,
    previous: Option<&str>,
    related: Vec<(Uri, Vec<lsp::Diagnostic>)>,
) -> DocumentDiagnosticReport {
    let related: HashMap<Uri, DocumentDiagnosticReportKind> = related
        .into_iter()
        .map(|(uri, items)| (uri, full(items).into()))
        .collect();
    let related_documents = (!related.is_empty()).then_some(related);
    let report = full(items);
    match report.result_id {
        Some(result_id) if previous == Some(&result_id) => {
            RelatedUnchangedDocumentDiagnosticReport {
                related_documents,
                unchanged_document_diagnostic_report: UnchangedDocumentDiagnosticReport {
                    result_id,
                },
            }
            .into()
        }
        _ => RelatedFullDocumentDiagnosticReport {
            related_documents,
            full_document_diagnostic_report: report,
        }
        .into(),
    }
}

/// The reports about a workspace, by file name, and whether any of them says something new.
pub(crate) fn workspace(
    files: BTreeMap<String, (Uri, Option<i32>, Vec<lsp::Diagnostic>)>,
    previous: &[PreviousResultId],
) -> (Vec<WorkspaceDocumentDiagnosticReport>, bool) {
    let mut news = false;
    // The client may write a file's address otherwise.
    let previous: Vec<(Uri, &PreviousResultId)> = previous
        .iter()
        .map(|known| (convert::key(&known.uri), known))
        .collect();
    let gone: Vec<&PreviousResultId> = previous
        .iter()
        .filter(|(key, _)| !files.contains_key(key.as_str()))
        .map(|(_, known)| *known)
        .collect();
    let mut reports: Vec<WorkspaceDocumentDiagnosticReport> = Vec::new();
    for (name, (uri, version, items)) in files {
        let known = previous.iter().find(|(key, _)| key.as_str() == name);
        let report = full(items);
        let version = version.map(i64::from);
        match report.result_id {
            Some(result_id) if known.is_some_and(|(_, known)| known.value == result_id) => {
                reports.push(
                    WorkspaceUnchangedDocumentDiagnosticReport {
                        uri,
                        version,
                        unchanged_document_diagnostic_report: UnchangedDocumentDiagnosticReport {
                            result_id,
                        },
                    }
                    .into(),
                );
            }
            _ => {
                news = true;
                reports.push(
                    WorkspaceFullDocumentDiagnosticReport {
                        uri,
                        version,
                        full_document_diagnostic_report: report,
                    }
                    .into(),
                );
            }
        }
    }
    // What is no workflow any more is cleared, and not known after that.
    for known in gone {
        news = true;
        reports.push(
            WorkspaceFullDocumentDiagnosticReport {
                uri: known.uri.clone(),
                version: None,
                full_document_diagnostic_report: FullDocumentDiagnosticReport::default(),
            }
            .into(),
        );
    }
    (reports, news)
}
