//! Being inside the profiler, as a value: made by [`enter`], ended by dropping it.

use std::ffi::c_int;
use std::sync::atomic::{Ordering, compiler_fence};

use super::thread::Thread;
use crate::sys;

/// Proof that this thread is inside us and was not before. While it exists, the
/// thread's own locks (those of an unwinder, say) and those of signal handlers
/// pass through unseen. Keeps errno.
pub(crate) struct Entered {
    thread: &'static Thread,
    errno: c_int,
    /// Whether the host lets a cancellation strike anywhere. Not while it is inside:
    /// what it left half done there, others would wait for.
    is_cancelled_anywhere: bool,
}

/// Goes inside, unless this thread is inside already.
#[inline]
pub(crate) fn enter() -> Option<Entered> {
    let thread = Thread::current();
    if thread.busy.get() {
        return None;
    }
    thread.busy.set(true);
    // A signal handler on this thread must find the mark before anything it guards.
    compiler_fence(Ordering::SeqCst);
    Some(Entered {
        thread,
        errno: sys::errno(),
        is_cancelled_anywhere: sys::defer_cancellation(),
    })
}

/// Whether this thread is inside now: asked by what a signal handler may have called.
pub(crate) fn is_inside() -> bool {
    Thread::current().busy.get()
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
        drop(self);
        let result = call();
        (result, enter())
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        sys::set_errno(self.errno);
        compiler_fence(Ordering::SeqCst);
        self.thread.busy.set(false);
        if self.is_cancelled_anywhere {
            // Last: it may not return.
            sys::allow_cancellation_anywhere();
        }
    }
}
