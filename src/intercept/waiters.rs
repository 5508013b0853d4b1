//! Who waits for which lock just now, and what whoever releases it is to blame for.
//!
//! A waiter enters its lock's cell when it begins to wait and leaves it at the end.
//! A holder that finds somebody waiting charges itself, when it lets go, with all the
//! waiting since the last such charge: every waiter's, the whole queue's. The charges
//! that are kept get a number, under which a waiter finds afterwards who made it wait.
//!
//! There are few cells, since few locks are waited for at once, and no lock: the
//! number of waiters and the sum of the times at which they began are one word,
//! which is only added to (`crowd.rs`). A charge sets all of these times to now, so what
//! races got wrong is forgotten with the next one. Where no cell is to be had, the blame
//! is unknown, and nothing else is.

mod crowd;
mod look;
mod moved;
#[cfg(test)]
mod tests;

use self::crowd::Crowd;

pub(crate) use self::look::look;
pub(crate) use self::moved::{Retaking, WAKE_UP_NS};
use crate::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use crate::atomic::{AtomicU8, AtomicU32, AtomicU64, fence, room};
use crate::record::Kind;

/// A wait from which on what we do for it is a small part of it.
pub(super) const LONG_NS: u64 = 20_000;
/// How many locks can be waited for at once; 64 KiB, touched only where used.
const CELLS: usize = 255;
/// Cells that a lock may be in, from a first one on.
const PROBES: usize = room(4) as usize;
/// Kept charges that a cell remembers.
const KEPT: usize = 3;
/// Stands in a cell that is passing from one lock to another; no lock lies here.
const PASSING: u64 = 1;
/// 2⁶⁴ divided by the golden ratio: scatters addresses, and spreads multiples evenly.
pub(super) const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The waiters for one lock.
#[repr(align(128))]
struct Cell {
    /// Address of the lock that is, or was last, waited for.
    lock: AtomicU64,
    /// Those who wait.
    waiting: Crowd,
    /// Those who were woken in a condition and want this mutex back: whether they wait for
    /// it, or for a processor, nobody knows before they have it.
    woken: Crowd,
    /// When they were charged to a holder last.
    charged_ns: AtomicU64,
    /// A number drawn by chance by the one who came last: holder and waiter decide by
    /// the same one what to keep, so that what belongs together is kept together.
    chance: AtomicU64,
    /// When waits that are not for a lock were ended last, by that holder.
    woken_ns: AtomicU64,
    /// The kernel's id of that holder.
    holder: AtomicU32,
    next: AtomicU32,
    kept: [Kept; KEPT],
    /// What sort of lock it is; for whoever looks on.
    kind: AtomicU8,
    moved: moved::Moved,
}

/// A charge that was kept: who waited between these times, waited for it.
struct Kept {
    number: AtomicU64,
    begin_ns: AtomicU64,
    end_ns: AtomicU64,
}

impl Cell {
    const fn new() -> Self {
        Self {
            lock: AtomicU64::new(0),
            waiting: Crowd::new(),
            woken: Crowd::new(),
            charged_ns: AtomicU64::new(0),
            chance: AtomicU64::new(0),
            woken_ns: AtomicU64::new(0),
            holder: AtomicU32::new(0),
            next: AtomicU32::new(0),
            kept: [const {
                Kept {
                    number: AtomicU64::new(0),
                    begin_ns: AtomicU64::new(0),
                    end_ns: AtomicU64::new(0),
                }
            }; KEPT],
            kind: AtomicU8::new(0),
            moved: moved::Moved::new(),
        }
    }
}

static TABLE: [Cell; CELLS] = [const { Cell::new() }; CELLS];

/// The cells a lock may be in.
fn cells(lock: u64) -> impl Iterator<Item = (u8, &'static Cell)> {
    let first = (lock.wrapping_mul(GOLDEN) >> 48) as usize;
    (0..PROBES).filter_map(move |probe| {
        let index = (first + probe) % CELLS;
        Some((u8::try_from(index).ok()?, TABLE.get(index)?))
    })
}

/// A thread's place in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Index of the cell.
    pub(crate) cell: u8,
    /// When the wait began.
    pub(crate) since_ns: u64,
}

/// Begins to wait; says where, and how many wait then. None when nobody knows.
/// `chance` decides what is kept of it.
pub(crate) fn join(lock: u64, now_ns: u64, chance: u64) -> Option<(Place, u32)> {
    join_crowd(lock, now_ns, chance, |cell| &cell.waiting)
}

fn join_crowd(
    lock: u64,
    now_ns: u64,
    chance: u64,
    crowd: impl Fn(&Cell) -> &Crowd,
) -> Option<(Place, u32)> {
    let joined = |(index, cell): (u8, &Cell)| {
        let before = cell.try_join(lock, now_ns, crowd(cell))?;
        cell.chance.store(chance, Relaxed);
        let place = Place {
            cell: index,
            since_ns: now_ns,
        };
        Some((place, u32::try_from(before + 1).ok()?))
    };
    cells(lock).find_map(joined).or_else(|| {
        let mut free = cells(lock).filter(|(_, cell)| cell.try_take(lock));
        free.next().and_then(joined)
    })
}

