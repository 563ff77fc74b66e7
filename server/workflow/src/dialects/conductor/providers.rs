//! Capabilities of providers (specs/conductor.md, appendix A).
