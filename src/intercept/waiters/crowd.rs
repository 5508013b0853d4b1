//! How many wait, and for how long all of them together: one word, which is only added to.

use crate::atomic::AtomicU64;
use crate::atomic::Ordering::{Relaxed, SeqCst};

/// Bits of the number of waiters, below the sum of their times.
const COUNT_BITS: u32 = 12;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;
/// Tries to charge; whoever comes in between is another holder of another lock.
const TRIES: usize = 4;

/// How many wait, and above it the sum of the times since when, modulo 2⁵² ns.
pub(super) struct Crowd(AtomicU64);

/// One waiter as it stands in the word.
fn one(since_ns: u64) -> u64 {
    (since_ns << COUNT_BITS) + 1
}

fn count(word: u64) -> u64 {
    word & COUNT_MASK
}

/// How long all that stand in a word have waited; 0 should a clock have run back.
fn total_ns(word: u64, now_ns: u64) -> u64 {
    let now = (now_ns << COUNT_BITS).wrapping_mul(count(word));
    let total = now.wrapping_sub(word & !COUNT_MASK) >> COUNT_BITS;
    let is_past = total < 1 << (u64::BITS - COUNT_BITS - 1);
    if is_past { total } else { 0 }
}

impl Crowd {
    pub(super) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// How many wait.
    pub(super) fn count(&self) -> u64 {
        count(self.0.load(Relaxed))
    }

    /// The same, in one order with all who come and go.
    pub(super) fn count_in_order(&self) -> u64 {
        count(self.0.load(SeqCst))
    }

    /// How long all of them have waited, and how many they are.
    pub(super) fn total(&self, now_ns: u64) -> (u64, u64) {
        let word = self.0.load(Relaxed);
        (total_ns(word, now_ns), count(word))
    }

    /// One more, who is to be removed again; says how many there were. None when they are
    /// too many to be counted.
    pub(super) fn add(&self, since_ns: u64) -> Option<u64> {
        let before = count(self.0.fetch_add(one(since_ns), SeqCst));
        (before != COUNT_MASK).then_some(before)
    }

    /// One less.
    pub(super) fn remove(&self, since_ns: u64) {
        let left = self.0.fetch_sub(one(since_ns), SeqCst);
        let left = left.wrapping_sub(one(since_ns));
        if count(left) == 0 && left != 0 {
            // What races have left behind; if somebody joins meanwhile, it stays.
            let _ = self.0.compare_exchange(left, 0, SeqCst, Relaxed);
        }
    }

    /// Sets the times of all who wait to now; says how long all of them had waited, and
    /// how many they are. None when too many came and went meanwhile.
    pub(super) fn charge(&self, now_ns: u64) -> Option<(u64, u64)> {
        (0..TRIES).find_map(|_| {
            let word = self.0.load(Relaxed);
            if count(word) == 0 {
                return Some((0, 0));
            }
            let blocked_ns = total_ns(word, now_ns);
            let next = word.wrapping_add(blocked_ns << COUNT_BITS);
            let charged = self.0.compare_exchange(word, next, SeqCst, Relaxed);
            charged.is_ok().then_some((blocked_ns, count(word)))
        })
    }

    /// Forgets the times that races have left behind, if nobody waits; says whether so.
    pub(super) fn try_clear(&self) -> bool {
        let left = self.0.load(SeqCst);
        let is_clear = || self.0.compare_exchange(left, 0, SeqCst, Relaxed).is_ok();
        count(left) == 0 && (left == 0 || is_clear())
    }

    /// In a forked child: nobody waits any more.
    pub(super) fn forget(&self) {
        self.0.store(0, Relaxed);
    }
}
