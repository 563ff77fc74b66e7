//! What can be checked of the prose: links into the repository lead somewhere,
//! and a document that describes code is read again when that code changes.
//!
//! Such a document carries, per description, one line
//! `<!-- describes server/lsp/src/protocol.rs … = 0123456789abcdef -->`
//! with the files it is about and the hash of their text. When the hash is
//! off, somebody reads document and code, and writes the new one.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// Checks the given Markdown files (relative to the root).
///
/// # Errors
/// Lists every dead link and every outdated description.
pub(crate) fn check(workspace: &Workspace, documents: &[String]) -> Result<()> {
    let mut wrong = Vec::new();
    for document in documents {
        let text = std::fs::read_to_string(workspace.root.join(document))
            .with_context(|| format!("could not read {document}"))?;
        let folder = Path::new(document).parent().unwrap_or(Path::new(""));
        for link in links(&text) {
            let target = plain(&folder.join(link));
            if !workspace.root.join(&target).exists() {
                wrong.push(format!("{document} links to {link}, which does not exist"));
            }
        }
        for line in text.lines() {
            if let Some(described) = describes(line) {
                let (files, written) = described
                    .with_context(|| format!("{document}: expected FILE… = HASH in `{line}`"))?;
                let actual = hash(workspace, &files)?;
                if actual != written {
                    wrong.push(format!(
                        "{document} describes {}, which changed since; read both, then write {actual}",
                        files.join(" ")
                    ));
                }
            }
        }
    }
    if !wrong.is_empty() {
        bail!("\n  {}", wrong.join("\n  "));
    }
    Ok(())
}

/// Targets of inline links that stay inside the repository, without fragments.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines()
        .filter(move |line| {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            !fenced && !fence
        })
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| rest.split([')', ' ', '#']).next())
        .filter(|link| !link.is_empty() && !link.contains("://") && !link.starts_with("mailto:"))
}

/// The path with `..` resolved as text; Markdown knows no symlinks.
fn plain(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                parts.pop();
            }
            Component::CurDir => {}
            other => parts.push(other),
        }
    }
    parts
}

/// Files and hash of a `describes` line; the inner none when it is malformed.
fn describes(line: &str) -> Option<Option<(Vec<&str>, &str)>> {
    let inner = line
        .trim()
        .strip_prefix("<!-- describes ")?
        .strip_suffix("-->")?;
    let parsed = inner.rsplit_once('=').and_then(|(files, hash)| {
        let files: Vec<&str> = files.split_whitespace().collect();
        (!files.is_empty()).then_some((files, hash.trim()))
    });
    Some(parsed)
}

/// FNV-1a over the files' text, so that line endings of a checkout do not count.
fn hash(workspace: &Workspace, files: &[&str]) -> Result<String> {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for file in files {
        let text = std::fs::read_to_string(workspace.root.join(file))
            .with_context(|| format!("could not read {file}, which a document describes"))?;
        for byte in text.bytes().filter(|byte| *byte != b'\r') {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    Ok(format!("{hash:016x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_into_the_repository_are_followed_and_code_is_no_link() {
        let text = "[a](b.md#c) [d](https://e/f) ![g](h.png \"title\") [i](#j)\n```\n[k](l)\n```\n[m](../n)";
        assert_eq!(links(text).collect::<Vec<_>>(), ["b.md", "h.png", "../n"]);
        assert_eq!(
            plain(Path::new("docs/rules/../x.md")),
            Path::new("docs/x.md")
        );
    }

    #[test]
    fn a_described_line_names_its_files_and_their_hash() {
        assert_eq!(
            describes("<!-- describes a.rs b.rs = 00ff -->"),
            Some(Some((vec!["a.rs", "b.rs"], "00ff")))
        );
        assert_eq!(describes("<!-- describes nothing -->"), Some(None));
        assert_eq!(describes("<!-- a comment -->"), None);
    }
}
