//! Where the life of a lock begins and ends, whatever its kind.

use super::capture::{self, Caller};
use super::visit::Visit;
use super::{Lock, thread};
use crate::record::{self, Record, Role};

/// Frames of the place where a lock was initialised that are kept: enough to name it
/// after somebody who does more than wrap this call.
const INIT_FRAMES: usize = 4;

/// Tells where a lock was initialised: its name, when it is no named object.
pub(super) fn note_init(lock: Lock, caller: Caller) {
    let Some(visit) = Visit::begin(caller) else {
        return;
    };
    visit.forget(lock.address);
    if record::is_half_full() || !visit.try_book_remark() {
        return;
    }
    let mut record = Record::new(Role::Init, lock.kind, lock.address);
    let thread = visit.thread();
    capture::stack(thread, caller, INIT_FRAMES, &mut record.frames);
    thread::hand_in(thread, &mut record);
}

/// The lock at this address is gone.
pub(super) fn forget(address: u64, caller: Caller) {
    if let Some(visit) = Visit::begin(caller) {
        visit.forget(address);
    }
}
