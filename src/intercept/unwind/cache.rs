//! Rules by code address: one table for all threads, without locks.
//!
//! Four-way sets of one word an entry. A word holds the whole of what it claims
//! (35 bits of tag and the rule), so a reader sees an entry or another entry,
//! never half of each; all accesses may be relaxed, and two writers at one place
//! cost one of them a second look at the tables. The address is scattered first:
//! functions begin at multiples of 16, and by its low bits alone most sets would
//! stay empty.

use super::rule::{Base, NEAR, Near, Rule, SavedBp};
use crate::atomic::{AtomicU64, Ordering, room};

const SETS_LOG: u32 = 12;
const WAYS: usize = 4;
const RULE_BITS: u32 = 29;
/// Code addresses of user space have 47 bits.
const ADDRESS_BITS: u32 = 47;
/// Odd, so multiplying by it permutes the addresses (2⁶⁴ divided by the golden
/// ratio). Shifted, so that the product's upper 47 bits are the scattered address.
const SCATTER: u64 = 0x9E37_79B9_7F4A_7C15 << (u64::BITS - ADDRESS_BITS);
/// Frames that a rule's bits cannot say; programs have a handful of different ones.
const LARGE_MAX: usize = room(255) as usize;

/// One set, in half a cache line.
#[repr(align(32))]
struct Set([AtomicU64; WAYS]);

/// The table.
pub(super) struct Cache {
    sets: [Set; 1 << SETS_LOG],
    large: [AtomicU64; LARGE_MAX],
    large_len: AtomicU64,
}

/// A frame of any size and form: bits 0–29 the words, bits 30–31 what they count
/// from, bits 32–63 the place of the saved frame pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LargeFrame(u64);

const LARGE_BASE_SHIFT: u32 = 30;
const LARGE_WORDS_MAX: u32 = (1 << LARGE_BASE_SHIFT) - 1;
/// No frame pointer is saved here: it would be the return address.
const LARGE_BP_KEPT: i32 = -1;
/// Nor as far away as this.
const LARGE_BP_AT_BP: i32 = i32::MIN;

impl LargeFrame {
    /// None for what has no such form.
    pub(super) fn new(base: Base, words: u32, saved_bp: SavedBp) -> Option<Self> {
        let from: u32 = match base {
            Base::Sp => 0,
            Base::Bp => 1,
            Base::WordBelowBp => 2,
        };
        let place = match saved_bp {
            SavedBp::Kept => LARGE_BP_KEPT,
            SavedBp::AtBp => LARGE_BP_AT_BP,
            SavedBp::At(place) if place != LARGE_BP_KEPT && place != LARGE_BP_AT_BP => place,
            SavedBp::At(_) => return None,
        };
        (words <= LARGE_WORDS_MAX).then_some(Self(
            u64::from(words | from << LARGE_BASE_SHIFT) | u64::from(place.cast_unsigned()) << 32,
        ))
    }

    /// What it was made from.
    pub(super) fn parts(self) -> (Base, u32, SavedBp) {
        #[allow(clippy::cast_possible_truncation, reason = "the low half is meant")]
        let low = self.0 as u32;
        #[allow(clippy::cast_possible_truncation, reason = "32 bits are left")]
        let place = ((self.0 >> 32) as u32).cast_signed();
        let base = match low >> LARGE_BASE_SHIFT {
            0 => Base::Sp,
            1 => Base::Bp,
            _ => Base::WordBelowBp,
        };
        let saved_bp = match place {
            LARGE_BP_KEPT => SavedBp::Kept,
            LARGE_BP_AT_BP => SavedBp::AtBp,
            place => SavedBp::At(place),
        };
        (base, low & LARGE_WORDS_MAX, saved_bp)
    }
}

impl Cache {
    pub(super) const fn new() -> Self {
        Self {
            sets: [const { Set([const { AtomicU64::new(0) }; WAYS]) }; 1 << SETS_LOG],
            large: [const { AtomicU64::new(0) }; LARGE_MAX],
            large_len: AtomicU64::new(0),
        }
    }

    /// The set of an address, and the tag it has there, above [`RULE_BITS`] zeros.
    #[inline(always)]
    fn place(&self, address: u64) -> (&Set, u64) {
        let scattered = address.wrapping_mul(SCATTER);
        let index = scattered >> (u64::BITS - SETS_LOG);
        // The index has SETS_LOG bits, so the mask changes nothing and spares the check.
        let set = &self.sets[index as usize & ((1 << SETS_LOG) - 1)];
        (set, scattered << SETS_LOG)
    }

    /// The rule for an address, if it is known and near: four instructions.
    #[inline(always)]
    pub(super) fn near(&self, address: u64) -> Option<Near> {
        let (set, tag) = self.place(address);
        let wanted = tag | u64::from(NEAR);
        for entry in &set.0 {
            // What differs from tag and mark is the rule, unless it is more than that.
            let bits = entry.load(Ordering::Relaxed) ^ wanted;
            if bits < u64::from(NEAR) {
                #[allow(clippy::cast_possible_truncation, reason = "28 bits are left")]
                return Some(Near::new(bits as u32));
            }
        }
        None
    }

    /// The bits of the rule for an address; 0 when it is not known.
    pub(super) fn bits(&self, address: u64) -> u32 {
        let (set, tag) = self.place(address);
        let mut entries = set
            .0
            .iter()
            .map(|entry| entry.load(Ordering::Relaxed) ^ tag);
        // An empty entry may have this tag too: then its bits say so.
        let bits = entries.find(|&bits| bits != 0 && bits < 1 << RULE_BITS);
        bits.and_then(|bits| u32::try_from(bits).ok()).unwrap_or(0)
    }

