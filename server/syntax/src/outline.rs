//! Lines of a text as healing sees them.
