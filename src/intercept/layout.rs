//! glibc's mutex as it lies in memory on 64-bit machines, read and (but for one
//! repair) never written.
//!
//! It tells for nothing what no call tells: the holder's thread, the true type
//! and the depth. [`is_known`] checks all of it before anything is armed.
#![allow(unsafe_code, reason = "reads the C library's mutexes")]

use std::sync::atomic::Ordering;

use libc::{pthread_mutex_t, pthread_mutexattr_t};

use super::words::{word, words};
use super::{Lock, table};
use crate::record::Kind;
use crate::sys;

const WORD_LOCK: usize = 0;
const WORD_COUNT: usize = 1;
const WORD_OWNER: usize = 2;
const WORD_KIND: usize = 4;
/// Where the owner's id is, in bytes.
pub(super) const OWNER_OFFSET: u64 = 4 * WORD_OWNER as u64;

const KIND_TYPE: u32 = 3;
const KIND_RECURSIVE: u32 = 1;
const KIND_ERROR_CHECK: u32 = 2;
const KIND_ROBUST: u32 = 16;
const KIND_INHERIT: u32 = 32;
const KIND_PROTECT: u32 = 64;
const KIND_SHARED: u32 = 128;
/// Low bits of the lock word of a priority-protected mutex: above is the ceiling.
const PROTECT_STATE: u32 = (1 << 19) - 1;
/// The lock word of a robust or priority-inheriting mutex: its owner's id, and
/// whether somebody waits or the owner has died.
const OWNER_ID: u32 = 0x3fff_ffff;
const OWNER_DIED: u32 = 0x4000_0000;
const HAS_WAITERS: u32 = 0x8000_0000;

pub(super) fn lock_of(mutex: *const pthread_mutex_t) -> Lock {
    let kind = match word(mutex, WORD_KIND) & KIND_TYPE {
        0 => Kind::Mutex,
        KIND_RECURSIVE => Kind::Recursive,
        KIND_ERROR_CHECK => Kind::ErrorCheck,
        _ => Kind::Adaptive,
    };
    Lock {
        address: mutex as u64,
        kind,
    }
}

/// The kernel's id of the thread that holds it; 0 for nobody, or for somebody
/// who is just taking or releasing it.
pub(super) fn owner(mutex: *const pthread_mutex_t) -> u32 {
    word(mutex, WORD_OWNER)
}

/// Whether trying it may have effects beyond taking it: with a priority protocol
/// a failed try moves priorities or makes a system call, and a try of a robust
/// mutex that nobody may have any more leaves it locked for ever in glibc (2.36).
pub(super) fn must_not_be_tried(mutex: *const pthread_mutex_t) -> bool {
    word(mutex, WORD_KIND) & (KIND_ROBUST | KIND_INHERIT | KIND_PROTECT) != 0
}

/// Whether a mutex that must not be tried is held by another thread, alive.
pub(super) fn is_taken_by_another(mutex: *const pthread_mutex_t) -> bool {
    let state = word(mutex, WORD_LOCK);
    let is_protected = word(mutex, WORD_KIND) & KIND_PROTECT != 0;
    let is_taken = if is_protected {
        state & PROTECT_STATE != 0
    } else {
        state & OWNER_ID != 0 && state & OWNER_DIED == 0
    };
    is_taken && owner(mutex) != sys::thread_id()
}

/// After a try of a robust mutex that nobody may have any more: lets go of it,
/// as a failed lock would have. The only place that writes into a lock of the host.
#[cold]
pub(super) fn undo_lost_try(mutex: *const pthread_mutex_t) {
    let Some(state) = words(mutex).get(WORD_LOCK) else {
        return;
    };
    // Relaxed: nobody may use what the mutex guarded.
    if state.load(Ordering::Relaxed) & OWNER_ID != sys::thread_id() {
        return;
    }
    let before = state.swap(0, Ordering::Relaxed);
    if before & HAS_WAITERS != 0 {
        sys::wake_one_of(state, word(mutex, WORD_KIND) & KIND_SHARED != 0);
    }
}

/// Whether somebody may wait for it, by its lock word: 2 for the usual kinds. The
/// words of the others (owner's id, ceiling) are larger anyway.
#[inline(always)]
pub(super) fn may_be_waited_for(mutex: *const pthread_mutex_t) -> bool {
    word(mutex, WORD_LOCK) > 1
}

/// How deep its owner holds it.
pub(super) fn depth(mutex: *const pthread_mutex_t) -> u32 {
    if word(mutex, WORD_KIND) & KIND_TYPE == KIND_RECURSIVE {
        word(mutex, WORD_COUNT).max(1)
    } else {
        1
    }
}

/// How deep the caller, whose id this is, will hold it, if it looks free, or held by
/// the caller and recursive.
pub(super) fn depth_if_free(mutex: *const pthread_mutex_t, me: u32) -> Option<u32> {
    if word(mutex, WORD_LOCK) == 0 {
        return Some(1);
    }
    let is_recursive = word(mutex, WORD_KIND) & KIND_TYPE == KIND_RECURSIVE;
    (is_recursive && owner(mutex) == me).then(|| depth(mutex) + 1)
}

/// Whether the C library lays out its mutexes as this file believes. Asked once,
/// with mutexes of our own, before anything is armed.
pub(crate) fn is_known() -> bool {
    #[allow(
        clippy::multiple_unsafe_ops_per_block,
        reason = "one reason covers all of them"
    )]
    // SAFETY: mutexes and attributes of our own, on this stack, initialised
    // before use and used by this thread alone.
    unsafe {
        let mut attributes: pthread_mutexattr_t = std::mem::zeroed();
        let mut mutex: pthread_mutex_t = std::mem::zeroed();
        libc::pthread_mutexattr_init(&raw mut attributes);
        libc::pthread_mutexattr_settype(&raw mut attributes, libc::PTHREAD_MUTEX_RECURSIVE);
        if table::pthread_mutex_init::real(&raw mut mutex, &raw const attributes) != 0 {
            return false;
        }
        table::pthread_mutex_lock::real(&raw mut mutex);
        table::pthread_mutex_lock::real(&raw mut mutex);
        let known = word(&raw const mutex, WORD_LOCK) != 0
            && word(&raw const mutex, WORD_COUNT) == 2
            && word(&raw const mutex, WORD_OWNER) == sys::thread_id()
            && word(&raw const mutex, WORD_KIND) & KIND_TYPE == KIND_RECURSIVE;
        table::pthread_mutex_unlock::real(&raw mut mutex);
        table::pthread_mutex_unlock::real(&raw mut mutex);
        table::pthread_mutex_destroy::real(&raw mut mutex);
        known && word(&raw const mutex, WORD_LOCK) == 0
    }
}
