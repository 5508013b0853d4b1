//! Threads of our own: unseen by the hooks, deaf to the host's signals, and counted.
#![allow(
    unsafe_code,
    reason = "the standard library cannot start a thread that does nothing before what we say"
)]

use std::ffi::{CStr, c_void};
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{WIRING, give_up, give_up_without_memory};
use crate::{memory, sys};

/// Stack of a thread of ours. Demangling recurses; the rest needs little.
const STACK_LEN: usize = 512 * 1024;

/// Threads of ours that run.
static RUNNING: AtomicU32 = AtomicU32::new(0);
/// Those of them that the program can do without, if it needs their places.
static DISPENSABLE: AtomicU32 = AtomicU32::new(0);

type Work = Box<dyn FnOnce() + Send>;

/// What a new thread is told.
struct Start {
    name: &'static CStr,
    work: Work,
}

/// Starts a thread of ours. A panic on it switches us off.
///
/// Not by the standard library: its threads register a destructor before they call
/// what they are given, the C library asks the host's allocator for room for that,
/// and an allocator that locks would find the hooks of a thread not yet known as ours.
///
/// # Errors
/// Those of the system.
pub(super) fn start(name: &'static CStr, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let work: Work = Box::new(work);
    // The thread inherits the mask: no signal of the host is ever handled on it.
    let mask = sys::block_signals();
    RUNNING.fetch_add(1, Ordering::Relaxed);
    let started = create(Start { name, work });
    sys::restore_signals(&mask);
    if started.is_err() {
        RUNNING.fetch_sub(1, Ordering::Relaxed);
    }
    started
}

fn create(start: Start) -> io::Result<()> {
    // SAFETY: all zeros is a valid place for attributes.
    let mut attributes: libc::pthread_attr_t = unsafe { std::mem::zeroed() };
    // SAFETY: a valid place to write to.
    unsafe { libc::pthread_attr_init(&raw mut attributes) };
    // SAFETY: initialised above. It fails for sizes that are too small only.
    unsafe { libc::pthread_attr_setstacksize(&raw mut attributes, STACK_LEN) };
    // SAFETY: as above; nobody waits for the end of such a thread.
    unsafe {
        libc::pthread_attr_setdetachstate(&raw mut attributes, libc::PTHREAD_CREATE_DETACHED)
    };
    let start = Box::into_raw(Box::new(start));
    let mut thread: libc::pthread_t = 0;
    // SAFETY: the attributes are initialised, the function takes what it is given,
    // and the thread owns that from here on.
    let code = unsafe {
        libc::pthread_create(&raw mut thread, &raw const attributes, begin, start.cast())
    };
    // SAFETY: initialised above, used no more.
    unsafe { libc::pthread_attr_destroy(&raw mut attributes) };
    if code == 0 {
        return Ok(());
    }
    // SAFETY: made above; no thread has got it.
    drop(unsafe { Box::from_raw(start) });
    Err(io::Error::from_raw_os_error(code))
}

/// Where a thread of ours begins. Nothing comes before the mark.
extern "C" fn begin(start: *mut c_void) -> *mut c_void {
    if let Some(wiring) = WIRING.get() {
        (wiring.become_internal)();
    }
    // SAFETY: from `create`, which gave it away.
    let start = unsafe { Box::from_raw(start.cast::<Start>()) };
    // SAFETY: the name is terminated; the kernel cuts what is too long.
    unsafe { libc::prctl(libc::PR_SET_NAME, start.name.as_ptr()) };
    sys::leave_real_time();
    run(start.work);
    ptr::null_mut()
}

/// How many run.
pub(super) fn running() -> u32 {
    RUNNING.load(Ordering::Relaxed)
}

/// How many run that end when [`super::way`] asks them to.
pub(super) fn dispensable() -> u32 {
    DISPENSABLE.load(Ordering::Relaxed)
}

/// While it lives, there is a thread of ours that ends when it is asked to make way.
pub(super) struct Dispensable;

impl Dispensable {
    pub(super) fn new() -> Self {
        DISPENSABLE.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Dispensable {
    fn drop(&mut self) {
        DISPENSABLE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// In a forked child: they are gone.
pub(super) fn forget_all() {
    RUNNING.store(0, Ordering::Relaxed);
    DISPENSABLE.store(0, Ordering::Relaxed);
}

fn run(work: Work) {
    let may_stop = memory::may_stop_this_thread(give_up_without_memory);
    panic::set_hook(Box::new(|_| ()));
    if panic::catch_unwind(AssertUnwindSafe(work)).is_err() {
        give_up();
    }
    drop(may_stop);
    RUNNING.fetch_sub(1, Ordering::Relaxed);
}
