//! Who wrote a node of the expanded graph: the workflow itself, or the file of a workflow that it includes. Gives the
//! place in that file, so that a diagnostic stands where its author can mend it.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use fermata_syntax::{Span, Tree};

use super::file::Parsed;
use super::place;
use super::project::Project;
use crate::data::Datum;
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Loc, SourceFile};

/// Finds authors; remembers the files it has met.
pub(super) struct Authors<'a> {
    project: &'a Project<'a>,
    root: &'a Parsed,
    tree: &'a Tree,
    met: RefCell<Vec<(PathBuf, Tree)>>,
}

/// A workflow on the way to a node.
struct Standing<'a> {
    parsed: &'a Parsed,
    tree: &'a Tree,
    file: FileId,
    through: Vec<Loc>,
}

impl<'a> Standing<'a> {
    fn author(self, datum: &'a Datum) -> Author<'a> {
        Author {
            datum,
            tree: self.tree,
            file: self.file,
            through: self.through,
        }
    }
}

/// A node as it was written.
pub(super) struct Author<'a> {
    /// The node.
    pub(super) datum: &'a Datum,
    /// Its file's text.
    pub(super) tree: &'a Tree,
    /// Its file in the load.
    pub(super) file: FileId,
    /// The includes that lead there, outermost first; none for nodes of the workflow itself.
    pub(super) through: Vec<Loc>,
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
        let (mut at, mut rest) = (self.start(), chain);
        // Each turn goes through one include.
        loop {
            if let Some(datum) = at.parsed.written.get(rest) {
                return Some(at.author(datum));
            }
            let (include, inner) = includes(at.parsed, rest)?;
            at = self.enter(at, include)?;
            rest = inner;
        }
    }

    /// The author of the include node at the end of a way of includes (`ExpandError::way`).
    pub(super) fn of_way(&self, way: &[String]) -> Option<Author<'a>> {
        let (last, outer) = way.split_last()?;
        let mut at = self.start();
        for chain in outer {
            let include = at.parsed.written.get(chain)?;
            at = self.enter(at, include)?;
        }
        let datum = at.parsed.written.get(last)?;
        Some(at.author(datum))
    }

    fn start(&self) -> Standing<'a> {
        Standing {
            parsed: self.root,
            tree: self.tree,
            file: FileId::ROOT,
            through: Vec::new(),
        }
    }

    /// From a workflow to the one that its include node names.
    fn enter(&self, from: Standing<'a>, include: &Datum) -> Option<Standing<'a>> {
        let target = include.map()?.text("include")?;
        let mut through = from.through;
        through.push(Loc {
            file: from.file,
            ..place::of(include, &place::dotted("include"))
        });
        let member = self.project.member_named(target.value.trim())?;
        Some(Standing {
            parsed: member.parsed.as_ref()?,
            tree: &member.tree,
            file: self.meet(&member.path, &member.tree)?,
            through,
        })
    }

    fn meet(&self, path: &Path, tree: &Tree) -> Option<FileId> {
        let mut met = self.met.borrow_mut();
        let at = met.iter().position(|(known, _)| known == path);
        let at = at.unwrap_or_else(|| {
            met.push((path.to_path_buf(), tree.clone()));
            met.len() - 1
        });
        Some(FileId(u32::try_from(at + 1).ok()?))
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

    /// The place of a setting of the node's workflow.
    pub(super) fn setting(&self, key: &str) -> Option<Loc> {
        let map = self.tree.root()?.resolved().as_mapping()?;
        Some(self.here_at(map.get(key)?.value.span()))
    }

    /// Adds the includes that lead to the node's file to a diagnostic that stands in it.
    pub(super) fn included(&self, diagnostic: Diagnostic) -> Diagnostic {
        let here = diagnostic.loc;
        let others = self.through.iter().filter(|loc| **loc != here);
        others.fold(diagnostic, |d, loc| d.related(*loc, "it is included here"))
    }

    fn here_at(&self, span: Span) -> Loc {
        Loc {
            file: self.file,
            span,
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
        Some(self.here_at(scalar.source_span(start + range.start..start + range.end)))
    }
}
