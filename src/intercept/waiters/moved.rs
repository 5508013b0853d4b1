//! Waiters of a condition that were woken: they want its mutex back, and so whoever wakes them lets them wait for that, too.
//!
//! In the mutex's cell they are a crowd of their own: holders find them and tell where they
//! let go, but are charged only with what those find to have waited who were woken. Which of
//! the waiters a signal wakes nobody says: each that leaves the condition takes one of those
//! back that were moved, if there are any.

use crate::atomic::Ordering::{Relaxed, SeqCst};
use crate::atomic::{AtomicU8, AtomicU32, AtomicU64};

use super::{Cell, Place, TABLE, join_crowd};
use crate::record::Kind;

/// What passes, at least mostly, from a wake until who was woken runs.
pub(crate) const WAKE_UP_NS: u64 = 5_000;

/// Below the index of the mutex's cell: how many were moved there.
const INDEX_SHIFT: u32 = 16;
const MOVED_MASK: u32 = (1 << INDEX_SHIFT) - 1;

/// Of the cell of a condition: what its waiters do once they are woken.
pub(super) struct Moved {
    /// The address of the mutex that they want back; 0 none.
    mutex: AtomicU64,
    /// How many wait for it already, and in which cell.
    state: AtomicU32,
    kind: AtomicU8,
}

impl Moved {
    pub(super) const fn new() -> Self {
        Self {
            mutex: AtomicU64::new(0),
            state: AtomicU32::new(0),
            kind: AtomicU8::new(0),
        }
    }

    /// The cell is for something else now.
    pub(super) fn forget_mutex(&self) {
        self.mutex.store(0, Relaxed);
    }

    /// Nobody waits any more.
    pub(super) fn forget(&self) {
        self.state.store(0, Relaxed);
    }

    fn count(&self) -> u32 {
        self.state.load(SeqCst) & MOVED_MASK
    }

    /// One more was moved to this cell; declined while others are in another one.
    fn try_add(&self, index: u8) -> bool {
        let added = self.state.fetch_update(SeqCst, SeqCst, |state| {
            let here = u32::from(index) << INDEX_SHIFT;
            let moved = state & MOVED_MASK;
            let fits = moved == 0 || state & !MOVED_MASK == here;
            (fits && moved < MOVED_MASK).then_some(here | (moved + 1))
        });
        added.is_ok()
    }

    /// One less, if there are more than `left`; says in which cell it was.
    fn try_remove(&self, left: u32) -> Option<u8> {
        let more = |state: u32| (state & MOVED_MASK > left).then(|| state - 1);
        let before = self.state.fetch_update(SeqCst, SeqCst, more).ok()?;
        u8::try_from(before >> INDEX_SHIFT).ok()
    }
}

/// A waiter that was woken, and waited for its mutex then or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retaking {
    pub(crate) woken_ns: u64,
    /// When a holder that saw somebody wait for the mutex let go of it last.
    pub(crate) released_ns: u64,
    /// Where it waited for the mutex.
    pub(crate) place: Place,
    /// How many did.
    pub(crate) queue: u32,
    /// By which it is decided whether it is kept: holders decided by the same.
    pub(crate) chance: u64,
}

impl Place {
    /// Which mutex this waiter of a condition wants back when it is woken.
    pub(crate) fn note_mutex(self, mutex: u64, kind: Kind) {
        if let Some(Cell { moved, .. }) = TABLE.get(usize::from(self.cell)) {
            moved.kind.store(kind as u8, Relaxed);
            moved.mutex.store(mutex, Relaxed);
        }
    }

    /// What became of a waiter of a condition, which has the mutex again but has not left
    /// yet. None when it was not woken, or nobody knows.
    pub(crate) fn retaking(self) -> Option<Retaking> {
        let cell = TABLE.get(usize::from(self.cell))?;
        let woken_ns = cell.woken_ns.load(Relaxed);
        let state = cell.moved.state.load(Relaxed);
        if woken_ns <= self.since_ns || state & MOVED_MASK == 0 {
            return None;
        }
        let index = u8::try_from(state >> INDEX_SHIFT).ok()?;
        let of_mutex = TABLE.get(usize::from(index))?;
        Some(Retaking {
            woken_ns,
            released_ns: of_mutex.charged_ns.load(Relaxed),
            place: Place {
                cell: index,
                since_ns: woken_ns,
            },
            chance: of_mutex.chance.load(Relaxed),
            queue: u32::try_from(of_mutex.waiting.count() + of_mutex.woken.count()).ok()?,
        })
    }
}

impl Cell {
    /// Whether some of the waiters of this condition were not woken yet: no more than that
    /// many are left for whoever signals now. Of objects without a mutex nobody knows.
    pub(super) fn has_sleepers(&self) -> bool {
        let is_known = self.moved.mutex.load(Relaxed) != 0;
        !is_known || self.waiting.count() > u64::from(self.moved.count())
    }

    /// So many waiters of this condition, at most, are about to be woken: lets as many
    /// wait for its mutex, too.
    pub(super) fn move_waiters(&self, most: u32, now_ns: u64) {
        let mutex = self.moved.mutex.load(Relaxed);
        if mutex == 0 {
            return;
        }
        let waiting = || u32::try_from(self.waiting.count_in_order()).unwrap_or(0);
        let free = waiting().saturating_sub(self.moved.count());
        let since_ns = now_ns + WAKE_UP_NS;
        for _ in 0..free.min(most) {
            let chance = self.chance.load(Relaxed);
            let joined = join_crowd(mutex, since_ns, chance, |cell| &cell.woken);
            let Some((place, _)) = joined else {
                break;
            };
            if let Some(kind) = crate::record::KINDS.get(usize::from(self.moved.kind.load(Relaxed)))
            {
                place.note_kind(*kind);
            }
            if !self.moved.try_add(place.cell) {
                leave_woken(place);
                break;
            }
        }
        // Some may have left meanwhile. SeqCst pairs with `Cell::leave`: either it sees
        // who was moved, or this sees that it has left.
        while let Some(index) = self.moved.try_remove(waiting()) {
            self.leave_mutex(index);
        }
    }

    /// A waiter has left: if some were moved, one of them was it.
    pub(super) fn take_back(&self) {
        if let Some(index) = self.moved.try_remove(0) {
            self.leave_mutex(index);
        }
    }

    fn leave_mutex(&self, index: u8) {
        let since_ns = self.woken_ns.load(Relaxed) + WAKE_UP_NS;
        leave_woken(Place {
            cell: index,
            since_ns,
        });
    }
}

fn leave_woken(place: Place) {
    if let Some(cell) = TABLE.get(usize::from(place.cell)) {
        cell.take_out(place.since_ns, &cell.woken);
    }
}
