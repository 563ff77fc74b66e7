//! The language server: JSON-RPC in, ide and control out. The only crate that knows LSP types.
