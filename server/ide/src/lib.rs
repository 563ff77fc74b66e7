//! Pure editor features: (snapshot, offset) to answer. No LSP types, no I/O.
