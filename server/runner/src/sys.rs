//! What differs by system: how a process is told from one that got its number
//! later, and how a whole process group is ended.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub use unix::*;

#[cfg(not(unix))]
mod other;
#[cfg(not(unix))]
pub use other::*;
