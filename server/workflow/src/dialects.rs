//! One module per dialect: what its files mean and what its own tool would say
//! about them. A dialect is added here and in [`crate::detect`], nowhere else.

pub mod archon;
pub mod conductor;
