//! From a stack pointer to return addresses, by the rules of the unwind tables.
//!
//! A frame whose rule is in the cache costs a multiplication, four loads and an
//! addition. What holds, whatever the stack, the registers and the tables contain:
//!
//! - Every word of a stack that is read lies between a stack pointer and the end
//!   of the mapped stack around it (`bounds`): that of the start or, behind a
//!   signal's frame, that of what was interrupted.
//! - On one stack every step leads upwards, and a walk has no more steps than there
//!   is room for frames: so it ends.
//! - Of the tables only what lies in the segments of their own module is read
//!   (`module`); what they say is checked before it is believed, and what no rule
//!   can say has none (`tables`).
//! - A frame found by a frame pointer alone counts only if it led back to code
//!   with tables.
//! - Nothing allocates, locks or panics; only a look at `/proc`, and one at what is left of
//!   a stack, ask the system.
//!
//! So a corrupt stack, a stale rule or code without tables can end a walk early or
//! give a wrong frame, and nothing worse. The tests feed all three with nonsense.

#![cfg(all(target_arch = "x86_64", not(lockprof_portable)))]

mod bounds;
mod cache;
#[cfg(test)]
mod chance_tests;
mod module;
mod rule;
mod tables;
mod walk;

use self::cache::Cache;

pub(crate) use self::bounds::{KnownStack, is_one_stack};
pub(crate) use self::walk::{return_address, walk};

/// The rules of all code touched so far.
static CACHE: Cache = Cache::new();

/// Finds what walks need; says whether walking is possible at all.
pub(crate) fn prepare() -> bool {
    bounds::prepare();
    module::prepare()
}

/// Forgets all rules: code has been unloaded.
pub(crate) fn forget() {
    CACHE.clear();
}
