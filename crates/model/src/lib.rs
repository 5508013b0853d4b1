//! The lock-free parts of liblockprof, tried in every order their threads may run in.
//!
//! The files are those of the library, not copies: this crate has them see loom's atomics
//! where the library has the standard library's (`crate::atomic`), and little else of what
//! is around them. `models` says what must hold.
// The unit tests of these files are run where they belong.
#![cfg(not(test))]
#![allow(
    dead_code,
    unused_imports,
    reason = "of the library's files only some functions are tried"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::missing_panics_doc,
    reason = "a model fails by panicking"
)]
#![allow(
    clippy::disallowed_macros,
    reason = "thread_local: nothing of this is ever loaded into a host; clippy hears of it only here"
)]

mod atomic;
mod memory;
pub mod models;
mod sys;
mod world;

pub use self::world::{Weakened, breaks, fails};

#[path = "../../../src/per_process.rs"]
mod per_process;
#[path = "../../../src/record/mod.rs"]
mod record;
#[path = "../../../src/state.rs"]
mod state;

#[path = "../../../src/intercept"]
mod intercept {
    pub(crate) mod waiters;

    /// Where in a lock its owner stands: of no account here.
    mod layout {
        pub(super) const OWNER_OFFSET: u64 = 8;
    }

    /// The same of a read-write lock.
    mod rwlock {
        pub(super) const WRITER_OFFSET: u64 = 24;
    }

    pub(crate) mod unwind {
        mod cache;
        mod rule;

        #[path = "../../../crates/model/src/models/rules.rs"]
        pub mod model;
    }

    pub(crate) mod openmp {
        mod inside;
        mod known;

        #[path = "../../../crates/model/src/models/openmp.rs"]
        pub mod model;
    }
}
