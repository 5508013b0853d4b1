//! What the fuzzing tests share: numbers by chance, how many rounds, and which round it was when one fails.
#![allow(
    unsafe_code,
    reason = "says where it was when a signal ends the process"
)]

use std::cell::Cell;
use std::ffi::c_int;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::intercept::sampler;
use crate::sys;

/// Where every run begins that is not told otherwise.
const SEED: u64 = 0x5EED;

/// The seed of the round that runs, for whoever is killed by a signal.
static NOW: AtomicU64 = AtomicU64::new(0);

/// Numbers that follow from a seed.
pub(super) struct Chance(Cell<u64>);

impl Chance {
    pub(super) fn from(seed: u64) -> Self {
        // Neighbouring seeds must not give similar numbers; no state may be 0.
        let chance = Self(Cell::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1));
        for _ in 0..4 {
            chance.number();
        }
        chance
    }

    pub(super) fn number(&self) -> u64 {
        sampler::random(&self.0)
    }

    pub(super) fn byte(&self) -> u8 {
        self.number().to_le_bytes()[3]
    }

    /// A number below another one.
    pub(super) fn below(&self, limit: usize) -> usize {
        usize::try_from(self.number() >> 1).unwrap() % limit
    }

    pub(super) fn one_of<T: Copy>(&self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// One test fuzzes at a time: there is one seed to tell.
static ONE: Mutex<()> = Mutex::new(());

/// Runs `round` so many times, or `LOCKPROF_FUZZ_ROUNDS` times, each from a seed
/// of its own that is told when it fails. `LOCKPROF_FUZZ_SEED` is the first one.
/// Nothing may be left over from one round to the next, or a seed would not do to
/// repeat it. Says whether the rounds were enough to meet all that chance may bring.
pub(super) fn rounds(usual: u64, mut round: impl FnMut(&Chance)) -> bool {
    let number = |name| sys::environment(name).map(|text| text.parse::<u64>().unwrap());
    let _alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let seed = number(c"LOCKPROF_FUZZ_SEED").unwrap_or(SEED);
    let rounds = number(c"LOCKPROF_FUZZ_ROUNDS").unwrap_or(usual);
    println!("fuzzing: {rounds} rounds from LOCKPROF_FUZZ_SEED={seed}");
    tell_seed_at_signals();
    for seed in seed..seed + rounds {
        NOW.store(seed, Ordering::Relaxed);
        let failed = FailedAt(seed);
        round(&Chance::from(seed));
        std::mem::forget(failed);
    }
    rounds >= usual
}

/// Tells the seed of a round that did not come to its end.
struct FailedAt(u64);

impl Drop for FailedAt {
    fn drop(&mut self) {
        println!("fuzzing: again with LOCKPROF_FUZZ_SEED={}", self.0);
    }
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
