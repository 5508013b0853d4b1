//! Who is inside which critical section now, as far as we know: what whoever comes next looks at.
//!
//! A critical section cannot be tried, and how its lock lies in memory is its library's
//! business. So whoever has come in leaves its name here, and takes it away before it
//! leaves. Only who is inside writes its name: an ordinary store. The section and its name
//! are one word, so of two sections that share a place only one is seen at a time, and
//! nothing is ever seen that is not so.

use super::super::waiters::GOLDEN;
use crate::atomic::{AtomicU32, AtomicU64, Ordering};

const PLACES: usize = 256;

/// Addresses of user space have 47 bits: multiplied by this they are permuted, above as many
/// zeros as a word has more.
const SCATTER: u64 = GOLDEN << 17;
/// The upper 8 bits of a scattered address are its place, the others what stands there,
/// above the thread's id: those of the kernel stay below 2²².
const PLACE_BITS: u32 = 8;
const THREAD: u64 = (1 << (17 + PLACE_BITS)) - 1;

/// One section, alone in its cache line with what is written when it is.
#[repr(align(64))]
pub(super) struct Place {
    /// The section, and the kernel's id of the thread inside; 0 none.
    inside: AtomicU64,
    /// Whether somebody has begun to wait since it came in.
    awaited: AtomicU32,
}

static TABLE: [Place; PLACES] = [const {
    Place {
        inside: AtomicU64::new(0),
        awaited: AtomicU32::new(0),
    }
}; PLACES];

/// Where a section is.
#[inline(always)]
pub(super) fn place_of(section: u64) -> Option<&'static Place> {
    TABLE.get((section.wrapping_mul(SCATTER) >> (u64::BITS - PLACE_BITS)) as usize)
}

/// How a section stands in its place.
#[inline(always)]
fn tag(section: u64) -> u64 {
    section.wrapping_mul(SCATTER) << PLACE_BITS
}

/// Who is inside this section, by what stands in its place; none when it stands not there.
#[inline(always)]
fn thread_in(word: u64, section: u64) -> Option<u32> {
    let rest = word ^ tag(section);
    u32::try_from(rest).ok().filter(|_| rest <= THREAD)
}

// Relaxed everywhere: a look that comes too late sees too little, nothing worse.
impl Place {
    /// Who is inside: the kernel's id of a thread, or 0.
    #[inline(always)]
    pub(super) fn holder(&self, section: u64) -> u32 {
        thread_in(self.inside.load(Ordering::Relaxed), section).unwrap_or(0)
    }

    /// The caller has come in.
    #[inline(always)]
    pub(super) fn enter(&self, section: u64, me: u32) {
        let word = self.inside.load(Ordering::Relaxed);
        if word == 0 || thread_in(word, section).is_some() {
            let word = tag(section) | u64::from(me) & THREAD;
            self.inside.store(word, Ordering::Relaxed);
        }
    }

    /// Somebody is about to wait for who is inside.
    pub(super) fn wait(&self) {
        self.awaited.store(1, Ordering::Relaxed);
    }

    /// The caller is about to leave; says whether somebody may wait.
    #[inline(always)]
    pub(super) fn leave(&self, section: u64) -> bool {
        if thread_in(self.inside.load(Ordering::Relaxed), section).is_none() {
            return false;
        }
        self.inside.store(0, Ordering::Relaxed);
        let is_awaited = self.awaited.load(Ordering::Relaxed) != 0;
        if is_awaited {
            self.awaited.store(0, Ordering::Relaxed);
        }
        is_awaited
    }
}

/// Forgets who is inside: while nobody looked, they may have left.
pub(super) fn forget_all() {
    for place in &TABLE {
        place.inside.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another section with the same place.
    fn namesake_of(section: u64) -> u64 {
        let place = place_of(section).map(std::ptr::from_ref);
        let shares = |other: &u64| place_of(*other).map(std::ptr::from_ref) == place;
        (section + 1..).find(shares).unwrap_or(0)
    }

    #[test]
    fn who_is_inside_is_seen_until_it_leaves() {
        let place = place_of(0x1000).unwrap();
        assert_eq!(place.holder(0x1000), 0);
        place.enter(0x1000, 7);
        assert_eq!(place.holder(0x1000), 7);
        assert!(!place.leave(0x1000));
        assert_eq!(place.holder(0x1000), 0);
        place.enter(0x1000, 8);
        place.wait();
        assert!(place.leave(0x1000));
        place.enter(0x1000, 9);
        assert!(!place.leave(0x1000));
    }

    #[test]
    fn of_two_that_share_a_place_one_is_not_seen() {
        let (first, second) = (0x2000, namesake_of(0x2000));
        let place = place_of(first).unwrap();
        place.enter(first, 7);
        assert_eq!(place.holder(second), 0);
        place.enter(second, 8);
        assert_eq!((place.holder(first), place.holder(second)), (7, 0));
        assert!(!place.leave(second));
        assert_eq!(place.holder(first), 7);
        place.leave(first);
        place.enter(second, 8);
        assert_eq!((place.holder(first), place.holder(second)), (0, 8));
        place.leave(second);
    }
}
