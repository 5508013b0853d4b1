//! What semaphores are used for, as far as it was seen: as locks or as events.
//!
//! A semaphore used as a lock is posted by the thread that took it, and has holds. One
//! used as an event is posted by others. Nothing in memory tells which, and both are
//! common, so it is learnt: first from the value it was initialised with (a lock begins
//! free, an event begins at 0), then from the sampled acquisitions whose holds are
//! followed. Whoever has taken it and posts it is proof of a lock; whoever takes it a
//! second time without a post of its own proves that somebody else posted it.
//!
//! Following a hold makes every release of its thread come to us. So holds of events are
//! not followed, but for one in [`TRIED`], since the mind may change; those of the unknown
//! are given up when too much passes by ([`super::held::UNPROVEN`]). Only with a proven
//! lock is a hold that cannot be measured something lost: of all others it is not known
//! whether there was one. Acquisitions, waits and charges do not depend on any of this.
//!
//! The table is small and without a lock: what is forgotten, or lost in a race, is learnt
//! again.

use std::sync::atomic::{AtomicU32, Ordering};

use super::waiters::GOLDEN;

/// Semaphores that are remembered; 2 KiB.
const PLACES: usize = 512;
/// Of so many sampled acquisitions of an event, the hold of one is followed.
const TRIED: u64 = 16;

// A place: which semaphore, whether it counts, what it is used for.
const TAG_SHIFT: u32 = 8;
const COUNTING: u32 = 0x80;
const SCORE: u32 = 0x07;

const EVENT: u32 = 0;
const UNKNOWN: u32 = 1;
/// It was initialised as a lock would be, or its taker has posted it once.
const LIKELY_LOCK: u32 = 2;
const LOCK: u32 = 3;
const SURE_LOCK: u32 = 4;

static TABLE: [AtomicU32; PLACES] = [const { AtomicU32::new(0) }; PLACES];

/// What is known about one semaphore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Use {
    score: u32,
    /// Whether one thread may well take it several times before it posts.
    pub(super) is_counting: bool,
}

/// How the hold of an acquisition is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Following {
    /// Not at all.
    No,
    /// Until too much passes by.
    Unproven,
    /// To its end.
    ToTheEnd,
}

/// The place of a semaphore, and its part of the address, which is never 0.
fn place_of(address: u64) -> Option<(&'static AtomicU32, u32)> {
    let mixed = address.wrapping_mul(GOLDEN);
    let tag = ((mixed >> 32) as u32 & 0x00ff_ffff | 1) << TAG_SHIFT;
    let index = (mixed >> 55) as usize % PLACES;
    Some((TABLE.get(index)?, tag))
}

/// What is known about a semaphore.
pub(super) fn of(address: u64) -> Use {
    let word = place_of(address).and_then(|(place, tag)| {
        // Relaxed here and below: a word by itself, and a mistake costs little.
        let word = place.load(Ordering::Relaxed);
        (word & !0xff == tag).then_some(word)
    });
    word.map_or(
        Use {
            score: UNKNOWN,
            is_counting: false,
        },
        |word| Use {
            score: word & SCORE,
            is_counting: word & COUNTING != 0,
        },
    )
}

fn put(address: u64, known: Use) {
    if let Some((place, tag)) = place_of(address) {
        let counting = if known.is_counting { COUNTING } else { 0 };
        let word = tag | counting | known.score;
        if place.load(Ordering::Relaxed) != word {
            place.store(word, Ordering::Relaxed);
        }
    }
}

impl Use {
    /// Whether its takers were seen to post it.
    pub(super) fn is_lock(self) -> bool {
        self.score >= LOCK
    }

    /// How the hold of a sampled acquisition is followed.
    pub(super) fn following(self, random: u64) -> Following {
        match self.score {
            EVENT if !random.is_multiple_of(TRIED) => Following::No,
            EVENT | UNKNOWN => Following::Unproven,
            _ => Following::ToTheEnd,
        }
    }
}

/// A semaphore begins to exist, with this value.
pub(super) fn learn_value(address: u64, value: u32) {
    let score = if value == 0 { EVENT } else { LIKELY_LOCK };
    put(
        address,
        Use {
            score,
            is_counting: value > 1,
        },
    );
}

/// A thread has posted what it took.
pub(super) fn learn_posted_by_taker(address: u64) {
    let known = of(address);
    let score = (known.score.max(UNKNOWN) + 1).min(SURE_LOCK);
    put(address, Use { score, ..known });
}

/// A thread has taken what was posted by another.
pub(super) fn learn_posted_by_another(address: u64) {
    let known = of(address);
    let score = known.score.saturating_sub(1);
    put(address, Use { score, ..known });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_free_is_followed_as_a_lock_and_proven_by_its_takers() {
        let address = 0x7f00_0000_1000;
        learn_value(address, 1);
        assert_eq!(of(address).following(1), Following::ToTheEnd);
        assert!(!of(address).is_lock() && !of(address).is_counting);
        learn_posted_by_taker(address);
        assert!(of(address).is_lock());
        learn_posted_by_another(address);
        assert!(!of(address).is_lock());
        assert_eq!(of(address).following(1), Following::ToTheEnd);
    }

    #[test]
    fn an_event_is_followed_now_and_then_and_may_turn_out_to_be_a_lock() {
        let address = 0x7f00_0000_2000;
        learn_value(address, 0);
        let followed = (0..1600)
            .filter(|random| of(address).following(*random) != Following::No)
            .count();
        assert_eq!(followed, 100);
        assert_eq!(of(address).following(0), Following::Unproven);
        learn_posted_by_taker(address);
        learn_posted_by_taker(address);
        assert!(of(address).is_lock());
        for _ in 0..4 {
            learn_posted_by_another(address);
        }
        assert_eq!(of(address).following(1), Following::No);
    }

    #[test]
    fn what_was_never_seen_or_is_forgotten_is_unknown() {
        let address = 0x7f00_0000_3000;
        assert_eq!(of(address).following(1), Following::Unproven);
        learn_value(address, 3);
        assert!(of(address).is_counting);
        let (place, _) = place_of(address).unwrap_or_else(|| unreachable!());
        let same_place = (1..)
            .map(|i| address + 32 * i)
            .find(|other| place_of(*other).is_some_and(|(other, _)| std::ptr::eq(other, place)));
        learn_value(same_place.unwrap_or(0), 1);
        assert_eq!(of(address).score, UNKNOWN);
        assert!(!of(address).is_counting);
    }
}
