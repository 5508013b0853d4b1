//! The locks a thread holds whose holds are measured: which, how deep, since when.
//!
//! They are those whose acquisitions are sampled, and those that were waited for so
//! long that the wait is kept in any case: such a hold is measured whether sampled or
//! not, and kept or not by its own length, since a few long holds may be most of all
//! holding. While one is measured the thread's other acquisitions come to us one by
//! one, so it is given up when too many do; holds with so many in them are told of by
//! those that are sampled.

use std::cell::Cell;

/// How many a thread can remember: what fits into its 264 bytes.
const HELD_MAX: usize = 5;

/// Acquisitions that may pass by while a hold is measured only because of its wait:
/// for each the thread takes 20 ns longer, and it has waited for 100,000.
const PASSING_MAX: u8 = 32;

/// Stands beside the number that passed by while it is not known that this thread will
/// release the lock: then as many are enough to give up, and nothing is lost with it.
pub(crate) const UNPROVEN: u8 = 0x80;

/// One acquisition that has not been released yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Address of the lock.
    pub(crate) lock: u64,
    /// When it was taken: the monotonic clock less what was done for all that had passed
    /// by until then (`own_cost.rs`).
    pub(crate) since_ns: u64,
    /// How many acquisitions it stands for; 0 when it is not sampled.
    pub(crate) weight: u32,
    /// Depth it was taken at; 1 for all but nested ones.
    pub(crate) depth: u8,
    /// Acquisitions of it by this thread that lie within: of locks that do not
    /// themselves count how deep a thread holds them.
    pub(crate) nested: u8,
    /// Acquisitions that have passed by since, and [`UNPROVEN`].
    pub(crate) passing: u8,
    /// Whether it is kept or not by its length at the end: it followed a long wait.
    pub(crate) by_length: bool,
}

impl Held {
    /// The depth as records have it.
    pub(crate) fn depth(self) -> u32 {
        self.depth.into()
    }

    /// Whether it is not known that this thread will release it.
    pub(crate) fn is_unproven(self) -> bool {
        self.passing & UNPROVEN != 0
    }

    /// How many releases are lost with it.
    pub(crate) fn lost(self) -> f64 {
        if self.by_length {
            1.0
        } else {
            self.weight.into()
        }
    }
}

/// A few of them. The number in use stands apart, where the release gate sees it.
#[repr(transparent)]
pub(crate) struct HeldLocks([Cell<Held>; HELD_MAX]);

impl HeldLocks {
    /// Forgets all, and says what they were.
    pub(crate) fn take_all(&self) -> impl Iterator<Item = Held> {
        let taken = self.0.iter().map(Cell::take);
        taken.filter(|held| held.lock != 0)
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        for place in &self.0 {
            place.set(Held::default());
        }
    }

    /// Remembers one; says where. Declined when there is no room.
    pub(crate) fn try_insert(&self, held: Held) -> Option<&Cell<Held>> {
        let place = self.0.iter().find(|place| place.get().lock == 0)?;
        place.set(held);
        Some(place)
    }

    /// The acquisition of this lock at this depth, if it was sampled.
    pub(crate) fn find(&self, lock: u64, depth: u32) -> Option<Held> {
        self.place(lock, depth).map(Cell::get)
    }

    /// Forgets the acquisition of this lock at this depth, and says what it was.
    pub(crate) fn remove(&self, lock: u64, depth: u32) -> Option<Held> {
        self.place(lock, depth).map(Cell::take)
    }

    /// Whether an acquisition of this lock, to this depth, means something to one of them:
    /// it proves it to be over, or is counted by it.
    #[inline(always)]
    pub(crate) fn is_concerned(&self, lock: u64, depth: u32) -> bool {
        self.0.iter().any(|place| {
            let held = place.get();
            let is_same = held.lock == lock && held.depth() == depth;
            is_same || held.by_length || held.is_unproven()
        })
    }

    /// Another acquisition passes by. Says whether a hold was given up for it: one that
    /// was measured only because of its wait, or is perhaps none. One that is sampled
    /// too goes on as such.
    pub(crate) fn note_passing(&self) -> bool {
        let mut given_up = false;
        for place in &self.0 {
            let mut held = place.get();
            if held.by_length || held.is_unproven() {
                held.passing += 1;
                let is_enough = held.passing & !UNPROVEN >= PASSING_MAX;
                let is_over = is_enough && (held.weight == 0 || held.is_unproven());
                held.by_length &= !is_enough;
                given_up |= is_over;
                place.set(if is_over { Held::default() } else { held });
            }
        }
        given_up
    }

