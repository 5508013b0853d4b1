//! Return addresses of the calling thread's stack into a fixed array.
#![allow(unsafe_code, reason = "reads the host's stack")]

use std::sync::atomic::{AtomicBool, Ordering};

use super::thread::Thread;
use super::unwind;
use crate::record::FRAMES_MAX;

/// Where the host called us: its stack pointer, which points at the return
/// address, and its frame pointer register.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) sp: usize,
    pub(crate) bp: usize,
}

impl Caller {
    /// For what has no stack to take.
    #[cfg_attr(test, allow(dead_code, reason = "only the C API needs it"))]
    pub(crate) const NOWHERE: Self = Self { sp: 0, bp: 0 };

    /// The address the host goes on at.
    pub(crate) fn return_address(self) -> u64 {
        // SAFETY: a gate took the stack pointer at its very first instruction,
        // where it points at the return address; the frame is alive as long as
        // the call is.
        unsafe { *(self.sp as *const u64) }
    }
}

/// Whether our own unwinder cannot work here: the C library is older than 2.35.
static BY_LIBGCC: AtomicBool = AtomicBool::new(false);

/// Finds what captures need; called once, before anything is armed.
pub(crate) fn prepare() {
    BY_LIBGCC.store(!unwind::prepare(), Ordering::Relaxed);
}

/// Code has been unloaded.
pub(crate) fn forget_code() {
    unwind::forget();
}

/// Writes the stack from the caller outwards, innermost first, at most `max`
/// frames; says how many. No frame of ours is among them.
pub(crate) fn stack(
    thread: &Thread,
    caller: Caller,
    max: usize,
    frames: &mut [u64; FRAMES_MAX],
) -> u16 {
    let frames = frames.get_mut(..max.min(FRAMES_MAX)).unwrap_or(&mut []);
    let len = if BY_LIBGCC.load(Ordering::Relaxed) {
        by_libgcc(caller, frames)
    } else {
        unwind::walk(caller, &thread.stack, frames)
    };
    u16::try_from(len).unwrap_or(0)
}

/// The unwinder every Rust library brings along: some forty times slower.
#[cold]
fn by_libgcc(caller: Caller, frames: &mut [u64]) -> usize {
    let innermost = caller.return_address();
    let mut len = 0_usize;
    // SAFETY: not synchronised with the crate's own lock: this only walks, it
    // does not look anything up.
    unsafe {
        backtrace::trace_unsynchronized(|frame| {
            let address = frame.ip() as u64;
            if len == 0 && address != innermost {
                // Still among our own frames.
                return true;
            }
            if address == 0 {
                // Where the kernel started the thread.
                return false;
            }
            if let Some(place) = frames.get_mut(len) {
                *place = address;
                len += 1;
            }
            len < frames.len()
        });
    }
    len
}
