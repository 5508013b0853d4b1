//! Who waits now, as whoever looks from outside sees it.

use super::{TABLE, count, total_ns};
use crate::atomic::Ordering::Relaxed;
use crate::intercept::{layout, rwlock};
use crate::record::{KINDS, Kind, Waiting};

/// Shows who waits now, lock by lock. Called by a thread of ours: the program's own
/// change it all the while, so one look is not the next.
pub(crate) fn look(now_ns: u64, see: &mut dyn FnMut(Waiting)) {
    for cell in &TABLE {
        let lock = cell.lock.load(Relaxed);
        let word = cell.waiting.load(Relaxed);
        let kind = KINDS.get(usize::from(cell.kind.load(Relaxed)));
        if let (Some(queue @ 1..), Some(&kind)) = (u32::try_from(count(word)).ok(), kind) {
            see(Waiting {
                lock,
                kind,
                queue,
                mean_ns: total_ns(word, now_ns) / u64::from(queue),
                owner_at: owner_at(kind, lock),
            });
        }
    }
}

/// Where in memory it stands who holds a lock; 0 where nothing does.
fn owner_at(kind: Kind, lock: u64) -> u64 {
    match kind {
        Kind::Mutex | Kind::Recursive | Kind::ErrorCheck | Kind::Adaptive => {
            lock + layout::OWNER_OFFSET
        }
        Kind::RwlockRead | Kind::RwlockWrite => lock + rwlock::WRITER_OFFSET,
        _ => 0,
    }
}
