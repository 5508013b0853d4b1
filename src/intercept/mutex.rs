//! Mutexes, of POSIX and of C11: what their calls mean.
//!
//! Everything is tried first: 0 is taken without waiting, and only "busy" means
//! contention. Every other code (owner died, would deadlock, not recoverable, …)
//! is final and handed on. Looking at the lock word instead would miss up to
//! half of the contended acquisitions of short critical sections; that is done
//! only with the few mutexes that must not be tried (`layout::must_not_be_tried`).
#![allow(unsafe_code, reason = "calls the C library")]

use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};

use libc::{clockid_t, pthread_mutex_t, pthread_mutexattr_t, timespec};

use super::arch::gate;
use super::capture::Caller;
use super::interface::{C11, Interface, Posix, THRD_SUCCESS};
use super::table::{self, Mtx};
use super::thread::Thread;
use super::{
    Acquisition, Lock, Outcome, Visit, acquire, attempt, layout, lifetime, passing, release,
    thread, wait,
};

/// One call of the host that takes a mutex; `waiting` is the real, waiting one. It is
/// reached by its address, so that what follows is compiled once for all of them.
struct Taking<I, W> {
    mutex: *mut pthread_mutex_t,
    waiting: W,
    interface: PhantomData<I>,
}

impl<I: Interface, W: Fn() -> c_int> Taking<I, W> {
    fn new(mutex: *mut pthread_mutex_t, waiting: W) -> Self {
        Self {
            mutex,
            waiting,
            interface: PhantomData,
        }
    }
}

impl<I: Interface, W: Fn() -> c_int> Acquisition for Taking<I, W> {
    fn lock(&self) -> Lock {
        layout::lock_of(self.mutex)
    }

    fn attempt(&self) -> c_int {
        if layout::must_not_be_tried(self.mutex) {
            look_before_trying();
            return if layout::is_taken_by_another(self.mutex) {
                I::BUSY
            } else {
                (self.waiting)()
            };
        }
        // SAFETY: the host's own call, made by another name.
        unsafe { I::trylock(self.mutex) }
    }

    fn wait(&self) -> c_int {
        (self.waiting)()
    }

    fn outcome(&self, code: c_int) -> Outcome {
        I::outcome(code)
    }

    fn owner(&self) -> u32 {
        layout::owner(self.mutex)
    }

    fn depth(&self) -> u32 {
        layout::depth(self.mutex)
    }

    fn depth_if_free(&self, me: u32) -> Option<u32> {
        layout::depth_if_free(self.mutex, me)
    }
}

// ---- behind the gates

/// The countdown ran out: this acquisition is sampled, or this thread watches.
pub(super) unsafe extern "C-unwind" fn lock_sampled<I: Interface>(
    mutex: *mut pthread_mutex_t,
    sp: usize,
    bp: usize,
) -> c_int {
    let depth = layout::depth_if_free(mutex, Thread::current().id.get());
    if depth.is_some_and(|depth| passing::is_passing(mutex as u64, depth)) {
        // SAFETY: the host's own call, made by another name.
        return match unsafe { I::trylock(mutex) } {
            0 => 0,
            // SAFETY: the host's own call, after the try of it.
            code => unsafe { lock_unsettled::<I>(mutex, sp, bp, code) },
        };
    }
    // SAFETY: the host's own call.
    take::<I>(mutex, Caller { sp, bp }, &|| unsafe { I::lock(mutex) })
}

/// The try of the gate returned another code than 0.
pub(super) unsafe extern "C-unwind" fn lock_unsettled<I: Interface>(
    mutex: *mut pthread_mutex_t,
    sp: usize,
    bp: usize,
    code: c_int,
) -> c_int {
    if I::outcome(code) != Outcome::Busy {
        if layout::must_not_be_tried(mutex) {
            look_before_trying();
            if code == libc::ENOTRECOVERABLE {
                layout::undo_lost_try(mutex);
            }
        }
        return code;
    }
    // SAFETY: the host's own call.
    let waiting: &dyn Fn() -> c_int = &|| unsafe { I::lock(mutex) };
    let call = Taking::<I, _>::new(mutex, waiting);
    match Visit::begin(Caller { sp, bp }) {
        Some(visit) => {
            let lock = call.lock();
            wait(visit, &call, lock, None)
        }
        None => {
            thread::lose_wait_while_inside();
            call.wait()
        }
    }
}

/// Any other call that takes a mutex.
fn take<I: Interface>(
    mutex: *mut pthread_mutex_t,
    caller: Caller,
    waiting: &dyn Fn() -> c_int,
) -> c_int {
    let call = Taking::<I, _>::new(mutex, waiting);
    match Visit::begin_or_lose(caller) {
        Some(visit) => acquire(visit, &call),
        None => call.wait(),
    }
}

/// The host's own trylock, to be sampled.
pub(super) unsafe extern "C-unwind" fn trylock_sampled<I: Interface>(
    mutex: *mut pthread_mutex_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real = || unsafe { I::trylock(mutex) };
    match Visit::begin_or_lose(Caller { sp, bp }) {
        Some(visit) => attempt(&visit, &Trying(Taking::<I, _>::new(mutex, real))),
        None => real(),
    }
}

