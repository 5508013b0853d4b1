//! Threads of our own: unseen by the hooks, deaf to the host's signals, and counted.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU32, Ordering};

use super::{WIRING, give_up, give_up_without_memory};
use crate::{memory, sys};

/// Stack of a thread of ours. Demangling recurses; the rest needs little.
const STACK_LEN: usize = 512 * 1024;

/// Threads of ours that run.
static RUNNING: AtomicU32 = AtomicU32::new(0);

/// Starts a thread of ours. A panic on it switches us off.
///
/// # Errors
/// Those of the system.
pub(super) fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    // The thread inherits the mask: no signal of the host is ever handled on it.
    let mask = sys::block_signals();
    RUNNING.fetch_add(1, Ordering::Relaxed);
    let started = std::thread::Builder::new()
        .name(name.to_owned())
        .stack_size(STACK_LEN)
        .spawn(move || run(work));
    sys::restore_signals(&mask);
    if let Err(error) = started {
        RUNNING.fetch_sub(1, Ordering::Relaxed);
        return Err(error);
    }
    Ok(())
}

/// How many run.
pub(super) fn running() -> u32 {
    RUNNING.load(Ordering::Relaxed)
}

/// In a forked child: they are gone.
pub(super) fn forget_all() {
    RUNNING.store(0, Ordering::Relaxed);
}

fn run(work: impl FnOnce()) {
    if let Some(wiring) = WIRING.get() {
        (wiring.become_internal)();
    }
    let may_stop = memory::may_stop_this_thread(give_up_without_memory);
    panic::set_hook(Box::new(|_| ()));
    if panic::catch_unwind(AssertUnwindSafe(work)).is_err() {
        give_up();
    }
    drop(may_stop);
    RUNNING.fetch_sub(1, Ordering::Relaxed);
}
