//! Semaphores: waits, posts, and holds of those that are used as locks (`uses.rs`).
//!
//! They answer by errno, and `sem_wait` may end its thread even when it need not wait:
//! a thread cancelled before is to end there. A try before it would change the one and
//! undo the other. So semaphores are looked at: 0 means that there is a wait to measure,
//! and the real call comes next in any case, outside us. When another thread takes it
//! between the look and the call, the wait is not seen: 5 to 10 % of the waiting of four
//! threads that fight in sections of 0.5 µs, and hardly any of longer ones.
//!
//! In here a code is 0 or an errno; what the host gets is made of it at the very end,
//! after errno was put back.
#![allow(unsafe_code, reason = "calls the C library")]

pub(super) mod object;

use std::ffi::c_int;

use libc::{clockid_t, sem_t, timespec};

use self::object::{is_waited_for, lock_of};
use super::capture::Caller;
use super::held::{Held, UNPROVEN};
use super::thread::Thread;
use super::uses::Following;
use super::{
    Acquisition, Lock, Outcome, Sampled, Visit, attempt, begin_if_due, end, passing, release,
    sampler, table, thread, uses, wait,
};
use crate::record::{self, Loss, Lost};
use crate::sys;

pub(super) use self::object::{close, destroy, init, is_empty, is_known, open};

/// Takings of a counting semaphore by one thread that may be holds within each other;
/// more are rather those of somebody who never posts it.
const NESTED_MAX: u8 = 8;

/// 0, or the errno of what a real call answered.
fn code_of(answer: c_int) -> c_int {
    if answer == 0 { 0 } else { sys::errno() }
}

/// What the host is answered.
fn answer(code: c_int) -> c_int {
    if code == 0 {
        return 0;
    }
    sys::set_errno(code);
    -1
}

/// One call of the host that takes a semaphore.
struct Taking<W> {
    semaphore: *mut sem_t,
    /// The real call; gives a code.
    real: W,
    following: Following,
    /// Whether it is a proven lock.
    is_lock: bool,
    is_counting: bool,
}

impl<W: Fn() -> c_int> Taking<W> {
    fn new(visit: &Visit, semaphore: *mut sem_t, real: W) -> Self {
        let known = uses::of(semaphore as u64);
        Self {
            semaphore,
            real,
            following: known.following(sampler::random(&visit.thread().random)),
            is_lock: known.is_lock(),
            is_counting: known.is_counting,
        }
    }

    /// The caller has taken it again: says whether it goes on to hold it from before.
    fn has_gone_on(&self, visit: &Visit) -> bool {
        let (thread, address) = (visit.thread(), self.semaphore as u64);
        let Some(before) = thread.held.find(address, 1) else {
            return false;
        };
        if self.is_counting && (self.is_lock || before.nested < NESTED_MAX) {
            if !self.is_lock {
                thread.held.change_nested(address, 1);
            }
            return true;
        }
        if self.is_lock {
            let lost = before.lost();
            record::lose(Loss::ReleasedElsewhere, Lost::Releases, lost, 0.0);
        }
        visit.forget(address);
        uses::learn_posted_by_another(address);
        false
    }
}

impl<W: Fn() -> c_int> Acquisition for Taking<W> {
    fn lock(&self) -> Lock {
        lock_of(self.semaphore)
    }

    fn attempt(&self) -> c_int {
        (self.real)()
    }

    fn wait(&self) -> c_int {
        (self.real)()
    }

    fn outcome(&self, code: c_int) -> Outcome {
        match code {
            0 => Outcome::Acquired,
            libc::EAGAIN => Outcome::Busy,
            error => Outcome::Failed(error),
        }
    }

    fn owner(&self) -> u32 {
        0
    }

    fn depth(&self) -> u32 {
        if self.is_counting && self.is_lock {
            Thread::current().held.depth_of(self.semaphore as u64) + 1
        } else {
            1
        }
    }

    fn note_nested(&self) {
        let held = &Thread::current().held;
        held.change_nested(self.semaphore as u64, 1);
    }

    fn depth_if_free(&self, _me: u32) -> Option<u32> {
        (!is_empty(self.semaphore)).then(|| self.depth())
    }

    fn is_released_by_taker(&self) -> bool {
        self.is_lock
    }

    fn begin_hold(&self, visit: &Visit, weight: u32, by_length: bool) -> u64 {
        let has_gone_on = self.has_gone_on(visit);
        let depth = self.depth();
        if self.following == Following::No || has_gone_on && depth == 1 {
            return sys::monotonic_ns();
        }
        visit.end_stale_hold(self.lock(), depth);
        let passing = match self.following {
            Following::ToTheEnd => 0,
            Following::Unproven | Following::No => UNPROVEN,
        };
        visit.remember(Held {
            lock: self.semaphore as u64,
            since_ns: 0,
            weight,
            depth: u8::try_from(depth).unwrap_or(0),
            nested: 0,
            passing,
            by_length,
        })
    }

