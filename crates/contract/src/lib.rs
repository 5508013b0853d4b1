//! What the library and the command line must agree on, and nothing else:
//! options, the profile and its schema, its encoding, the names of functions and of its files,
//! and what is said over the control socket.
//!
//! No files, threads or environment here: both sides bring their own.
#![forbid(unsafe_code)]

pub mod build_note;
pub mod comment;
pub mod control;
pub mod demangle;
pub mod file_name;
pub mod options;
pub mod pprof;
pub mod profile;
pub mod sample_type;
pub mod wrapper;
