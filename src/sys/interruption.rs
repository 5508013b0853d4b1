//! What may interrupt a thread inside us, put off: signals and cancellation.
#![allow(unsafe_code, reason = "every function here is a call into libc")]

use std::ffi::c_int;

/// Blocks every signal of the calling thread and says what was blocked before.
pub(crate) fn block_signals() -> libc::sigset_t {
    #[allow(
        clippy::multiple_unsafe_ops_per_block,
        reason = "one reason covers all of them"
    )]
    // SAFETY: a signal set is plain bits; both are valid places for the whole call.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        before
    }
}

/// Puts the signal mask back.
pub(crate) fn restore_signals(before: &libc::sigset_t) {
    // SAFETY: the set was filled by `block_signals`.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, std::ptr::null_mut()) };
}

/// While it lives, no signal handler of the host runs on the calling thread: one that jumped
/// out of what we do now would leave a lock of ours taken, or a file open.
pub(crate) struct Undisturbed {
    before: libc::sigset_t,
    // Goes after the signals that may come.
    _uncancelled: Uncancelled,
}

/// Puts signals off, and cancellation: for what is over soon.
pub(crate) fn stay_undisturbed() -> Undisturbed {
    let uncancelled = stay_uncancelled();
    Undisturbed {
        before: block_signals(),
        _uncancelled: uncancelled,
    }
}

/// Puts off the signals that have handlers, and cancellation: for what may take long. A
/// signal that ends the program ends it at once; so does what a fault of ours raises.
pub(crate) fn put_off_handlers() -> Undisturbed {
    const FAULTS: [c_int; 5] = [
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGILL,
        libc::SIGFPE,
        libc::SIGTRAP,
    ];
    let uncancelled = stay_uncancelled();
    let before = block_signals();
    let mut unhandled = before;
    for signal in 1..=libc::SIGRTMAX() {
        if FAULTS.contains(&signal) || !has_handler(signal) {
            continue;
        }
        // SAFETY: a valid set and number.
        unsafe { libc::sigaddset(&raw mut unhandled, signal) };
    }
    restore_signals(&unhandled);
    Undisturbed {
        before,
        _uncancelled: uncancelled,
    }
}

fn has_handler(signal: c_int) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: changes nothing; a valid place to write to.
    let code = unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) };
    // SAFETY: zeros are a value of it.
    let action = unsafe { action.assume_init() };
    code == 0 && action.sa_sigaction != libc::SIG_DFL && action.sa_sigaction != libc::SIG_IGN
}

/// Whether the calling thread runs on its alternate signal stack: in a handler, then.
pub(crate) fn is_on_signal_stack() -> bool {
    let mut stack = std::mem::MaybeUninit::<libc::stack_t>::zeroed();
    // SAFETY: changes nothing; a valid place to write to.
    unsafe { libc::sigaltstack(std::ptr::null(), stack.as_mut_ptr()) };
    // SAFETY: zeros are a value of it.
    unsafe { stack.assume_init() }.ss_flags & libc::SS_ONSTACK != 0
}

impl Drop for Undisturbed {
    fn drop(&mut self) {
        restore_signals(&self.before);
    }
}

/// While it lives, the calling thread is not cancelled: what we do for it may open and
/// write files, where a cancellation would strike that the host's own call never met.
pub(crate) struct Uncancelled {
    before: c_int,
}

/// Puts cancellation off; it strikes at the host's next call that allows it.
pub(crate) fn stay_uncancelled() -> Uncancelled {
    let mut before = CANCEL_ENABLE;
    // SAFETY: a known state, and a valid place for the one before.
    unsafe { pthread_setcancelstate(CANCEL_DISABLE, &raw mut before) };
    Uncancelled { before }
}

impl Drop for Uncancelled {
    fn drop(&mut self) {
        // SAFETY: the state is what the system said; nobody asks for the other.
        unsafe { pthread_setcancelstate(self.before, std::ptr::null_mut()) };
    }
}

/// Has the calling thread be cancelled only where it calls what allows it; says whether
/// that could strike anywhere before.
#[inline]
pub(crate) fn defer_cancellation() -> bool {
    let mut before = CANCEL_DEFERRED;
    // SAFETY: a known type, and a valid place for the one before.
    unsafe { pthread_setcanceltype(CANCEL_DEFERRED, &raw mut before) };
    before == CANCEL_ASYNCHRONOUS
}

/// Lets a cancellation strike anywhere again, here if one is pending: then this does not
/// return.
#[cold]
pub(crate) fn allow_cancellation_anywhere() {
    // SAFETY: the type that the host had chosen.
    unsafe { pthread_setcanceltype(CANCEL_ASYNCHRONOUS, std::ptr::null_mut()) };
}

// pthread.h; the crate libc has none of it.
const CANCEL_ENABLE: c_int = 0;
const CANCEL_DISABLE: c_int = 1;
const CANCEL_DEFERRED: c_int = 0;
const CANCEL_ASYNCHRONOUS: c_int = 1;

unsafe extern "C-unwind" {
    fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
    fn pthread_setcanceltype(kind: c_int, before: *mut c_int) -> c_int;
}
