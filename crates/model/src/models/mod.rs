//! What must hold in every order: one file for each lock-free part, one function for each sentence.

pub mod counts;
pub mod filters;
pub mod process;
pub mod records;
pub mod switching;
pub mod waiters;

// They stand where they may see what only their neighbours see.
pub use crate::intercept::openmp::model as openmp;
pub use crate::intercept::unwind::model as rules;
