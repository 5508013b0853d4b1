//! The sampled locks a thread holds: which, how deep, since when.

use std::cell::Cell;

/// How many a thread can remember: what fits into its 256 bytes.
const HELD_MAX: usize = 5;

/// One sampled acquisition that has not been released yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Address of the lock.
    pub(crate) lock: u64,
    /// When it was taken, monotonic clock.
    pub(crate) since_ns: u64,
    /// How many acquisitions it stands for.
    pub(crate) weight: u32,
    /// Depth it was taken at; 1 for all but nested ones.
    pub(crate) depth: u32,
}

/// A few of them. The number in use stands apart, where the release gate sees it.
#[repr(transparent)]
pub(crate) struct HeldLocks([Cell<Held>; HELD_MAX]);

impl HeldLocks {
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
            held.lock == lock && held.depth == depth
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(lock: u64, depth: u32) -> Held {
        Held {
            lock,
            since_ns: 1,
            weight: 1,
            depth,
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
