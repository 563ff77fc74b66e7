//! Places in files: a workflow may be spread over several (`!file`, includes),
//! so a place is a file and a span in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fermata_expr::template::Partials;
use fermata_syntax::{NodeId, Span, Tree};

/// A file of one load, as an index into [`Sources`]. `FileId::ROOT` is the workflow itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

impl FileId {
    /// The workflow file that was asked for.
    pub const ROOT: Self = Self(0);
}

/// A place: a byte span in one file of the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Loc {
    /// Which file.
    pub file: FileId,
    /// Bytes in that file's text.
    pub span: Span,
}

/// One file that a load has read.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Absolute path as it was asked for (not canonical).
    pub path: PathBuf,
    /// The parsed text. Files included as raw text have a tree too; nobody looks at it.
    pub tree: Tree,
    /// Whether the load read this text as raw text (a prompt) instead of YAML.
    pub raw: bool,
}

/// All files that a load has read, the workflow first.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Arc<SourceFile>>,
}

impl Sources {
    /// Adds a file and says under which id.
    pub fn add(&mut self, file: SourceFile) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(Arc::new(file));
        id
    }

    /// The file with this id.
    #[must_use]
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize).map(Arc::as_ref)
    }

    /// Every file with its id, the workflow first.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (0u32..).map(FileId).zip(self.files.iter().map(Arc::as_ref))
    }

    /// The id of the file with this path, if the load has read it.
    #[must_use]
    pub fn find(&self, path: &Path) -> Option<FileId> {
        self.iter().find(|(_, f)| f.path == path).map(|(id, _)| id)
    }

    /// Where a range of bytes of a [`Text`]'s value stands in its file. Falls
    /// back to the whole text where substitution has changed the value.
    #[must_use]
    pub fn locate(&self, text: &Text, range: std::ops::Range<usize>) -> Loc {
        let exact = || {
            let tree = &self.get(text.loc.file).filter(|_| !text.substituted)?.tree;
            let span = match text.node {
                Some(node) => tree.node(node).as_scalar()?.source_span(range),
                // A prompt that was included as a whole is its file, byte by byte.
                None if tree.text() == text.value => Span::new(
                    u32::try_from(range.start).ok()?.into(),
                    u32::try_from(range.end).ok()?.into(),
                ),
                None => return None,
            };
            Some(Loc {
                file: text.loc.file,
                span,
            })
        };
        exact().unwrap_or(text.loc)
    }
}

/// A string of a workflow and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The value after environment substitution.
    pub value: String,
    /// The scalar (or, for text spliced in by `!file`, the included file's text).
    pub loc: Loc,
    /// The scalar's node, to map bytes of the value back to bytes of the file.
    pub node: Option<NodeId>,
    /// Whether `${VAR}` substitution changed the value, so that offsets no longer map.
    pub substituted: bool,
    /// What `{% include %}` and its like find, where this is the text of a prompt file.
    pub partials: Partials,
}

impl Text {
    /// The value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.value
    }
}

impl std::ops::Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.value
    }
}

/// Any other value of a workflow and where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// The scalar it was read from.
    pub loc: Loc,
}
