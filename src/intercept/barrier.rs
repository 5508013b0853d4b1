//! Barriers: all who come wait for the one that comes last.
#![allow(unsafe_code, reason = "calls the C library and reads its barriers")]

use std::ffi::{c_int, c_uint};

use libc::{pthread_barrier_t, pthread_barrierattr_t};

use super::capture::Caller;
use super::sync::{self, Ended, Waiting, Waker, Waking};
use super::words::word;
use super::{Lock, Visit, lifetime, table};
use crate::record::{Kind, Record, Role};
use crate::sys;

// nptl/pthread_barrier_wait.c of glibc: how many have come so far (at times less a
// multiple of how many must come), how many had when the last round ended, and how many
// must come.
const WORD_CAME: usize = 0;
const WORD_ROUND: usize = 1;
const WORD_COUNT: usize = 2;

/// Whether all others have come, so nobody will have to wait any more.
fn is_last(barrier: *const pthread_barrier_t) -> bool {
    let came = word(barrier, WORD_CAME).wrapping_add(1);
    came.checked_rem(word(barrier, WORD_COUNT)) == Some(0)
}

fn object_of(barrier: *const pthread_barrier_t) -> Lock {
    Lock {
        address: barrier as u64,
        kind: Kind::Barrier,
    }
}

/// glibc tells the last one by this code that it was the last.
pub(super) unsafe extern "C-unwind" fn wait(
    barrier: *mut pthread_barrier_t,
    sp: usize,
    bp: usize,
) -> c_int {
    let caller = Caller { sp, bp };
    // SAFETY: the host's own call.
    let real = || unsafe { table::pthread_barrier_wait::real(barrier) };
    let Some(visit) = Visit::begin(caller) else {
        return real();
    };
    let object = object_of(barrier);
    let is_last = is_last(barrier);
    let waker = if is_last {
        Waker::Unknown
    } else {
        Waker::InCell
    };
    let waking = is_last
        .then(|| Waking::begin(&visit, object, u32::MAX))
        .flatten();
    let waiting = Waiting::begin(&visit, object, waker);
    // Everybody would wait until the last one has its stack.
    let mut record = Record::new(Role::Sync, object.kind, object.address);
    if !is_last {
        waiting.capture_early(&visit, &mut record);
    }
    drop(visit);
    let code = real();
    // From here on the barrier may be gone.
    let end_ns = sys::monotonic_ns();
    let Some(visit) = Visit::begin(caller) else {
        sync::lose_while_inside();
        return code;
    };
    if code == libc::PTHREAD_BARRIER_SERIAL_THREAD {
        drop(waiting);
        // Two that come at once both do not look like the last; the others are
        // perhaps still waking up.
        let waking = waking.or_else(|| Waking::begin(&visit, object, u32::MAX));
        if let Some(waking) = waking {
            waking.tell(&visit);
        }
    } else {
        waiting.end(&visit, end_ns, Ended::of(code), &mut record);
    }
    code
}

pub(super) unsafe extern "C-unwind" fn init(
    barrier: *mut pthread_barrier_t,
    attributes: *const pthread_barrierattr_t,
    count: c_uint,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let code = unsafe { table::pthread_barrier_init::real(barrier, attributes, count) };
    if code == 0 {
        lifetime::note_init(object_of(barrier), Caller { sp, bp });
    }
    code
}

/// Whether the C library lays out its barriers as this file believes. Asked once,
/// with a barrier of our own, before anything is armed.
pub(super) fn is_known() -> bool {
    #[allow(
        clippy::multiple_unsafe_ops_per_block,
        reason = "one reason covers all of them"
    )]
    // SAFETY: barriers of our own, on this stack, initialised before use and used by
    // this thread alone, which never waits: one is enough.
    unsafe {
        let mut barrier: pthread_barrier_t = std::mem::zeroed();
        let raw = &raw mut barrier;
        if table::pthread_barrier_init::real(raw, std::ptr::null(), 5) != 0 {
            return false;
        }
        let mut known = word(raw, WORD_CAME) == 0 && word(raw, WORD_COUNT) == 5 && !is_last(raw);
        libc::pthread_barrier_destroy(raw);
        if table::pthread_barrier_init::real(raw, std::ptr::null(), 1) != 0 {
            return false;
        }
        known &= is_last(raw);
        let code = table::pthread_barrier_wait::real(raw);
        known &= code == libc::PTHREAD_BARRIER_SERIAL_THREAD
            && word(raw, WORD_CAME) == 1
            && word(raw, WORD_ROUND) == 1;
        libc::pthread_barrier_destroy(raw);
        known
    }
}
