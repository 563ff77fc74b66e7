//! The language server over a pair of streams, with a client that reads every
//! byte: nothing that the server says may go unnoticed. Runs are real, workers
//! are the built binary.

mod archon;
mod children;
mod gates;
mod hostile;
mod messages;
mod navigation;
mod pictures;
mod project;
mod pull;
mod server;
