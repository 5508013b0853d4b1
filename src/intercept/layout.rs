//! glibc's mutex as it lies in memory on 64-bit machines, read and never written.
//!
//! It tells for nothing what no call tells: the holder's thread, the true type
//! and the depth. [`is_known`] checks all of it before anything is armed.
#![allow(unsafe_code, reason = "reads the C library's mutexes")]

use std::sync::atomic::{AtomicU32, Ordering};

use libc::{pthread_mutex_t, pthread_mutexattr_t};

use super::{Lock, table};
use crate::record::Kind;
use crate::sys;

const WORD_LOCK: usize = 0;
const WORD_COUNT: usize = 1;
const WORD_OWNER: usize = 2;
const WORD_KIND: usize = 4;

const KIND_TYPE: u32 = 3;
const KIND_RECURSIVE: u32 = 1;
const KIND_ERROR_CHECK: u32 = 2;
const KIND_INHERIT: u32 = 32;
const KIND_PROTECT: u32 = 64;
/// Low bits of the lock word of a priority-protected mutex: above is the ceiling.
const PROTECT_STATE: u32 = (1 << 19) - 1;
/// Low bits of the lock word of a priority-inheriting mutex: the owner.
const INHERIT_OWNER: u32 = 0x3fff_ffff;

fn word(mutex: *const pthread_mutex_t, index: usize) -> u32 {
    // SAFETY: a mutex the host is calling us about is 40 readable, aligned bytes,
    // ten words; other threads change them atomically at the same time.
    let words = unsafe { &*mutex.cast::<[AtomicU32; 10]>() };
    words
        .get(index)
        .map_or(0, |word| word.load(Ordering::Relaxed))
}

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

/// Whether holding it moves priorities.
pub(super) fn has_protocol(mutex: *const pthread_mutex_t) -> bool {
    word(mutex, WORD_KIND) & (KIND_INHERIT | KIND_PROTECT) != 0
}

/// Whether one with a priority protocol is held by another thread.
pub(super) fn is_taken_by_another(mutex: *const pthread_mutex_t) -> bool {
    let is_protected = word(mutex, WORD_KIND) & KIND_PROTECT != 0;
    let mask = if is_protected {
        PROTECT_STATE
    } else {
        INHERIT_OWNER
    };
    word(mutex, WORD_LOCK) & mask != 0 && owner(mutex) != sys::thread_id()
}

/// How deep its owner holds it.
pub(super) fn depth(mutex: *const pthread_mutex_t) -> u32 {
    if word(mutex, WORD_KIND) & KIND_TYPE == KIND_RECURSIVE {
        word(mutex, WORD_COUNT).max(1)
    } else {
        1
    }
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
