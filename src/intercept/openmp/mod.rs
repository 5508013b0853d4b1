//! OpenMP: its locks and its critical sections, whoever's library has them.
//!
//! GNU's waits by futex calls of its own, LLVM's by spinning and yielding: neither can be
//! seen but by the calls of OpenMP themselves. Their library need not be there when we
//! are, and there may be several: `provider.rs` finds the one a call is meant for.

pub(super) mod critical;
mod inside;
mod known;
pub(super) mod lock;
pub(super) mod provider;

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether OpenMP is profiled. Gates may be passed while it is not: see `provider.rs`.
static WATCHED: AtomicBool = AtomicBool::new(false);

/// Says whether it is profiled from now on, after the slots lead through their gates.
pub(super) fn watch(is_wanted: bool) {
    if is_wanted {
        critical::pass_by_layers();
        lock::pass_by_untested();
        inside::forget_all();
    }
    WATCHED.store(is_wanted, Ordering::Relaxed);
}

#[inline(always)]
fn is_watched() -> bool {
    WATCHED.load(Ordering::Relaxed)
}
