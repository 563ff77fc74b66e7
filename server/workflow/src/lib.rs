//! One typed workflow model with spans; each dialect lowers a syntax tree into it and says what is wrong. Does no I/O.
