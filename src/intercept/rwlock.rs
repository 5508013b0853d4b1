//! Read-write locks: readers and writers apart.
//!
//! glibc's lock in memory tells a writer's thread and whether somebody waits;
//! [`is_known`] checks that. Of readers it tells their number only, so whom a writer
//! waits for is learnt from their releases.
#![allow(unsafe_code, reason = "calls the C library and reads its locks")]

use std::ffi::c_int;

use libc::{clockid_t, pthread_rwlock_t, pthread_rwlockattr_t, timespec};

use super::capture::Caller;
use super::flat::{self, Flat, lock_of, take};
use super::thread::Thread;
use super::words::word;
use super::{lifetime, table};
use crate::record::Kind;
use crate::sys;

// nptl/pthread_rwlock_common.c of glibc explains the first word: whether writers have
// their turn, whether one has, or waits for, the lock, whether readers wait for their
// turn, and above these three bits the number of readers, waiting ones included.
const WORD_READERS: usize = 0;
/// Further writers that wait, but for locks that prefer readers, as by default.
const WORD_WRITERS: usize = 1;
/// On which writers wait while another one has the lock: 1 when none does.
const WORD_WRITERS_FUTEX: usize = 3;
const WORD_WRITER: usize = 6;
/// Where the writer's id is, in bytes.
pub(super) const WRITER_OFFSET: u64 = 4 * WORD_WRITER as u64;
const WRITERS_TURN: u32 = 1;
const WRITER_LOCKED: u32 = 2;
const LOW_BITS: u32 = 7;
const ONE_READER: u32 = 8;

/// The kernel's id of the thread that has it to write; 0 for none.
fn writer(lock: *const pthread_rwlock_t) -> u32 {
    word(lock, WORD_WRITER)
}

/// Whether somebody may wait for it, while it is held. As the release gate looks.
#[inline(always)]
pub(super) fn may_be_waited_for(lock: *const pthread_rwlock_t) -> bool {
    let readers = word(lock, WORD_READERS);
    let is_writer_alone = readers == WRITERS_TURN | WRITER_LOCKED
        && word(lock, WORD_WRITERS) == 0
        && word(lock, WORD_WRITERS_FUTEX) <= 1;
    readers & LOW_BITS != 0 && !is_writer_alone
}

/// `pthread_rwlock_rdlock` and its like.
pub(super) struct Reading;

impl Flat for Reading {
    type Raw = pthread_rwlock_t;
    const KIND: Kind = Kind::RwlockRead;
    const IS_SHARED: bool = true;

    unsafe fn lock(raw: *mut pthread_rwlock_t) -> c_int {
        // SAFETY: the caller's part.
        unsafe { table::pthread_rwlock_rdlock::real(raw) }
    }
    unsafe fn trylock(raw: *mut pthread_rwlock_t) -> c_int {
        // SAFETY: the caller's part.
        unsafe { table::pthread_rwlock_tryrdlock::real(raw) }
    }
    fn owner(raw: *const pthread_rwlock_t) -> u32 {
        writer(raw)
    }
    fn looks_free(raw: *const pthread_rwlock_t) -> bool {
        word(raw, WORD_READERS) & WRITER_LOCKED == 0
    }
}

/// `pthread_rwlock_wrlock` and its like.
pub(super) struct Writing;

impl Flat for Writing {
    type Raw = pthread_rwlock_t;
    const KIND: Kind = Kind::RwlockWrite;
    const IS_SHARED: bool = false;

    unsafe fn lock(raw: *mut pthread_rwlock_t) -> c_int {
        // SAFETY: the caller's part.
        unsafe { table::pthread_rwlock_wrlock::real(raw) }
    }
    unsafe fn trylock(raw: *mut pthread_rwlock_t) -> c_int {
        // SAFETY: the caller's part.
        unsafe { table::pthread_rwlock_trywrlock::real(raw) }
    }
    fn owner(raw: *const pthread_rwlock_t) -> u32 {
        writer(raw)
    }
    fn looks_free(raw: *const pthread_rwlock_t) -> bool {
        word(raw, WORD_READERS) <= WRITERS_TURN
    }
}

