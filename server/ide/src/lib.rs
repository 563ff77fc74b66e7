//! Pure editor features: (snapshot, offset) to answer. One file per feature.
//!
//! What a run knows comes in as a plain [`RunFacts`] value, what an editor
//! should do goes out as a plain [`Act`]. No LSP types, no I/O, no clock.

mod actions;
mod archon;
mod completion;
mod definition;
mod facts;
mod folding;
mod graph;
mod hover;
mod inlays;
mod keys;
mod lenses;
mod links;
mod place;
mod snapshot;
mod symbols;
mod tokens;

pub use actions::{Action, ActionKind, actions};
pub use archon::message::reads_message;
pub use completion::{Completion, CompletionKind, completions};
pub use definition::{
    Occurrence, definition, is_taken, occurrences, occurrences_at, rename_target,
};
pub use facts::{Act, AnswerFact, GateFact, RunFact, RunFacts, StartFact};
pub use folding::{Fold, folds};
pub use graph::{Graph, GraphEdge, GraphLoop, GraphNode, graph};
pub use hover::{Hover, hover};
pub use inlays::{Inlay, inlays};
pub use lenses::{Lens, lenses};
pub use links::{Link, links};
pub use snapshot::Snapshot;
pub use symbols::{Symbol, SymbolKind, symbols};
pub use tokens::{Token, TokenKind, tokens};
