//! Keys and items of the file behind a place of the model, and edits that
//! rename or remove them.

use fermata_syntax::{Entry, Mapping};
use fermata_workflow::edits::remove_lines;
use fermata_workflow::{Edit, Loc, Sources};

/// The mapping that stands at a place.
pub(crate) fn mapping(sources: &Sources, loc: Loc) -> Option<Mapping<'_>> {
    let tree = &sources.get(loc.file)?.tree;
    let nodes = tree.path_at(loc.span.start());
    nodes
        .into_iter()
        .filter(|node| node.span() == loc.span)
        .find_map(|node| node.as_mapping())
}

/// An entry of the mapping at a place.
pub(crate) fn entry<'s>(sources: &'s Sources, loc: Loc, key: &str) -> Option<Entry<'s>> {
    mapping(sources, loc)?.get(key)
}

/// The place of a key of the mapping at a place; the mapping's own where it is written elsewhere.
pub(crate) fn key(sources: &Sources, loc: Loc, name: &str) -> Loc {
    entry(sources, loc, name).map_or(loc, |entry| Loc {
        file: loc.file,
        span: entry.key.span(),
    })
}

/// An edit that removes an entry of a block mapping that keeps others, none of it on a dash's line.
pub(crate) fn remove_entry(sources: &Sources, loc: Loc, name: &str) -> Option<Edit> {
    let text = sources.get(loc.file)?.tree.text();
    let mapping = mapping(sources, loc).filter(|m| !m.is_flow() && m.len() > 1)?;
    let span = mapping.get(name)?.span();
    let start = usize::from(span.start());
    let line = text
        .get(..start)?
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    if !text[line..start].trim().is_empty() {
        return None;
    }
    remove_lines(text, span)
}
