//! Pure rules over the workflow model: one file per rule, one page per rule. Does no I/O.