    /// Remembers a rule, in the first free place of its set or over a chance one.
    pub(super) fn put(&self, address: u64, rule: Rule) {
        let Some(bits) = rule.pack() else { return };
        let (set, tag) = self.place(address);
        let free = set
            .0
            .iter()
            .find(|entry| entry.load(Ordering::Relaxed) == 0);
        let victim = (tag >> RULE_BITS) % WAYS as u64;
        if let Some(entry) = free.or_else(|| set.0.get(usize::try_from(victim).ok()?)) {
            entry.store(tag | u64::from(bits), Ordering::Relaxed);
        }
    }

    /// A place for a large frame; none when all are taken.
    pub(super) fn put_large(&self, frame: LargeFrame) -> Option<u32> {
        let known = self
            .large
            .iter()
            .position(|place| place.load(Ordering::Relaxed) == frame.0);
        let index = match known {
            Some(index) => index,
            None => usize::try_from(self.large_len.fetch_add(1, Ordering::Relaxed)).ok()?,
        };
        // Relaxed: a reader that learns of the index before the frame is there
        // finds 0, which is no frame.
        self.large.get(index)?.store(frame.0, Ordering::Relaxed);
        u32::try_from(index).ok()
    }

    /// The large frame at a place; none while it is being written.
    pub(super) fn large(&self, index: u32) -> Option<LargeFrame> {
        let frame = self.large.get(index as usize)?.load(Ordering::Relaxed);
        (frame != 0).then_some(LargeFrame(frame))
    }

    /// Forgets everything: code was unloaded, and other code may come to its
    /// addresses. Until then a stale rule gives a wrong frame, never a wrong read.
    pub(super) fn clear(&self) {
        for entry in self.sets.iter().flat_map(|set| &set.0) {
            entry.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(cache: &Cache, address: u64) -> Option<Rule> {
        let bits = cache.bits(address);
        (bits != 0).then(|| Rule::unpack(bits))
    }

    fn rule(words: u32) -> Rule {
        Rule::Frame {
            base: Base::Sp,
            words,
            saved_bp: SavedBp::Kept,
        }
    }

    #[test]
    fn a_rule_is_found_at_its_own_address_only() {
        let cache = Box::new(Cache::new());
        assert_eq!(get(&cache, 0x5555_0000_1234), None);
        cache.put(0x5555_0000_1234, rule(3));
        assert_eq!(get(&cache, 0x5555_0000_1234), Some(rule(3)));
        assert_eq!(get(&cache, 0x5555_0000_1235), None);
        cache.clear();
        assert_eq!(get(&cache, 0x5555_0000_1234), None);
    }

    #[test]
    fn only_near_rules_are_read_the_short_way() {
        let cache = Box::new(Cache::new());
        for address in [0x7fff_1234_5678, 0x40_1000, 1] {
            assert_eq!(cache.near(address), None);
            cache.put(address, Rule::Outermost);
            assert_eq!(cache.near(address), None);
            assert_eq!(get(&cache, address), Some(Rule::Outermost));
            cache.put(address + 1, rule(5));
            let near = cache.near(address + 1).map(|near| near.distance());
            assert_eq!(near, Some(40));
        }
    }

    #[test]
    fn two_thousand_aligned_functions_fit() {
        let cache = Box::new(Cache::new());
        let address = |number: u64| 0x7f12_3456_0000 + number * 16;
        for number in 0..2000 {
            cache.put(
                address(number),
                rule(1 + u32::try_from(number).unwrap_or(0)),
            );
        }
        let known = (0..2000)
            .filter(|&number| get(&cache, address(number)).is_some())
            .count();
        assert!(known >= 1960, "{known} of 2000");
    }

    #[test]
    fn threads_that_write_at_once_never_make_a_rule_nobody_wrote() {
        let cache = Box::new(Cache::new());
        std::thread::scope(|scope| {
            for worker in 0..4_u64 {
                let cache = &cache;
                scope.spawn(move || {
                    for turn in 0..200_000_u64 {
                        let address = 0x40_0000 + (turn * 7 + worker) % 50_000;
                        let words = 1 + u32::try_from(address % 16_000).unwrap_or(0);
                        if let Some(found) = get(cache, address) {
                            assert_eq!(found, rule(words));
                        } else {
                            cache.put(address, rule(words));
                        }
                    }
                });
            }
        });
    }

    #[test]
    fn large_frames_have_places_until_they_run_out() {
        let cache = Box::new(Cache::new());
        assert_eq!(cache.large(0), None);
        let frame = |words| LargeFrame::new(Base::Sp, words, SavedBp::At(-2));
        let put = |words| frame(words).and_then(|frame| cache.put_large(frame));
        let index = put(70_000);
        let parts = index
            .and_then(|index| cache.large(index))
            .map(LargeFrame::parts);
        assert_eq!(parts, Some((Base::Sp, 70_000, SavedBp::At(-2))));
        assert_eq!(put(70_000), index);
        assert_eq!((100_000..101_000).filter_map(put).count(), LARGE_MAX - 1);
        let from_bp = LargeFrame::new(Base::Bp, 1 << 20, SavedBp::Kept).map(LargeFrame::parts);
        assert_eq!(from_bp, Some((Base::Bp, 1 << 20, SavedBp::Kept)));
        let realigned = LargeFrame::new(Base::WordBelowBp, 1, SavedBp::AtBp).map(LargeFrame::parts);
        assert_eq!(realigned, Some((Base::WordBelowBp, 1, SavedBp::AtBp)));
    }
}
