//! Symbols of a workspace: the workflow, its inputs and steps, by a few letters of their name.

use fermata_syntax::Span;

use crate::calls;
use crate::snapshot::Snapshot;
use crate::symbols::{Symbol, SymbolKind, symbols};

/// How well a name fits what was typed; the least is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Fit {
    Whole,
    Start,
    Part,
    Letters,
}

/// A symbol that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSymbol {
    /// How well.
    pub fit: Fit,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// What it is in: the workflow, or a group; `None` for the workflow itself.
    pub container: Option<String>,
    /// Its name's place.
    pub span: Span,
}

/// The symbols of one document whose names have the letters of a query in order; all for an empty one.
#[must_use]
pub fn search(snapshot: &Snapshot, query: &str) -> Vec<FoundSymbol> {
    let Some(workflow) = calls::workflow_item(snapshot) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    found.extend(fit(&workflow.name, query).map(|fit| FoundSymbol {
        fit,
        name: workflow.name.clone(),
        kind: workflow.kind,
        container: None,
        span: workflow.selection,
    }));
    collect(&symbols(snapshot), &workflow.name, query, &mut found);
    found
}

fn collect(symbols: &[Symbol], container: &str, query: &str, found: &mut Vec<FoundSymbol>) {
    for symbol in symbols {
        found.extend(fit(&symbol.name, query).map(|fit| FoundSymbol {
            fit,
            name: symbol.name.clone(),
            kind: symbol.kind,
            container: Some(container.to_owned()),
            span: symbol.selection,
        }));
        collect(&symbol.children, &symbol.name, query, found);
    }
}

fn fit(name: &str, query: &str) -> Option<Fit> {
    let (name, query) = (name.to_lowercase(), query.trim().to_lowercase());
    if name == query {
        return Some(Fit::Whole);
    }
    if name.starts_with(&query) {
        return Some(Fit::Start);
    }
    if name.contains(&query) {
        return Some(Fit::Part);
    }
    let mut letters = name.chars();
    query
        .chars()
        .filter(|c| !c.is_whitespace())
        .all(|wanted| letters.any(|letter| letter == wanted))
        .then_some(Fit::Letters)
}

#[cfg(test)]
mod tests {
    use super::{Fit, fit};

    #[test]
    fn letters_in_order_fit_and_a_whole_name_fits_best() {
        assert_eq!(fit("review-loop", "Review-Loop"), Some(Fit::Whole));
        assert_eq!(fit("review-loop", "rev"), Some(Fit::Start));
        assert_eq!(fit("review-loop", "loop"), Some(Fit::Part));
        assert_eq!(fit("review-loop", "r lp"), Some(Fit::Letters));
        assert_eq!(fit("review-loop", ""), Some(Fit::Start));
        assert_eq!(fit("review-loop", "pl"), None);
    }
}
