//! Suppression comments: `# fermata: allow(code, code)` on the line of the
//! diagnostic, on the line above, or before the first key of the file (then
//! for the whole file).

use fermata_syntax::Encoding;
use fermata_workflow::{Diagnostic, FileId, Sources};

struct Allow {
    file: FileId,
    /// `None`: the whole file.
    line: Option<u32>,
    codes: Vec<String>,
}

/// Every suppression comment of a load.
pub(crate) struct Allowed(Vec<Allow>);

impl Allowed {
    pub(crate) fn read(sources: &Sources) -> Self {
        let mut allowed = Vec::new();
        for (file, source) in sources.iter().filter(|(_, s)| !s.raw) {
            let tree = &source.tree;
            let body = tree.root().map(|root| root.span().start());
            for comment in tree.comments() {
                let Some(codes) = codes(&comment.text) else {
                    continue;
                };
                let on_top = body.is_some_and(|start| comment.span.end() <= start);
                let line = tree
                    .line_index()
                    .position(comment.span.start(), Encoding::Utf8)
                    .line;
                allowed.push(Allow {
                    file,
                    line: (!on_top).then_some(line),
                    codes,
                });
            }
        }
        Self(allowed)
    }

    pub(crate) fn covers(&self, sources: &Sources, diagnostic: &Diagnostic) -> bool {
        let Some(source) = sources.get(diagnostic.loc.file) else {
            return false;
        };
        let at = source
            .tree
            .line_index()
            .position(diagnostic.loc.span.start(), Encoding::Utf8)
            .line;
        self.0.iter().any(|allow| {
            allow.file == diagnostic.loc.file
                && allow.codes.iter().any(|code| code == diagnostic.code)
                && allow.line.is_none_or(|line| line == at || line + 1 == at)
        })
    }
}

/// The codes of `fermata: allow(a, b)`; `None` for any other comment.
fn codes(comment: &str) -> Option<Vec<String>> {
    let list = comment
        .trim()
        .strip_prefix("fermata:")?
        .trim()
        .strip_prefix("allow(")?;
    let (list, _) = list.split_once(')')?;
    Some(
        list.split(',')
            .map(|code| code.trim().to_owned())
            .filter(|code| !code.is_empty())
            .collect(),
    )
}
