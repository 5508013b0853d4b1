//! An oracle, compiled only for `scripts/agreement` (`--cfg lockprof_compare`):
//! takes every stack a second time with libgcc's unwinder, and counts how the
//! two agree.
#![allow(unsafe_code, reason = "its count is told when the host ends")]

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::capture;
use crate::record::Frames;
use crate::sys;

static SAME: AtomicU64 = AtomicU64::new(0);
/// Ours goes on where libgcc's ends.
static LONGER: AtomicU64 = AtomicU64::new(0);
/// Libgcc's goes on where ours ends.
static SHORTER: AtomicU64 = AtomicU64::new(0);
static DIFFERENT: AtomicU64 = AtomicU64::new(0);
static OWN_CODE: OnceLock<Range<u64>> = OnceLock::new();
/// Cases told in full so far.
static TOLD: AtomicU32 = AtomicU32::new(0);
const TOLD_MAX: u32 = 5;

/// Compares a stack of ours with libgcc's, from the same place at the same moment.
pub(super) fn check(ours: &[u64], max: usize) {
    let mut theirs = Frames::new();
    let own_code = OWN_CODE.get_or_init(capture::own_code);
    capture::by_libgcc(own_code, &mut theirs.fill(max));
    let theirs = theirs.as_slice();
    let count = if ours == theirs {
        &SAME
    } else if ours.starts_with(theirs) {
        &LONGER
    } else if theirs.starts_with(ours) {
        tell("shorter", ours, theirs);
        &SHORTER
    } else {
        tell("different", ours, theirs);
        &DIFFERENT
    };
    count.fetch_add(1, Ordering::Relaxed);
}

fn tell(what: &str, ours: &[u64], theirs: &[u64]) {
    if TOLD.fetch_add(1, Ordering::Relaxed) < TOLD_MAX {
        let mut line = String::new();
        let _ = writeln!(
            line,
            "lockprof: {what}: ours {ours:x?} libgcc's {theirs:x?}"
        );
        sys::write_stderr(line.as_bytes());
    }
}

#[used]
#[unsafe(link_section = ".fini_array")]
static END: extern "C" fn() = end;

extern "C" fn end() {
    let mut line = String::new();
    let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let _ = writeln!(
        line,
        "lockprof: compared: {} same, {} longer, {} shorter, {} different",
        count(&SAME),
        count(&LONGER),
        count(&SHORTER),
        count(&DIFFERENT)
    );
    sys::write_stderr(line.as_bytes());
}