/// A release that may have something to tell.
pub(super) unsafe extern "C-unwind" fn unlock_held(
    raw: *mut pthread_rwlock_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real = || unsafe { table::pthread_rwlock_unlock::real(raw) };
    let is_writer = writer(raw) == Thread::current().id.get();
    let lock = if is_writer {
        lock_of::<Writing>(raw)
    } else {
        lock_of::<Reading>(raw)
    };
    flat::release(lock, may_be_waited_for(raw), Caller { sp, bp }, real)
}

pub(super) unsafe extern "C-unwind" fn timedrdlock(
    raw: *mut pthread_rwlock_t,
    until: *const timespec,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    take::<Reading>(raw, Caller { sp, bp }, &|| unsafe {
        table::pthread_rwlock_timedrdlock::real(raw, until)
    })
}

pub(super) unsafe extern "C-unwind" fn timedwrlock(
    raw: *mut pthread_rwlock_t,
    until: *const timespec,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    take::<Writing>(raw, Caller { sp, bp }, &|| unsafe {
        table::pthread_rwlock_timedwrlock::real(raw, until)
    })
}

pub(super) unsafe extern "C-unwind" fn clockrdlock(
    raw: *mut pthread_rwlock_t,
    clock: clockid_t,
    until: *const timespec,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    take::<Reading>(raw, Caller { sp, bp }, &|| unsafe {
        table::pthread_rwlock_clockrdlock::real(raw, clock, until)
    })
}

pub(super) unsafe extern "C-unwind" fn clockwrlock(
    raw: *mut pthread_rwlock_t,
    clock: clockid_t,
    until: *const timespec,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    take::<Writing>(raw, Caller { sp, bp }, &|| unsafe {
        table::pthread_rwlock_clockwrlock::real(raw, clock, until)
    })
}

pub(super) unsafe extern "C-unwind" fn init(
    raw: *mut pthread_rwlock_t,
    attributes: *const pthread_rwlockattr_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let code = unsafe { table::pthread_rwlock_init::real(raw, attributes) };
    if code == 0 {
        lifetime::note_init(lock_of::<Writing>(raw), Caller { sp, bp });
    }
    code
}

pub(super) unsafe extern "C-unwind" fn destroy(
    raw: *mut pthread_rwlock_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let code = unsafe { table::pthread_rwlock_destroy::real(raw) };
    if code == 0 {
        lifetime::forget(raw as u64, Caller { sp, bp });
    }
    code
}

/// Whether the C library lays out its read-write locks as this file believes. Asked
/// once, with a lock of our own, before anything is armed.
pub(super) fn is_known() -> bool {
    #[allow(
        clippy::multiple_unsafe_ops_per_block,
        reason = "one reason covers all of them"
    )]
    // SAFETY: a lock of our own, on this stack, initialised before use and used by
    // this thread alone.
    unsafe {
        let mut lock: pthread_rwlock_t = std::mem::zeroed();
        let raw = &raw mut lock;
        if table::pthread_rwlock_init::real(raw, std::ptr::null()) != 0 {
            return false;
        }
        table::pthread_rwlock_rdlock::real(raw);
        let mut known = word(raw, WORD_READERS) == ONE_READER && !may_be_waited_for(raw);
        table::pthread_rwlock_unlock::real(raw);
        table::pthread_rwlock_wrlock::real(raw);
        known &= word(raw, WORD_READERS) == WRITERS_TURN | WRITER_LOCKED
            && writer(raw) == sys::thread_id()
            && !may_be_waited_for(raw);
        table::pthread_rwlock_unlock::real(raw);
        known &= writer(raw) == 0 && Writing::looks_free(raw);
        table::pthread_rwlock_destroy::real(raw);
        known
    }
}
