//! Making way: where the program may have no more threads, those of ours that can be done without end for it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use super::{own_thread, process};
use crate::{diag, record};

/// Time between two looks, and what the kernel may take to forget a thread that ends.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// Looks for the end of a thread of ours; one may be in the middle of a profile.
const END_LOOKS: u32 = 1500;
/// Looks for the place of one that has ended.
const PLACE_LOOKS: u32 = 20;

/// Whether ours are to end. Then none starts again in this process: it would take the
/// place of the program's next one.
static IS_ASKED: AtomicBool = AtomicBool::new(false);
/// Looks that are left for the place of one that has ended.
static LEFT: AtomicU32 = AtomicU32::new(0);

/// Whether threads of ours that can be done without are to end, or not to begin.
pub(super) fn is_asked_for() -> bool {
    IS_ASKED.load(Ordering::Relaxed)
}

/// The program can have no other thread: has ours end. Says whether it may have one now.
/// The caller is inside us.
pub(crate) fn make() -> bool {
    if !process::is_this_one() {
        return false;
    }
    let before = own_thread::dispensable();
    if before == 0 {
        let left = LEFT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        if left.is_ok() {
            thread::sleep(LOOK_EVERY);
        }
        return left.is_ok();
    }
    if !IS_ASKED.swap(true, Ordering::Relaxed) {
        diag::say(format_args!(
            "the program may have no more threads, so ours make way; \
             writing a profile at exit only"
        ));
    }
    record::wake_reader();
    let has_ended = is_within_looks(|| own_thread::dispensable() < before);
    LEFT.store(PLACE_LOOKS, Ordering::Relaxed);
    has_ended
}

/// Has all of them end, for good, and waits for it as long as for one. The caller is inside us.
pub(crate) fn end() {
    IS_ASKED.store(true, Ordering::Relaxed);
    if own_thread::dispensable() > 0 {
        record::wake_reader();
        is_within_looks(|| own_thread::dispensable() == 0);
        // What the kernel still does for the last one is not asked of a filter.
    }
}

fn is_within_looks(is_so: impl Fn() -> bool) -> bool {
    (0..END_LOOKS).any(|_| {
        thread::sleep(LOOK_EVERY);
        is_so()
    })
}

/// In a forked child: it has none of ours.
pub(super) fn forget() {
    IS_ASKED.store(false, Ordering::Relaxed);
    LEFT.store(0, Ordering::Relaxed);
}