impl Place {
    /// Tells whoever looks on what sort of lock it is.
    pub(crate) fn note_kind(self, kind: Kind) {
        if let Some(cell) = TABLE.get(usize::from(self.cell)) {
            cell.kind.store(kind as u8, Relaxed);
        }
    }
}

/// Ends a wait.
pub(crate) fn leave(place: Place) {
    if let Some(cell) = TABLE.get(usize::from(place.cell)) {
        cell.leave(place.since_ns);
    }
}

impl Cell {
    /// Whether anybody wants this lock.
    fn is_wanted(&self) -> bool {
        self.waiting.count() != 0 || self.woken.count() != 0
    }

    /// Joins a crowd of this cell, if it is the lock's; says how many there were.
    fn try_join(&self, lock: u64, now_ns: u64, crowd: &Crowd) -> Option<u64> {
        if self.lock.load(Relaxed) != lock {
            return None;
        }
        // SeqCst pairs with `try_take`: either it sees this waiter, or the load
        // below sees that the cell is passing on.
        let before = crowd.add(now_ns);
        if self.lock.load(SeqCst) != lock || before.is_none() {
            // A holder may have charged itself with this wait too.
            self.take_out(now_ns, crowd);
            return None;
        }
        before
    }

    /// Takes the cell for a lock, if nobody is in it.
    fn try_take(&self, lock: u64) -> bool {
        let before = self.lock.load(Relaxed);
        if before == PASSING || self.is_wanted() {
            return false;
        }
        let taken = self.lock.compare_exchange(before, PASSING, SeqCst, Relaxed);
        if taken.is_err() {
            return false;
        }
        // What races have left behind is no time of this lock's.
        if !self.waiting.try_clear() || !self.woken.try_clear() {
            self.lock.store(before, SeqCst);
            return false;
        }
        self.charged_ns.store(0, Relaxed);
        self.woken_ns.store(0, Relaxed);
        self.holder.store(0, Relaxed);
        self.moved.forget_mutex();
        for kept in &self.kept {
            kept.number.store(0, Relaxed);
        }
        self.lock.store(lock, SeqCst);
        true
    }

    fn leave(&self, since_ns: u64) {
        self.take_out(since_ns, &self.waiting);
        self.take_back();
    }

    /// Takes a waiter out of its crowd.
    fn take_out(&self, since_ns: u64, crowd: &Crowd) {
        // After a charge it counts from then, as if it had begun to wait there.
        crowd.remove(since_ns.max(self.charged_ns.load(Relaxed)));
    }
}

/// What a holder is to blame for.
pub(crate) struct Charge {
    cell: &'static Cell,
    /// When it was made.
    pub(crate) end_ns: u64,
    /// The time from which on it counts.
    begin_ns: u64,
    /// Waiting of all who wait.
    pub(crate) blocked_ns: u64,
    /// The same with those who were woken to take this mutex back, should they wait.
    pub(crate) wanted_ns: u64,
    /// How many all of them are.
    pub(crate) queue: u32,
    /// By which it is decided whether it is kept.
    pub(crate) chance: u64,
}

/// The cell of a lock that somebody wants.
fn wanted(lock: u64) -> Option<&'static Cell> {
    let mut of_lock = cells(lock).filter(|(_, cell)| cell.lock.load(Relaxed) == lock);
    of_lock
        .find(|(_, cell)| cell.is_wanted())
        .map(|(_, cell)| cell)
}

/// Whether somebody waits for a lock; asked before the clock is.
pub(crate) fn are_there(lock: u64) -> bool {
    wanted(lock).is_some()
}

/// Whether somebody waits for something else than a lock, and was not woken yet.
pub(crate) fn are_asleep(object: u64) -> bool {
    wanted(object).is_some_and(Cell::has_sleepers)
}

/// Charges the holder of a lock with all waiting for it since the last charge.
pub(crate) fn charge(lock: u64, holder: u32, now_ns: u64) -> Option<Charge> {
    let cell = wanted(lock)?;
    let (blocked_ns, waiting) = cell.waiting.charge(now_ns)?;
    let (woken_ns, woken) = cell.woken.charge(now_ns).unwrap_or_default();
    let begin_ns = cell.charged_ns.load(Relaxed);
    cell.charged_ns.store(now_ns, Relaxed);
    cell.holder.store(holder, Relaxed);
    let wanted_ns = blocked_ns + woken_ns;
    (wanted_ns != 0).then_some(Charge {
        cell,
        end_ns: now_ns,
        begin_ns,
        blocked_ns,
        wanted_ns,
        queue: u32::try_from(waiting + woken).unwrap_or(u32::MAX),
        chance: cell.chance.load(Relaxed),
    })
}

