//! Return addresses of the calling thread's stack into a fixed array.
#![allow(unsafe_code, reason = "reads the host's stack")]

use std::ffi::{c_int, c_void};
use std::ops::Range;
use std::sync::OnceLock;

use super::arch::unwind;
use super::thread::Thread;
use crate::record::{self, Filling, Frames};

/// Where the host called us: its stack pointer, which points at the return
/// address, and its frame pointer register. Zeros when the gate does not know.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "only our own unwinder needs to know")]
pub(crate) struct Caller {
    pub(crate) sp: usize,
    pub(crate) bp: usize,
}

impl Caller {
    /// For what has no stack to take.
    #[cfg_attr(test, allow(dead_code, reason = "only the C API needs it"))]
    pub(crate) const NOWHERE: Self = Self { sp: 0, bp: 0 };
}

impl Caller {
    /// Where the call returns to; none when that is not known.
    pub(crate) fn return_address(self) -> Option<usize> {
        #[cfg(all(target_arch = "x86_64", not(lockprof_portable)))]
        if self.sp != 0 {
            // SAFETY: gates hand on the stack pointer at their entry, where the return
            // address lies until they are left.
            return Some(unsafe { *(self.sp as *const usize) });
        }
        None
    }
}

/// Where our own code lies; known only if our own unwinder cannot work here: the
/// C library is older than 2.35, or the processor is another.
static OWN_CODE: OnceLock<Range<u64>> = OnceLock::new();

/// Finds what captures need; called once, before anything is armed.
pub(crate) fn prepare() {
    if !unwind::prepare() {
        let _ = OWN_CODE.set(own_code());
    }
}

/// Code has been unloaded.
pub(crate) fn forget_code() {
    unwind::forget();
    record::forget_code();
}

/// Where the host's call returns to; none where only libgcc can say.
pub(crate) fn return_address(thread: &Thread, caller: Caller) -> Option<u64> {
    unwind::return_address(caller, &thread.stack)
}

/// Writes the stack from the caller outwards, innermost first, at most `max`
/// frames. No frame of ours is among them. Says whether it took no longer than
/// usual: all of the code had been walked before.
#[inline]
pub(crate) fn stack(thread: &Thread, caller: Caller, max: usize, frames: &mut Frames) -> bool {
    let was_known = match OWN_CODE.get() {
        Some(own_code) => {
            by_libgcc(own_code, &mut frames.fill(max));
            true
        }
        None => unwind::walk(caller, &thread.stack, &mut frames.fill(max)),
    };
    #[cfg(lockprof_compare)]
    super::compare::check(frames.as_slice(), max);
    was_known
}

/// The unwinder every Rust library brings along: some forty times slower. It
/// begins among our own frames, so these are left out.
#[cold]
pub(super) fn by_libgcc(own_code: &Range<u64>, frames: &mut Filling) {
    // SAFETY: not synchronised with the crate's own lock: this only walks, it
    // does not look anything up.
    unsafe {
        backtrace::trace_unsynchronized(|frame| {
            let address = frame.ip() as u64;
            if frames.len() == 0 && own_code.contains(&address) {
                return true;
            }
            // 0 is where the kernel started the thread.
            address != 0 && frames.push(address).is_some()
        });
    }
}

/// Asks the loader where this code lies; nowhere, if it does not know.
pub(super) fn own_code() -> Range<u64> {
    let mut found = 0..0;
    // SAFETY: `find_own_code` gets what it asks for.
    unsafe { libc::dl_iterate_phdr(Some(find_own_code), (&raw mut found).cast()) };
    found
}

/// Looks for this very function in one module.
///
/// # Safety
/// As the loader calls it, with the place for the answer.
unsafe extern "C" fn find_own_code(
    module: *mut libc::dl_phdr_info,
    _size: usize,
    found: *mut c_void,
) -> c_int {
    let here = find_own_code as *const () as u64;
    // SAFETY: the loader's description of one module, for the length of this call.
    let module = unsafe { &*module };
    // SAFETY: the module's program headers, as many as the loader says.
    let headers =
        unsafe { std::slice::from_raw_parts(module.dlpi_phdr, usize::from(module.dlpi_phnum)) };
    let mut segments = headers
        .iter()
        .filter(|header| header.p_type == libc::PT_LOAD)
        .map(|header| {
            let start = module.dlpi_addr.wrapping_add(header.p_vaddr);
            start..start.wrapping_add(header.p_memsz)
        });
    let Some(segment) = segments.find(|segment| segment.contains(&here)) else {
        return 0;
    };
    // SAFETY: the place that `own_code` passed.
    unsafe { *found.cast::<Range<u64>>() = segment };
    1
}
