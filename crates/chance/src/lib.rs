//! What tests that feed nonsense share: numbers by chance, damage, how many rounds, and which one failed.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "only tests use it: they fail by panicking, say which round it was, and are told how many"
)]

use std::cell::Cell;
use std::env;
use std::sync::{Mutex, PoisonError};

/// Where every run begins that is not told otherwise.
const SEED: u64 = 0x5EED;

/// Numbers that follow from a seed.
#[derive(Debug)]
pub struct Chance {
    seed: u64,
    state: Cell<u64>,
}

impl Chance {
    /// Those of a seed; neighbouring seeds give numbers that have nothing in common.
    #[must_use]
    pub fn from(seed: u64) -> Self {
        Self {
            seed,
            state: Cell::new(seed),
        }
    }

    /// Where they began.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Any number (SplitMix64).
    pub fn number(&self) -> u64 {
        let state = self.state.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.state.set(state);
        let mixed = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// Any byte.
    pub fn byte(&self) -> u8 {
        self.number().to_le_bytes()[3]
    }

    /// A number below another one, which is not 0.
    pub fn below(&self, limit: usize) -> usize {
        usize::try_from(self.number() >> 1).unwrap() % limit
    }

    /// Whether it is one of so many times.
    pub fn is_one_in(&self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub fn one_of<T: Copy>(&self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// A number at which something may end: a power of two, or near it, or any.
    pub fn edge(&self) -> u64 {
        let power = 1_u64 << self.below(64);
        match self.below(5) {
            0 => power,
            1 => power - 1,
            2 => power.wrapping_neg(),
            3 => self.one_of(&[0, 1, u64::MAX, i64::MAX.cast_unsigned()]),
            _ => self.number() >> self.below(64),
        }
    }

    /// Damages something in a few places: bits, bytes, lengths, and what stands where.
    pub fn damage(&self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(5) {
            if bytes.is_empty() {
                return bytes.push(self.byte());
            }
            let at = self.below(bytes.len());
            let len = self.below(self.one_of(&[2, 8, 64, 1024])) + 1;
            let end = (at + len).min(bytes.len());
            match self.below(8) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = self.byte(),
                2 => bytes[at] = self.one_of(&[0, 1, 0x0a, 0x20, 0x7f, 0x80, 0xff]),
                3 => {
                    bytes.drain(at..end);
                }
                4 => {
                    let piece = bytes[at..end].to_vec();
                    let to = self.below(bytes.len() + 1);
                    bytes.splice(to..to, piece);
                }
                5 => {
                    let piece: Vec<u8> = (0..len).map(|_| self.byte()).collect();
                    bytes.splice(at..at, piece);
                }
                6 if self.is_one_in(4) => bytes.truncate(at),
                _ => {
                    let number = self.edge().to_le_bytes();
                    for (place, byte) in bytes[at..].iter_mut().zip(&number[..len.min(8)]) {
                        *place = *byte;
                    }
                }
            }
        }
    }
}

/// One test feeds nonsense at a time: there is one seed to tell.
static ONE: Mutex<()> = Mutex::new(());

/// Runs `round` so many times, or `LOCKPROF_FUZZ_ROUNDS` times, each from a seed
/// of its own that is told when it fails. `LOCKPROF_FUZZ_SEED` is the first one.
/// Nothing may be left over from one round to the next, or a seed would not do to
/// repeat it. Says whether the rounds were enough to meet all that chance may bring.
pub fn rounds(usual: u64, mut round: impl FnMut(&Chance)) -> bool {
    let number = |name| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let _alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let seed = number("LOCKPROF_FUZZ_SEED").unwrap_or(SEED);
    let rounds = number("LOCKPROF_FUZZ_ROUNDS").unwrap_or(usual);
    println!("fuzzing: {rounds} rounds from LOCKPROF_FUZZ_SEED={seed}");
    for seed in seed..seed + rounds {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_and_the_same_damage_again() {
        let damaged = |seed| {
            let mut bytes = b"HTTP/1.1 200 OK".repeat(20);
            Chance::from(seed).damage(&mut bytes);
            bytes
        };
        assert_eq!(damaged(7), damaged(7));
        let different = (0..100).filter(|seed| damaged(*seed) != damaged(seed + 1));
        assert!(different.count() > 90);
    }

    #[test]
    fn damage_finds_something_in_everything() {
        for seed in 0..1000 {
            let chance = Chance::from(seed);
            let mut bytes = vec![0; chance.below(3)];
            chance.damage(&mut bytes);
            assert!(chance.below(1) == 0 && bytes.len() < 100_000);
        }
    }
}