/// Somebody ends waits that are not for a lock, of so many threads at most. Who waits on
/// goes on with the time it has: unlike after a release it is not another's fault now.
pub(crate) fn wake(object: u64, waker: u32, now_ns: u64, most: u32) -> Option<Charge> {
    let cell = wanted(object).filter(|cell| cell.has_sleepers())?;
    let (blocked_ns, queue) = cell.waiting.total(now_ns);
    cell.holder.store(waker, Relaxed);
    cell.woken_ns.store(now_ns, Relaxed);
    cell.move_waiters(most, now_ns);
    Some(Charge {
        cell,
        end_ns: now_ns,
        begin_ns: 0,
        blocked_ns,
        wanted_ns: blocked_ns,
        queue: u32::try_from(queue).unwrap_or(u32::MAX),
        chance: cell.chance.load(Relaxed),
    })
}

impl Charge {
    /// How long each of the queue has waited, on average.
    pub(crate) fn mean_ns(&self) -> u64 {
        self.wanted_ns / u64::from(self.queue.max(1))
    }

    /// Lets those who waited find it.
    pub(crate) fn keep(&self, number: u64) {
        let next = self.cell.next.fetch_add(1, Relaxed) as usize;
        if let Some(kept) = self.cell.kept.get(next % KEPT) {
            kept.put(number, self.begin_ns, self.end_ns);
        }
    }
}

impl Kept {
    fn put(&self, number: u64, begin_ns: u64, end_ns: u64) {
        self.number.store(0, Relaxed);
        // Release here pairs with the second Acquire of `get`: who sees one of these times
        // sees that the number before is gone; and below with the first: they belong to it.
        fence(Release);
        self.begin_ns.store(begin_ns, Relaxed);
        self.end_ns.store(end_ns, Relaxed);
        self.number.store(number, Release);
    }

    /// The number and its times; none while they change.
    fn get(&self) -> Option<(u64, u64, u64)> {
        let number = self.number.load(Acquire);
        let begin_ns = self.begin_ns.load(Relaxed);
        let end_ns = self.end_ns.load(Relaxed);
        fence(Acquire);
        let is_whole = number != 0 && self.number.load(Relaxed) == number;
        is_whole.then_some((number, begin_ns, end_ns))
    }
}

/// What a waiter learns at the end of its wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blame {
    /// The number of the charge its wait is put down to; 0 unknown. Of several, one
    /// in turn, each as often as is the time it took.
    pub(crate) charge: u64,
    /// The kernel's id of the thread that released the lock last; 0 unknown.
    pub(crate) holder: u32,
}

impl Place {
    /// Who ended this wait, which is not for a lock: whoever woke somebody last. (Of
    /// several that wake at once each counts for its own; who is woken cannot be seen.)
    pub(crate) fn woken(self) -> Blame {
        let Some(cell) = TABLE.get(usize::from(self.cell)) else {
            return Blame::default();
        };
        let woken_ns = cell.woken_ns.load(Relaxed);
        if woken_ns <= self.since_ns {
            return Blame::default();
        }
        let mut kept = cell.kept.iter().rev().filter_map(Kept::get);
        let charge = kept.find(|(_, _, end_ns)| *end_ns == woken_ns);
        Blame {
            charge: charge.map_or(0, |(number, _, _)| number),
            holder: cell.holder.load(Relaxed),
        }
    }

    /// Whom this wait is put down to. A `turn` is the number of the thread's waits so
    /// far: of its multiples of the golden ratio, every part of the whole gets its
    /// share sooner than of random numbers.
    pub(crate) fn blame(self, turn: u32) -> Blame {
        let Some(cell) = TABLE.get(usize::from(self.cell)) else {
            return Blame::default();
        };
        let charges = || {
            cell.kept.iter().filter_map(|kept| {
                let (number, begin_ns, end_ns) = kept.get()?;
                let part_ns = end_ns.checked_sub(begin_ns.max(self.since_ns))?;
                (part_ns != 0).then_some((number, part_ns))
            })
        };
        let whole_ns: u64 = charges().map(|(_, part_ns)| part_ns).sum();
        let place = u128::from(u64::from(turn).wrapping_mul(GOLDEN)) * u128::from(whole_ns);
        let mut point_ns = u64::try_from(place >> u64::BITS).unwrap_or(0);
        let hit = charges().find(|(_, part_ns)| {
            let is_here = point_ns < *part_ns;
            point_ns = point_ns.wrapping_sub(*part_ns);
            is_here
        });
        let is_charged = cell.charged_ns.load(Relaxed) > self.since_ns;
        Blame {
            charge: hit.map_or(0, |(number, _)| number),
            holder: if is_charged {
                cell.holder.load(Relaxed)
            } else {
                0
            },
        }
    }
}

/// In a forked child: nobody waits any more.
pub(crate) fn forget_all() {
    for cell in &TABLE {
        // What was never touched stays untouched.
        if cell.lock.load(Relaxed) != 0 {
            cell.lock.store(0, Relaxed);
            cell.waiting.forget();
            cell.woken.forget();
            cell.moved.forget();
        }
    }
}
