//! Who wrote a node of the expanded graph: the workflow itself, or the file of a workflow that it includes. Gives the
//! place in that file, so that a diagnostic stands where its author can mend it.

use std::cell::RefCell;
use std::path::PathBuf;

use fermata_syntax::Tree;

use super::file::Parsed;
use super::place;
use super::project::Project;
use crate::data::Datum;
use crate::source::{FileId, Loc, SourceFile};

/// Finds authors; remembers the files it has met.
pub(super) struct Authors<'a> {
    project: &'a Project<'a>,
    root: &'a Parsed,
    tree: &'a Tree,
    met: RefCell<Vec<(PathBuf, Tree)>>,
}

/// A node as it was written.
pub(super) struct Author<'a> {
    /// The node.
    pub(super) datum: &'a Datum,
    /// Its file's text.
    pub(super) tree: &'a Tree,
    /// Its file in the load.
    pub(super) file: FileId,
    /// The include of the workflow itself that leads there, for nodes of other files.
    pub(super) through: Option<Loc>,
}

impl<'a> Authors<'a> {
    pub(super) fn new(project: &'a Project<'a>, root: &'a Parsed, tree: &'a Tree) -> Self {
        Self {
            project,
            root,
            tree,
            met: RefCell::default(),
        }
    }

    /// The author of the node with this chain of ids (`group/include__node`).
    pub(super) fn of(&self, chain: &str) -> Option<Author<'a>> {
        if let Some(datum) = self.root.written.get(chain) {
            return Some(Author {
                datum,
                tree: self.tree,
                file: FileId::ROOT,
                through: None,
            });
        }
        let (mut parsed, mut rest) = (self.root, chain);
        let (mut through, mut found) = (None, None);
        // Each turn goes through one include.
        while found.is_none() {
            let (include, inner) = includes(parsed, rest)?;
            let target = include.map()?.text("include")?;
            through = through.or_else(|| Some(place::of(include, &place::dotted("include"))));
            let member = self.project.member_named(target.value.trim())?;
            parsed = member.parsed.as_ref()?;
            rest = inner;
            found = parsed.written.get(rest).map(|datum| (member, datum));
        }
        let (member, datum) = found?;
        let mut met = self.met.borrow_mut();
        let at = met.iter().position(|(path, _)| *path == member.path);
        let at = at.unwrap_or_else(|| {
            met.push((member.path.clone(), member.tree.clone()));
            met.len() - 1
        });
        Some(Author {
            datum,
            tree: &member.tree,
            file: FileId(u32::try_from(at + 1).ok()?),
            through,
        })
    }

    /// The files that were met, in the order of their ids.
    pub(super) fn files(self) -> impl Iterator<Item = SourceFile> {
        self.met
            .into_inner()
            .into_iter()
            .map(|(path, tree)| SourceFile {
                path,
                tree,
                raw: false,
            })
    }
}

/// The include node that a chain goes through first, and the chain behind it.
fn includes<'p, 'c>(parsed: &'p Parsed, chain: &'c str) -> Option<(&'p Datum, &'c str)> {
    chain.match_indices("__").find_map(|(at, _)| {
        let datum = parsed.written.get(&chain[..at])?;
        datum.map()?.get("include")?;
        Some((datum, &chain[at + 2..]))
    })
}

impl Author<'_> {
    /// The place of a field of the node.
    pub(super) fn place(&self, field: &str) -> Loc {
        self.here(place::of(self.datum, &place::dotted(field)))
    }

    /// A place of the node in the node's own file.
    pub(super) fn here(&self, loc: Loc) -> Loc {
        Loc {
            file: self.file,
            ..loc
        }
    }

    /// A stretch of the text at a field, from where `text` (without blanks at its ends) begins.
    pub(super) fn stretch(
        &self,
        field: &str,
        text: &str,
        range: std::ops::Range<usize>,
    ) -> Option<Loc> {
        let written = place::value(self.datum, &place::dotted(field))?;
        let written = written.text().or_else(|| written.map()?.text("from"))?;
        let start = written.value.find(text)?;
        let scalar = self.tree.node(written.node?).as_scalar()?;
        Some(Loc {
            file: self.file,
            span: scalar.source_span(start + range.start..start + range.end),
        })
    }
}
