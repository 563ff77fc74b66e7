//! The pages of the rules, compiled in, so that `fermata explain` and the
//! editor's links work without a network and without the source.

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// The page of a diagnostic code as Markdown; `None` for a code that no rule has.
#[must_use]
pub fn explain(code: &str) -> Option<&'static str> {
    PAGES
        .binary_search_by(|(name, _)| (*name).cmp(code))
        .ok()
        .map(|index| PAGES[index].1)
}

/// Every code that has a page, with its page, by code.
#[must_use]
pub fn pages() -> &'static [(&'static str, &'static str)] {
    PAGES
}