/// The host's own trylock: its attempt is the real call, whatever the protocol.
struct Trying<T>(T);

impl<T: Acquisition> Acquisition for Trying<T> {
    fn lock(&self) -> Lock {
        self.0.lock()
    }
    fn attempt(&self) -> c_int {
        self.0.wait()
    }
    fn wait(&self) -> c_int {
        self.0.wait()
    }
    fn outcome(&self, code: c_int) -> Outcome {
        self.0.outcome(code)
    }
    fn owner(&self) -> u32 {
        self.0.owner()
    }
    fn depth(&self) -> u32 {
        self.0.depth()
    }
    fn depth_if_free(&self, me: u32) -> Option<u32> {
        self.0.depth_if_free(me)
    }
}

/// A release while this thread holds a sampled lock, this one or another.
pub(super) unsafe extern "C-unwind" fn unlock_held<I: Interface>(
    mutex: *mut pthread_mutex_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real = || unsafe { I::unlock(mutex) };
    let (lock, depth) = (layout::lock_of(mutex), layout::depth(mutex));
    let is_wanted = layout::may_be_waited_for(mutex);
    match passing::begin_release(lock.address, depth, is_wanted, Caller { sp, bp }) {
        Some(releasing) => release(&releasing, lock, depth, is_wanted, real),
        None => real(),
    }
}

pub(super) unsafe extern "C-unwind" fn timedlock(
    mutex: *mut pthread_mutex_t,
    until: *const timespec,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    take::<Posix>(mutex, Caller { sp, bp }, &|| unsafe {
        table::pthread_mutex_timedlock::real(mutex, until)
    })
}

pub(super) unsafe extern "C-unwind" fn clocklock(
    mutex: *mut pthread_mutex_t,
    clock: clockid_t,
    until: *const timespec,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    take::<Posix>(mutex, Caller { sp, bp }, &|| unsafe {
        table::pthread_mutex_clocklock::real(mutex, clock, until)
    })
}

pub(super) unsafe extern "C-unwind" fn mtx_timedlock(
    mutex: *mut Mtx,
    until: *const timespec,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    take::<C11>(mutex, Caller { sp, bp }, &|| unsafe {
        table::mtx_timedlock::real(mutex, until)
    })
}

pub(super) unsafe extern "C-unwind" fn init(
    mutex: *mut pthread_mutex_t,
    attributes: *const pthread_mutexattr_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let code = unsafe { table::pthread_mutex_init::real(mutex, attributes) };
    if code == 0 {
        note_init(mutex, Caller { sp, bp });
    }
    code
}

pub(super) unsafe extern "C-unwind" fn mtx_init(
    mutex: *mut Mtx,
    properties: c_int,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let code = unsafe { table::mtx_init::real(mutex, properties) };
    if code == THRD_SUCCESS {
        note_init(mutex, Caller { sp, bp });
    }
    code
}

/// A mutex was initialised.
fn note_init(mutex: *mut pthread_mutex_t, caller: Caller) {
    if layout::must_not_be_tried(mutex) {
        look_before_trying();
    }
    lifetime::note_init(layout::lock_of(mutex), caller);
}

pub(super) unsafe extern "C-unwind" fn destroy(
    mutex: *mut pthread_mutex_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let code = unsafe { table::pthread_mutex_destroy::real(mutex) };
    if code == 0 {
        lifetime::forget(mutex as u64, Caller { sp, bp });
    }
    code
}

pub(super) unsafe extern "C-unwind" fn mtx_destroy(mutex: *mut Mtx, sp: usize, bp: usize) -> c_int {
    // SAFETY: the host's own call. (It returns nothing; the code is ignored.)
    let code = unsafe { table::mtx_destroy::real(mutex) };
    lifetime::forget(mutex as u64, Caller { sp, bp });
    code
}

// ---- mutexes that must not be tried first

/// Whether the program has one. The gate of `pthread_mutex_lock` tries without
/// looking; programs without such a mutex, nearly all, do not pay for the look.
/// Nearly always the first one is seen when it is initialised. One that another
/// process made is seen at the latest when a try of it does not succeed.
static LOOKING: AtomicBool = AtomicBool::new(false);

/// From now on `pthread_mutex_lock` looks before it tries.
fn look_before_trying() {
    if !LOOKING.swap(true, Ordering::Relaxed) {
        keep_looking();
    }
}

/// Lets `pthread_mutex_lock` look, if it has begun to before.
pub(super) fn keep_looking() {
    if LOOKING.load(Ordering::Relaxed) {
        table::pthread_mutex_lock::SLOT.set(looking_gate as *const c_void);
    }
}

gate! {
    /// The gate of `pthread_mutex_lock` for programs that have such mutexes.
    fn looking_gate(mutex: *mut pthread_mutex_t) -> c_int => call { lock_looking }
}

unsafe extern "C-unwind" fn lock_looking(
    mutex: *mut pthread_mutex_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    take::<Posix>(mutex, Caller { sp, bp }, &|| unsafe {
        table::pthread_mutex_lock::real(mutex)
    })
}