    /// How deep this thread holds a lock that does not say so itself, as far as is known:
    /// 0 unless its outermost acquisition is remembered.
    pub(crate) fn depth_of(&self, lock: u64) -> u32 {
        self.find(lock, 1)
            .map_or(0, |held| u32::from(held.nested) + 1)
    }

    /// Counts an acquisition of such a lock within another one, or its release.
    pub(crate) fn change_nested(&self, lock: u64, change: i8) {
        if let Some(place) = self.place(lock, 1) {
            let mut held = place.get();
            held.nested = held.nested.saturating_add_signed(change);
            place.set(held);
        }
    }

    /// Forgets every acquisition of this lock: it does not exist any more.
    pub(crate) fn forget(&self, lock: u64) {
        for place in self.0.iter().filter(|place| place.get().lock == lock) {
            place.take();
        }
    }

    /// How many are remembered.
    pub(crate) fn len(&self) -> u32 {
        self.0
            .iter()
            .map(|place| u32::from(place.get().lock != 0))
            .sum()
    }

    fn place(&self, lock: u64, depth: u32) -> Option<&Cell<Held>> {
        self.0.iter().find(|place| {
            let held = place.get();
            held.lock == lock && held.depth() == depth
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(lock: u64, depth: u8) -> Held {
        Held {
            lock,
            since_ns: 1,
            weight: 1,
            depth,
            nested: 0,
            passing: 0,
            by_length: false,
        }
    }

    fn none() -> HeldLocks {
        HeldLocks(
            [const {
                Cell::new(Held {
                    lock: 0,
                    since_ns: 0,
                    weight: 0,
                    depth: 0,
                    nested: 0,
                    passing: 0,
                    by_length: false,
                })
            }; HELD_MAX],
        )
    }

    #[test]
    fn each_depth_of_a_lock_is_remembered_apart() {
        let locks = none();
        assert!(locks.try_insert(held(8, 1)).is_some());
        assert!(locks.try_insert(held(8, 3)).is_some());
        assert_eq!(locks.find(8, 2), None);
        assert_eq!(locks.remove(8, 3), Some(held(8, 3)));
        assert_eq!(locks.find(8, 1), Some(held(8, 1)));
        assert_eq!(locks.len(), 1);
    }

    #[test]
    fn a_hold_measured_for_its_wait_is_given_up_when_too_much_passes_by() {
        let locks = none();
        let (sampled, followed) = (held(1, 1), held(2, 1));
        let both = Held {
            by_length: true,
            ..held(3, 1)
        };
        let followed = Held {
            weight: 0,
            by_length: true,
            ..followed
        };
        for held in [sampled, followed, both] {
            assert!(locks.try_insert(held).is_some());
        }
        let given_up: Vec<u8> = (1..=PASSING_MAX + 1)
            .filter(|_| locks.note_passing())
            .collect();
        assert_eq!(given_up, [PASSING_MAX]);
        assert_eq!(locks.find(1, 1), Some(sampled));
        assert_eq!(locks.find(2, 1), None);
        let left = locks.find(3, 1);
        assert!(left.is_some_and(|held| !held.by_length && held.weight == 1));
    }

    #[test]
    fn a_hold_that_is_perhaps_none_is_given_up_even_if_it_is_sampled() {
        let locks = none();
        let unproven = Held {
            passing: UNPROVEN,
            ..held(1, 1)
        };
        for held in [unproven, held(2, 1)] {
            assert!(locks.try_insert(held).is_some());
        }
        let passes = || locks.note_passing();
        assert_eq!((0..PASSING_MAX - 1).filter(|_| passes()).count(), 0);
        assert!(locks.find(1, 1).is_some_and(Held::is_unproven));
        assert!(passes());
        assert_eq!(locks.find(1, 1), None);
        assert_eq!(locks.find(2, 1), Some(held(2, 1)));
    }

    #[test]
    fn a_full_memory_declines_and_keeps_what_it_has() {
        let locks = none();
        for lock in 1..=HELD_MAX as u64 {
            assert!(locks.try_insert(held(lock, 1)).is_some());
        }
        assert!(locks.try_insert(held(99, 1)).is_none());
        assert_eq!(locks.find(99, 1), None);
        assert_eq!(locks.len() as usize, HELD_MAX);
    }
}
