//! The store through its public contract: the same sentences proved of memory and of disk.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "all of this is test code"
)]

mod contract;
mod disk;
mod doctor;
mod index;
mod kill;
mod make;
mod sessions;
mod wake;
