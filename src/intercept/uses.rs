//! What semaphores are used for, as far as it was seen: as locks or as events.
//!
//! A semaphore used as a lock is posted by the thread that took it, and has holds. One
//! used as an event is posted by others. Nothing in memory tells which, and both are
//! common, so it is learnt: first from the value it was initialised with (a lock begins
//! free, an event begins at 0), then from the sampled acquisitions whose holds are
//! followed. Whoever has taken it and posts it is proof of a lock; whoever takes it a
//! second time without a post of its own proves that somebody else posted it.
//!
//! Following a hold makes every call of its thread come to us. So holds of events are
//! not followed, but for one in [`TRIED`], since the mind may change, and that one is given
//! up when too much passes by ([`super::held::UNPROVEN`]). Only with a proven lock is a
//! hold that cannot be measured something lost: of all others it is not known whether
//! there was one. Acquisitions, waits and charges do not depend on any of this.
//!
//! The table is small and without a lock. What is not in it is taken for a lock, so that
//! no hold is missed because there was no room; events come before locks, which lose
//! nothing with their place but the proof. What a race has spoilt is learnt again.

use std::sync::atomic::{AtomicU32, Ordering};

use super::waiters::GOLDEN;

/// Semaphores that are remembered; 8 KiB, touched only where used.
const PLACES: usize = 2048;
/// Of so many sampled acquisitions of an event, the hold of one is followed.
const TRIED: u64 = 16;

// A place: which semaphore, whether it counts, what it is used for.
const TAG_SHIFT: u32 = 8;
const TAG: u32 = !0xff;
const COUNTING: u32 = 0x80;
const SCORE: u32 = 0x07;

const EVENT: u32 = 0;
/// There is nothing against it.
const LIKELY_LOCK: u32 = 1;
const LOCK: u32 = 2;
const SURE_LOCK: u32 = 3;

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
    let index = (mixed >> 53) as usize % PLACES;
    Some((TABLE.get(index)?, tag))
}

/// What is known about a semaphore.
pub(super) fn of(address: u64) -> Use {
    let word = place_of(address).and_then(|(place, tag)| {
        // Relaxed here and below: a word by itself, and a mistake costs little.
        let word = place.load(Ordering::Relaxed);
        (word & TAG == tag).then_some(word)
    });
    word.map_or(
        Use {
            score: LIKELY_LOCK,
            is_counting: false,
        },
        |word| Use {
            score: word & SCORE,
            is_counting: word & COUNTING != 0,
        },
    )
}

fn put(address: u64, known: Use) {
    let Some((place, tag)) = place_of(address) else {
        return;
    };
    let counting = if known.is_counting { COUNTING } else { 0 };
    let word = tag | counting | known.score;
    let before = place.load(Ordering::Relaxed);
    let is_others = before != 0 && before & TAG != tag;
    let is_others_event = is_others && before & SCORE == EVENT;
    let says_nothing = known.score == LIKELY_LOCK && !known.is_counting;
    let is_kept_out = is_others_event && known.score != EVENT || is_others && says_nothing;
    if before != word && !is_kept_out {
        place.store(word, Ordering::Relaxed);
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
            EVENT => Following::Unproven,
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

/// A semaphore is gone.
pub(super) fn forget(address: u64) {
    if let Some((place, tag)) = place_of(address)
        && place.load(Ordering::Relaxed) & TAG == tag
    {
        place.store(0, Ordering::Relaxed);
    }
}

/// A thread has posted what it took.
pub(super) fn learn_posted_by_taker(address: u64) {
    let known = of(address);
    let score = (known.score + 1).min(SURE_LOCK);
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
    fn without_room_a_lock_remains_a_likely_one_and_an_event_an_event() {
        let (lock, place) = (0x7f00_0000_3000, |address| {
            place_of(address).map(|p| p.0 as *const _)
        });
        assert_eq!(of(lock).following(1), Following::ToTheEnd);
        learn_posted_by_taker(lock);
        assert!(of(lock).is_lock());
        let event = (1..)
            .map(|i| lock + 32 * i)
            .find(|other| place(*other) == place(lock));
        let event = event.unwrap_or(0);
        learn_value(event, 0);
        assert_eq!(of(event).following(1), Following::No);
        learn_posted_by_taker(lock);
        assert!(!of(lock).is_lock());
        assert_eq!(of(lock).following(1), Following::ToTheEnd);
        assert_eq!(of(event).following(1), Following::No);
        forget(lock);
        assert_eq!(of(event).following(1), Following::No);
        forget(event);
        assert_eq!(of(event).following(1), Following::ToTheEnd);
    }
}
