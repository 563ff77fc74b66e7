//! The three ways Python formats values: `%`, `str.format` and the format specification both f-strings and it use.

pub(crate) mod braces;
pub(crate) mod percent;
pub(crate) mod spec;
