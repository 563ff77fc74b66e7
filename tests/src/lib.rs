//! End-to-end tests: LSP over stdio, killed processes, conformance, architecture.
