//! Which round of nonsense it was when a signal ends the test: damaged tables may lead anywhere.
#![allow(
    unsafe_code,
    reason = "says where it was when a signal ends the process"
)]

use std::ffi::c_int;
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) use chance::Chance;

use crate::sys;

/// The seed of the round that runs, for whoever is killed by a signal.
static NOW: AtomicU64 = AtomicU64::new(0);

/// As [`chance::rounds`].
pub(super) fn rounds(usual: u64, mut round: impl FnMut(&Chance)) -> bool {
    tell_seed_at_signals();
    chance::rounds(usual, |chance| {
        NOW.store(chance.seed(), Ordering::Relaxed);
        round(chance);
    })
}

fn tell_seed_at_signals() {
    for signal in [libc::SIGSEGV, libc::SIGBUS] {
        let handler: extern "C" fn(c_int) = tell_seed;
        // SAFETY: the handler only writes and lets the signal come again.
        unsafe { libc::signal(signal, handler as libc::sighandler_t) };
    }
}

extern "C" fn tell_seed(signal: c_int) {
    let mut seed = NOW.load(Ordering::Relaxed);
    let mut line = *b"\nfuzzing: a signal; again with LOCKPROF_FUZZ_SEED=00000000000000000000\n";
    for digit in line.iter_mut().rev().skip(1).take(20) {
        *digit = b'0' + (seed % 10) as u8;
        seed /= 10;
    }
    sys::write_stderr(&line);
    // SAFETY: back to what the system does; the fault happens again on return.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}
