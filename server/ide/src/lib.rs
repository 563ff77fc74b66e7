//! Pure editor features: (snapshot, offset) to answer. One file per feature.
//!
//! What a run knows comes in as a plain [`RunFacts`] value, what an editor
//! should do goes out as a plain [`Act`]. No LSP types, no I/O, no clock.

mod actions;
mod archon;
mod calls;
mod completion;
mod definition;
mod describe;
mod facts;
mod folding;
mod graph;
mod hover;
mod inlays;
mod keys;
mod lenses;
mod linked;
mod links;
mod place;
mod search;
mod selection;
mod snapshot;
mod symbols;
mod tokens;

pub use actions::{Action, ActionKind, actions};
pub use archon::message::reads_message;
pub use calls::{Call, CallItem, Leaving, call_item, incoming, leaving, outgoing, workflow_item};
pub use completion::{Completion, CompletionKind, completions};
pub use definition::{
    Occurrence, definition, is_taken, occurrences, occurrences_at, rename_target,
};
pub use describe::{Subject, describe};
pub use facts::{Act, AnswerFact, GateFact, RunFact, RunFacts, StartFact, StepTime};
pub use folding::{Fold, folds};
pub use graph::{Graph, GraphEdge, GraphLoop, GraphNode, graph};
pub use hover::{Hover, hover};
pub use inlays::{Inlay, inlays};
pub use lenses::{Lens, lenses};
pub use linked::linked;
pub use links::{Link, links};
pub use search::{Fit, FoundSymbol, search};
pub use selection::selections;
pub use snapshot::Snapshot;
pub use symbols::{Symbol, SymbolKind, symbols};
pub use tokens::{Token, TokenKind, tokens};
