//! Calls whose locks the user's filters leave out, by return address: found out by our
//! thread, so that the host's threads need not take stacks there.
//!
//! One word an entry, in sets of four: a reader sees an entry or none, so its accesses
//! may be relaxed. What finds no place is not lost: our thread drops its records.

use crate::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence, room};

const SETS_LOG: u32 = room(256).ilog2();
const WAYS: usize = 4;
/// 2⁶⁴ divided by the golden ratio: scatters addresses, which are multiples of little.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Return addresses; 0 is none.
struct Table([[AtomicU64; WAYS]; 1 << SETS_LOG]);

static TABLE: Table = Table::new();
/// Whether there is any: nearly always not.
static ANY: AtomicBool = AtomicBool::new(false);
/// Counts how often code was unloaded, and other code may lie at its addresses.
static UNLOADED: AtomicU32 = AtomicU32::new(0);

impl Table {
    const fn new() -> Self {
        Self([const { [const { AtomicU64::new(0) }; WAYS] }; 1 << SETS_LOG])
    }

    fn set(&self, address: u64) -> &[AtomicU64] {
        let index = address.wrapping_mul(GOLDEN) >> (u64::BITS - SETS_LOG);
        let set = usize::try_from(index)
            .ok()
            .and_then(|index| self.0.get(index));
        set.map_or(&[], |set| set)
    }

    fn has(&self, address: u64) -> bool {
        let mut set = self.set(address).iter();
        set.any(|place| place.load(Ordering::Relaxed) == address)
    }

    /// Only one thread at a time does this.
    fn put(&self, address: u64) {
        let mut set = self.set(address).iter();
        if let Some(place) = set.find(|place| place.load(Ordering::Relaxed) == 0) {
            place.store(address, Ordering::Relaxed);
        }
    }

    /// Only the one that put it there does this.
    fn take_out(&self, address: u64) {
        let mut set = self.set(address).iter();
        if let Some(place) = set.find(|place| place.load(Ordering::Relaxed) == address) {
            place.store(0, Ordering::Relaxed);
        }
    }

    fn clear(&self) {
        for place in self.0.iter().flatten() {
            place.store(0, Ordering::Relaxed);
        }
    }
}

/// Whether all that is called from this return address is left out.
#[inline]
pub(crate) fn is_left_out(return_address: u64) -> bool {
    ANY.load(Ordering::Relaxed) && return_address != 0 && TABLE.has(return_address)
}

/// Whether anything may be.
#[inline]
pub(crate) fn leaves_out_any() -> bool {
    ANY.load(Ordering::Relaxed)
}

/// From now on all that is called from this return address is left out. That was found out
/// when code had been unloaded so often.
pub(crate) fn leave_out_at(return_address: u64, unloaded: u32) {
    if return_address == 0 || TABLE.has(return_address) {
        return;
    }
    TABLE.put(return_address);
    ANY.store(true, Ordering::Relaxed);
    // SeqCst pairs with that of `forget_code`: either it sees the address and clears it, or
    // the load below sees that the address may be another's.
    fence(Ordering::SeqCst);
    if UNLOADED.load(Ordering::Relaxed) != unloaded {
        TABLE.take_out(return_address);
    }
}

/// Code was unloaded: nothing is known of what will lie there.
pub(crate) fn forget_code() {
    UNLOADED.fetch_add(1, Ordering::Relaxed);
    // SeqCst pairs with that of `leave_out_at`.
    fence(Ordering::SeqCst);
    if ANY.swap(false, Ordering::Relaxed) {
        TABLE.clear();
    }
}

/// How often code has been unloaded.
pub(crate) fn unloaded() -> u32 {
    UNLOADED.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_there_until_it_is_cleared_and_nothing_else() {
        let table = Table::new();
        let address = |number: u64| 0x7f12_3456_0001 + number * 16;
        for number in 0..200 {
            table.put(address(number));
        }
        let there = (0..200)
            .filter(|&number| table.has(address(number)))
            .count();
        assert!(there >= 190, "{there} of 200");
        assert!((200..1000).all(|number| !table.has(address(number))));
        table.clear();
        assert!((0..200).all(|number| !table.has(address(number))));
    }

    #[test]
    fn a_full_table_declines_what_is_more() {
        let table = Table::new();
        for address in 1..10_000 {
            table.put(address);
        }
        assert_eq!(
            (1..10_000).filter(|&address| table.has(address)).count(),
            1024
        );
    }
}
