//! Who waits now, as whoever looks from outside sees it.

use super::TABLE;
use crate::atomic::Ordering::Relaxed;
use crate::intercept::{layout, rwlock};
use crate::record::{KINDS, Kind, Waiting};

/// Shows who waits now, lock by lock. Called by a thread of ours: the program's own
/// change it all the while, so one look is not the next.
pub(crate) fn look(now_ns: u64, see: &mut dyn FnMut(Waiting)) {
    for cell in &TABLE {
        let lock = cell.lock.load(Relaxed);
        let (waiting_ns, waiting) = cell.waiting.total(now_ns);
        let (woken_ns, woken) = cell.woken.total(now_ns);
        let kind = KINDS.get(usize::from(cell.kind.load(Relaxed)));
        let queue = u32::try_from(waiting + woken).ok();
        if let (Some(queue @ 1..), Some(&kind)) = (queue, kind) {
            see(Waiting {
                lock,
                kind,
                queue,
                mean_ns: (waiting_ns + woken_ns) / u64::from(queue),
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
