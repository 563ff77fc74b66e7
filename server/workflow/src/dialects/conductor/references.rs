//! References in templates and `input` lists.
