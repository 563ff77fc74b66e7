//! Text to tree and back: YAML with byte spans and comments, healing of
//! broken text, line index, incremental edits. Knows no dialect: nothing in
//! here may know what a step or a route is, resolve a scalar to a type, or
//! merge `<<` keys. Does no I/O.
//!
//! [`parse`] accepts any text and always gives a [`Tree`]. What is wrong with
//! the text is in [`Tree::problems`]; what healing had to ignore is in
//! [`Tree::broken_regions`]. All offsets are bytes into [`Tree::text`].
//!
//! ```
//! let tree = fermata_syntax::parse("name: demo\nsteps: [a, b\nlimit: 3\n");
//! assert_eq!(tree.slice(tree.problems()[0].span), "[");
//! assert_eq!(tree.slice(tree.broken_regions()[0]), "[a, b");
//! let root = tree.root().and_then(|root| root.as_mapping());
//! let limit = root.and_then(|root| root.get("limit")).and_then(|entry| entry.value.as_scalar());
//! assert_eq!(limit.map(|limit| limit.value()), Some("3"));
//! ```
//!
//! Limits, above which the parser gives up with a problem instead of growing:
//! [`MAX_TEXT_BYTES`], [`MAX_DEPTH`], [`MAX_NODES`], [`MAX_EXPANDED_NODES`],
//! [`MAX_PROBLEMS`].

mod build;
mod cooked;
mod cursor;
mod duplicates;
pub mod edit;
mod expansion;
mod heal;
mod lines;
mod message;
mod node;
mod outline;
mod problem;
mod scalar;
mod segments;
mod tabs;
mod tree;

pub use lines::{Encoding, LineIndex, Position};
pub use node::{Alias, Entry, Kind, Mapping, Node, NodeId, Sequence};
pub use problem::{Problem, ProblemKind};
pub use scalar::{Scalar, ScalarStyle};
pub use text_size::{TextRange as Span, TextSize as Offset};
pub use tree::{Comment, Tree};

/// Longest text, in bytes, that is parsed (8 MiB). A longer one gives a tree
/// without a root and one [`ProblemKind::TooLarge`].
pub const MAX_TEXT_BYTES: usize = 8 * 1024 * 1024;

/// Deepest nesting of collections that is kept, also when counted through
/// aliases. What lies deeper gives a [`ProblemKind::TooDeep`].
pub const MAX_DEPTH: usize = 128;

/// Most nodes of one document; more give a [`ProblemKind::TooLarge`].
pub const MAX_NODES: usize = 1_000_000;

/// Most nodes that all aliases of a document together may stand for. An alias
/// beyond it is kept but does not resolve ([`ProblemKind::AliasBomb`]).
pub const MAX_EXPANDED_NODES: usize = 100_000;

/// Most problems that are kept of one text, besides the primary one.
pub const MAX_PROBLEMS: usize = 1_000;

/// Parses any text. Never fails and never panics: broken text is healed, and
/// the first error is the primary problem of the tree.
#[must_use]
pub fn parse(text: &str) -> Tree {
    tree::Tree::from_text(text, None)
}

/// Parses bytes as read from disk.
///
/// Every byte that is not part of valid UTF-8 is read as `_`, so offsets stay
/// true to the file; the first such place is the primary problem, of kind
/// [`ProblemKind::InvalidUtf8`]. A byte-order mark at the start is part of
/// the text and means nothing.
#[must_use]
pub fn parse_bytes(bytes: &[u8]) -> Tree {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text),
        Err(_) => {
            let (text, first) = tree::decode(bytes);
            tree::Tree::from_text(&text, Some(first))
        }
    }
}
