//! System call filters that the program puts on itself: seen before they come, since one may forbid what we call.
//!
//! Behind a filter that ends whoever calls what it does not know (`SECCOMP_RET_KILL`), as
//! OpenSSH and browsers put on themselves, a call of ours would be the end of the host. So
//! each filter is first asked about our calls, as the kernel would ask it. If it
//! forbids one of them, the profile is finished before the filter comes, and nothing of ours
//! happens behind it.
#![allow(
    unsafe_code,
    reason = "reads the program's filter and calls the C library"
)]

mod bpf;
mod calls;

use std::ffi::{c_int, c_long};

use self::bpf::{Data, Instruction, Verdict};
use self::calls::Call;
use super::{guard, retaking, table};
use crate::{state, sys};

/// More the kernel does not take (`BPF_MAXINSNS`).
const INSTRUCTIONS_MAX: u16 = 4096;

/// Where the calls lead that the gate of futexes leaves alone.
pub(super) mod unwaited {
    use super::{c_long, syscall, table::Target};

    /// What stands there in place of the C library's function.
    #[allow(dead_code, reason = "gates that are no assembler call")]
    pub(crate) static REAL: Target = Target::new(syscall as *const std::ffi::c_void);

    /// The same, for gates that are no assembler.
    ///
    /// # Safety
    /// As for `syscall`.
    #[inline(always)]
    #[allow(dead_code, reason = "gates in assembler jump")]
    #[allow(clippy::too_many_arguments, reason = "as many as the function has")]
    pub(crate) unsafe fn real(
        number: c_long,
        a: usize,
        b: usize,
        c: usize,
        d: usize,
        e: usize,
        f: usize,
    ) -> c_long {
        // SAFETY: the caller's part.
        unsafe { syscall(number, a, b, c, d, e, f) }
    }
}

/// `syscall`: any call but those of futexes, if these are looked at.
#[allow(clippy::too_many_arguments, reason = "as many as the function has")]
pub(crate) unsafe extern "C-unwind" fn syscall(
    number: c_long,
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
    f: usize,
) -> c_long {
    if number == libc::SYS_seccomp {
        prepare_for(Coming::by_seccomp(a, b, c));
    }
    // SAFETY: the arguments are the caller's, unchanged.
    unsafe { table::syscall::real(number, a, b, c, d, e, f) }
}

/// `prctl`: what programs call that are older than `seccomp`.
pub(crate) unsafe extern "C-unwind" fn prctl(
    option: c_int,
    a: usize,
    b: usize,
    c: usize,
    d: usize,
) -> c_int {
    if option == libc::PR_SET_SECCOMP {
        prepare_for(Coming::by_prctl(a, b));
    }
    // SAFETY: the arguments are the caller's, unchanged.
    unsafe { table::prctl::real(option, a, b, c, d) }
}

/// What comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coming {
    /// Nothing but `read`, `write` and ending, for the calling thread.
    Strict,
    /// A filter at this address, for the calling thread or for all.
    Filter { address: usize, is_for_all: bool },
    /// A question, or nonsense.
    Nothing,
}

impl Coming {
    fn by_prctl(mode: usize, address: usize) -> Self {
        match u32::try_from(mode) {
            Ok(libc::SECCOMP_MODE_STRICT) => Self::Strict,
            Ok(libc::SECCOMP_MODE_FILTER) => Self::Filter {
                address,
                is_for_all: false,
            },
            _ => Self::Nothing,
        }
    }

    fn by_seccomp(operation: usize, flags: usize, address: usize) -> Self {
        const TSYNC: u64 = libc::SECCOMP_FILTER_FLAG_TSYNC;
        match u32::try_from(operation) {
            Ok(libc::SECCOMP_SET_MODE_STRICT) if flags == 0 && address == 0 => Self::Strict,
            Ok(libc::SECCOMP_SET_MODE_FILTER) => Self::Filter {
                address,
                is_for_all: flags as u64 & TSYNC != 0,
            },
            _ => Self::Nothing,
        }
    }

    /// The first call of ours that will not be possible behind it.
    fn forbids(self) -> Option<&'static str> {
        match self {
            Self::Strict => Some("all but read and write"),
            Self::Nothing => None,
            Self::Filter {
                address,
                is_for_all,
            } => {
                let filter = filter_at(address)?;
                if is_forbidden(filter, &calls::HOW_OFTEN_A_THREAD_SLEPT) {
                    retaking::ask_no_more();
                }
                // Our threads are not asked, if they run by now, unless it is for all.
                let ours = is_for_all || !state::has_thread();
                first_forbidden(filter, ours)
            }
        }
    }
}

fn first_forbidden(filter: &[Instruction], ours_too: bool) -> Option<&'static str> {
    let ours = if ours_too { calls::OF_OUR_THREAD } else { &[] };
    let mut all = calls::OF_HOSTS_THREADS.iter().chain(ours);
    all.find(|call| is_forbidden(filter, call))
        .map(|call| call.name)
}

fn is_forbidden(filter: &[Instruction], call: &Call) -> bool {
    let data = Data {
        number: u32::try_from(call.number).unwrap_or(u32::MAX),
        arguments: call.arguments,
    };
    bpf::verdict(filter, &data) == Verdict::Forbidden
}

/// Ends our part if what comes is the end of whoever does it. The program's own call comes
/// after this, and may still be refused: then we ended for nothing.
#[cold]
#[inline(never)]
fn prepare_for(coming: Coming) {
    if state::is_off_for_good() {
        return;
    }
    let Some(_entered) = guard::enter() else {
        return;
    };
    if let Some(call) = coming.forbids() {
        state::end_before_filter(call);
    }
}

/// The beginning of what a program hands over: `struct sock_fprog`.
#[repr(C)]
struct Program {
    len: u16,
    instructions: *const Instruction,
}

/// The filter that a program hands over; none if the kernel could not read it either.
fn filter_at<'a>(address: usize) -> Option<&'a [Instruction]> {
    let is_there = |at: usize, len: usize| {
        let end = at.checked_add(len)?;
        (at..end)
            .step_by(PAGE_LEN)
            .chain([end - size_of::<u64>()])
            .all(|word| sys::is_readable(word as u64))
            .then_some(())
    };
    let program = address as *const Program;
    if address == 0 || !program.is_aligned() {
        return None;
    }
    is_there(address, size_of::<Program>())?;
    // SAFETY: aligned, and all of it can be read.
    let Program { len, instructions } = unsafe { program.read() };
    if len == 0 || len > INSTRUCTIONS_MAX || !instructions.is_aligned() {
        return None;
    }
    let len = usize::from(len);
    is_there(instructions as usize, len * size_of::<Instruction>())?;
    // SAFETY: aligned, all of it can be read, and nobody changes a filter while it is
    // handed over; each pattern of bits is an instruction.
    Some(unsafe { std::slice::from_raw_parts(instructions, len) })
}

/// Memory is there, or not, by pages.
const PAGE_LEN: usize = 4096;

#[cfg(test)]
mod tests;
