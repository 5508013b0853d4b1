//! From a stack pointer to return addresses, by the rules of the unwind tables.
//!
//! A frame whose rule is in the cache costs a multiplication, four loads and an
//! addition. Every word of the stack that is read lies between the stack pointer
//! at the start and the end of the current stack, and every step must lead
//! upwards: a corrupt stack, a stale rule or code without tables can end a walk
//! early, and nothing worse.

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

pub(crate) use self::bounds::KnownStack;
pub(crate) use self::walk::walk;

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
