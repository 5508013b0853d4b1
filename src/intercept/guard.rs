//! Being inside the profiler, as a value: made by [`enter`], ended by dropping it.
//!
//! A signal handler may interrupt a thread that is inside and never return: it leaves by
//! `siglongjmp`, and nothing is dropped. So a thread remembers where on its stack it came
//! inside. Everything that runs within that stay, handlers included, lies below; who comes
//! from there or above, on the same stack, proves that the stay is over.

use std::ffi::c_int;
use std::sync::atomic::{Ordering, compiler_fence};

use super::arch::unwind;
use super::capture::Caller;
use super::thread::Thread;
use crate::record::{self, Loss, Lost};
use crate::sys;

/// Beside the place: the host lets a cancellation strike anywhere, and we do not.
const CANCELLED_ANYWHERE: u64 = 1;
/// The rest of a place: stacks are aligned.
const PLACE: u64 = !7;
/// Above every stack: for a stay that nobody proves to be over.
const UNPROVABLE: u64 = PLACE;

/// Proof that this thread is inside us and was not before. While it exists, the
/// thread's own locks (those of an unwinder, say) and those of signal handlers
/// pass through unseen. Keeps errno.
pub(crate) struct Entered {
    thread: &'static Thread,
    place: u64,
    errno: c_int,
    /// Whether the host lets a cancellation strike anywhere. Not while it is inside:
    /// what it left half done there, others would wait for.
    is_cancelled_anywhere: bool,
}

/// Goes inside, unless this thread is inside already.
#[inline(always)]
pub(crate) fn enter() -> Option<Entered> {
    let here = 0_u8;
    enter_at((&raw const here).addr() as u64)
}

/// The same for a call of the host's: those of one function all come from the same place.
#[inline]
pub(super) fn enter_from(caller: Caller) -> Option<Entered> {
    if caller.sp == 0 {
        return enter();
    }
    enter_at(caller.sp as u64)
}

#[inline]
fn enter_at(place: u64) -> Option<Entered> {
    let thread = Thread::current();
    if is_inside_now(thread) && !is_over(thread, place) {
        return None;
    }
    thread.inside_at.set(place & PLACE);
    // A signal handler on this thread must find the mark before anything it guards.
    compiler_fence(Ordering::SeqCst);
    let errno = sys::errno();
    let is_cancelled_anywhere = sys::defer_cancellation();
    if is_cancelled_anywhere {
        let place = place & PLACE | CANCELLED_ANYWHERE;
        thread.inside_at.set(place);
    }
    Some(Entered {
        thread,
        place,
        errno,
        is_cancelled_anywhere,
    })
}

/// Whether this thread is inside now: asked by what a signal handler may have called.
pub(crate) fn is_inside() -> bool {
    is_inside_now(Thread::current())
}

/// The same of the calling thread, which knows itself.
#[inline(always)]
pub(super) fn is_inside_now(thread: &Thread) -> bool {
    thread.inside_at.get() != 0
}

/// Goes inside for good: a thread of ours.
pub(super) fn stay_inside(thread: &Thread) {
    thread.inside_at.set(UNPROVABLE);
}

/// Whether the stay that this thread is marked with was left without an end, as who comes
/// from `place` now proves. If so, what it left half done is put right.
#[cold]
#[inline(never)]
fn is_over(thread: &Thread, place: u64) -> bool {
    let inside_at = thread.inside_at.get();
    // On a signal stack, wherever that lies, the stay may be what the signal interrupted.
    if place < inside_at & PLACE || sys::is_on_signal_stack() {
        return false;
    }
    let before = sys::errno();
    let is_same_stack = unwind::is_one_stack(inside_at & PLACE, place);
    sys::set_errno(before);
    if !is_same_stack {
        // A handler has switched stacks, and may switch back: not to be asked again.
        thread
            .inside_at
            .set(UNPROVABLE | inside_at & CANCELLED_ANYWHERE);
        return false;
    }
    put_right(thread);
    thread.inside_at.set(0);
    if inside_at & CANCELLED_ANYWHERE != 0 {
        // It may not return.
        sys::allow_cancellation_anywhere();
    }
    true
}

/// Puts right what a stay has left half done: the record it was handing in, the queue it
/// was leaving. Which of the holds are whole nobody knows.
fn put_right(thread: &Thread) {
    if !thread.is_current() {
        return;
    }
    thread.leave_waiters();
    for held in thread.held.take_all() {
        record::lose(Loss::JumpedOut, Lost::Releases, held.lost(), 0.0);
    }
    thread.set_remaining(thread.remaining());
    // It was in the middle of one record at most, and of some call in any case.
    record::lose_left(record::give_up_half(thread.id.get()).max(1));
}

impl Entered {
    /// The thread that is inside.
    pub(crate) fn thread(&self) -> &'static Thread {
        self.thread
    }

    /// Steps outside for the length of a call that may block: the thread may be
    /// cancelled in it, or leave it by `longjmp`, and must not stay marked.
    /// What the call did to errno is kept.
    pub(crate) fn outside<R>(self, call: impl FnOnce() -> R) -> (R, Option<Self>) {
        let place = self.place;
        drop(self);
        let result = call();
        (result, enter_at(place))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        sys::set_errno(self.errno);
        compiler_fence(Ordering::SeqCst);
        self.thread.inside_at.set(0);
        if self.is_cancelled_anywhere {
            // Last: it may not return.
            sys::allow_cancellation_anywhere();
        }
    }
}
