//! The languages inside strings: templates, conditions and references. Parses with spans, lists what is referenced, evaluates. Does no I/O.
