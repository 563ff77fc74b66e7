//! `--format human`: source excerpts with carets, and one line that counts.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use fermata_workflow::{FileId, Severity};

use super::Checked;

/// All excerpts and the closing line.
pub(crate) fn text(files: &[Checked], color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut out = String::new();
    for checked in files {
        let mut said = BTreeSet::new();
        for d in &checked.diagnostics {
            // Two rules of the dialect may find the same thing; a person reads it once.
            let (file, span) = (d.loc.file, d.loc.span);
            if !said.insert((d.code, file, span.start(), span.end(), &d.message)) {
                continue;
            }
            let groups = excerpt(checked, d);
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{}\n", renderer.render(&groups));
        }
    }
    let _ = writeln!(out, "{}", summary(files));
    out
}

fn excerpt<'a>(checked: &'a Checked, d: &'a fermata_workflow::Diagnostic) -> Vec<Group<'a>> {
    let level = match d.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Information => Level::INFO,
        Severity::Hint => Level::HELP,
    };
    let code = match d.upstream {
        Some(number) => format!("{} {number}", d.code),
        None => d.code.to_owned(),
    };
    let title = level.clone().primary_title(d.message.as_str()).id(code);
    let Some(source) = checked.loaded.sources.get(d.loc.file) else {
        return vec![Group::with_title(title)];
    };
    let shown = |file: FileId| match file {
        FileId::ROOT => checked.shown.display().to_string(),
        other => checked
            .loaded
            .sources
            .get(other)
            .map_or_else(String::new, |s| s.path.display().to_string()),
    };
    let mut snippet = Snippet::source(source.tree.text())
        .path(shown(d.loc.file))
        .annotation(AnnotationKind::Primary.span(range(d.loc.span)));
    for related in d.related.iter().filter(|r| r.loc.file == d.loc.file) {
        snippet = snippet.annotation(
            AnnotationKind::Context
                .span(range(related.loc.span))
                .label(related.message.as_str()),
        );
    }
    let mut groups = vec![Group::with_title(title).element(snippet)];
    for related in d.related.iter().filter(|r| r.loc.file != d.loc.file) {
        if let Some(other) = checked.loaded.sources.get(related.loc.file) {
            let snippet = Snippet::source(other.tree.text())
                .path(shown(related.loc.file))
                .annotation(AnnotationKind::Context.span(range(related.loc.span)));
            groups.push(
                Group::with_title(Level::NOTE.secondary_title(related.message.as_str()))
                    .element(snippet),
            );
        }
    }
    if let Some(fix) = d.fixes.first() {
        let more = match d.fixes.len() {
            1 => String::new(),
            2 => format!(" (or another way; `fermata explain {}`)", d.code),
            n => format!(" (or {} other ways; `fermata explain {}`)", n - 1, d.code),
        };
        groups.push(Group::with_title(
            Level::HELP.secondary_title(format!("fix: {}{more}", fix.title)),
        ));
    }
    groups
}

fn range(span: fermata_syntax::Span) -> std::ops::Range<usize> {
    usize::from(span.start())..usize::from(span.end())
}

/// `3 files checked: 1 error, 2 warnings, 1 note`.
pub(crate) fn summary(files: &[Checked]) -> String {
    let count = |severity| files.iter().map(|f| f.count(severity)).sum::<usize>();
    let notes = count(Severity::Information) + count(Severity::Hint);
    let counts = [
        (count(Severity::Error), "error"),
        (count(Severity::Warning), "warning"),
        (notes, "note"),
    ];
    let plural = |n: usize, word: &str| {
        if n == 1 {
            format!("1 {word}")
        } else {
            format!("{n} {word}s")
        }
    };
    let found: Vec<String> = counts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| plural(*n, word))
        .collect();
    let found = if found.is_empty() {
        "nothing to report".to_owned()
    } else {
        format!("{} (`fermata explain CODE` says why)", found.join(", "))
    };
    format!("{} checked: {found}", plural(files.len(), "file"))
}
