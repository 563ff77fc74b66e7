//! The store through its public contract: the same sentences proved of memory and of disk.

mod contract;
mod disk;
mod doctor;
mod kill;
mod make;
mod wake;