    fn end_stale_hold(&self, visit: &Visit) {
        self.has_gone_on(visit);
    }
}

/// Takes back what was handed in early when the thread is cancelled in the real call.
struct Leaving<'a> {
    sampled: Option<&'a mut Sampled>,
    caller: Caller,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if let Some(sampled) = self.sampled.as_deref_mut()
            && let Some(visit) = Visit::begin(self.caller)
        {
            sampled.take_back(&visit);
        }
    }
}

/// An acquisition that waits if it must: counted, and sampled when its turn has come.
fn acquire(visit: Visit, call: &Taking<&dyn Fn() -> c_int>) -> c_int {
    let lock = call.lock();
    let mut sampled = begin_if_due(&visit, call, lock);
    if is_empty(call.semaphore) {
        if let Some(sampled) = &mut sampled {
            sampled.take_back(&visit);
        }
        return wait::wait(visit, call, lock, sampled.as_mut());
    }
    let leaving = Leaving {
        sampled: sampled.as_mut(),
        caller: visit.caller,
    };
    let (code, visit) = visit.outside(call.real);
    std::mem::forget(leaving);
    if let Some(visit) = visit {
        end(&visit, call, sampled.as_mut(), call.outcome(code), false);
    }
    code
}

fn take(semaphore: *mut sem_t, caller: Caller, real: &dyn Fn() -> c_int) -> c_int {
    match Visit::begin_or_lose(caller) {
        Some(visit) => {
            let call = Taking::new(&visit, semaphore, real);
            answer(acquire(visit, &call))
        }
        None => answer(real()),
    }
}

// ---- behind the gates

/// The countdown ran out: this acquisition is sampled, or this thread watches.
pub(super) unsafe extern "C-unwind" fn wait_sampled(
    semaphore: *mut sem_t,
    sp: usize,
    bp: usize,
) -> c_int {
    take(semaphore, Caller { sp, bp }, &|| {
        // SAFETY: the host's own call.
        code_of(unsafe { table::sem_wait::real(semaphore) })
    })
}

/// The gate has seen that there is nothing to be had at once.
pub(super) unsafe extern "C-unwind" fn wait_unsettled(
    semaphore: *mut sem_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real: &dyn Fn() -> c_int = &|| code_of(unsafe { table::sem_wait::real(semaphore) });
    let code = match Visit::begin(Caller { sp, bp }) {
        Some(visit) => {
            let call = Taking::new(&visit, semaphore, real);
            wait::wait(visit, &call, lock_of(semaphore), None)
        }
        None => {
            thread::lose_wait_while_inside();
            real()
        }
    };
    answer(code)
}

/// The host's own try, to be sampled.
pub(super) unsafe extern "C-unwind" fn trywait_sampled(
    semaphore: *mut sem_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real: &dyn Fn() -> c_int = &|| code_of(unsafe { table::sem_trywait::real(semaphore) });
    let code = match Visit::begin_or_lose(Caller { sp, bp }) {
        Some(visit) => {
            let call = Taking::new(&visit, semaphore, real);
            attempt(&visit, &call)
        }
        None => real(),
    };
    answer(code)
}

pub(super) unsafe extern "C-unwind" fn timedwait(
    semaphore: *mut sem_t,
    until: *const timespec,
    sp: usize,
    bp: usize,
) -> c_int {
    take(semaphore, Caller { sp, bp }, &|| {
        // SAFETY: the host's own call.
        code_of(unsafe { table::sem_timedwait::real(semaphore, until) })
    })
}

pub(super) unsafe extern "C-unwind" fn clockwait(
    semaphore: *mut sem_t,
    clock: clockid_t,
    until: *const timespec,
    sp: usize,
    bp: usize,
) -> c_int {
    take(semaphore, Caller { sp, bp }, &|| {
        // SAFETY: the host's own call.
        code_of(unsafe { table::sem_clockwait::real(semaphore, clock, until) })
    })
}

/// A post that may have something to tell. Signal handlers post too; where they have
/// interrupted us, nothing is told.
pub(super) unsafe extern "C-unwind" fn post_held(
    semaphore: *mut sem_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real = || code_of(unsafe { table::sem_post::real(semaphore) });
    let (lock, held) = (lock_of(semaphore), &Thread::current().held);
    let depth = held.depth_of(lock.address);
    // Of each there is something to tell, if only that it passes by.
    let caller = Caller { sp, bp };
    let Some(releasing) = passing::begin_release(lock.address, depth.max(1), true, caller) else {
        return answer(real());
    };
    let is_wanted = is_waited_for(semaphore);
    let code = release::release(&releasing, lock, depth.max(1), is_wanted, real);
    if code == 0 {
        match depth {
            0 => releasing.visit.note_passing(),
            1 => uses::learn_posted_by_taker(lock.address),
            _ => held.change_nested(lock.address, -1),
        }
    }
    drop(releasing);
    answer(code)
}
