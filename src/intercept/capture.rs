//! Return addresses of the calling thread's stack into a fixed array.

use std::ffi::c_void;

use crate::record::FRAMES_MAX;

/// Where the host called us: its stack pointer, which points at the return
/// address, and its frame pointer register.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) sp: usize,
    #[allow(dead_code, reason = "what an unwinder that starts at the caller needs")]
    pub(crate) bp: usize,
}

impl Caller {
    /// For what has no stack to take.
    pub(crate) const NOWHERE: Self = Self { sp: 0, bp: 0 };

    /// The address the host goes on at.
    #[allow(unsafe_code, reason = "reads the host's stack")]
    pub(crate) fn return_address(self) -> u64 {
        // SAFETY: a gate took the stack pointer at its very first instruction,
        // where it points at the return address; the frame is alive as long as
        // the call is.
        unsafe { *(self.sp as *const u64) }
    }
}

/// Writes the stack from the caller outwards, innermost first, at most `max`
/// frames; says how many. No frame of ours is among them.
pub(crate) fn stack(caller: Caller, max: usize, frames: &mut [u64; FRAMES_MAX]) -> u16 {
    let innermost = caller.return_address();
    let max = max.min(FRAMES_MAX);
    let mut len = 0_usize;
    // SAFETY: not synchronised with the crate's own lock: this only walks, it
    // does not look anything up.
    #[allow(unsafe_code, reason = "the synchronised form takes a lock")]
    unsafe {
        backtrace::trace_unsynchronized(|frame| {
            let address = frame.ip().cast::<c_void>() as u64;
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
            len < max
        });
    }
    u16::try_from(len).unwrap_or(0)
}
