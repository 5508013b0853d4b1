//! What the library's file says of itself: the note of ELF in which the command finds it.
//!
//! Its text is the version, and behind it, each after a space, the features it was built with.

/// Whose note it is.
pub const OWNER: &str = "lockprof";
/// Which of its notes.
pub const KIND: u32 = 1;
