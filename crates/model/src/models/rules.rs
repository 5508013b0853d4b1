//! Rules of unwinding by address: which of them a walk may meet.

use super::cache::{Cache, LargeFrame};
use super::rule::{Base, Rule, SavedBp};
use crate::world::{explore, spawn};

static CACHE: Cache = Cache::new();

fn rule(words: u32) -> Rule {
    Rule::Frame {
        base: Base::Sp,
        words,
        saved_bp: SavedBp::Kept,
    }
}

fn found(address: u64) -> Option<Rule> {
    let bits = CACHE.bits(address);
    (bits != 0).then(|| Rule::unpack(bits))
}

/// Addresses in one set of the table.
fn set(address: u64) -> impl Iterator<Item = u64> {
    const SCATTER: u64 = 0x9E37_79B9_7F4A_7C15 << 17;
    let set_of = |address: u64| address.wrapping_mul(SCATTER) >> 52;
    (address..).filter(move |&other| set_of(other) == set_of(address))
}

/// Two threads learn rules that fight for the places of one set, and a
/// third thread walks.
pub fn a_rule_belongs_to_its_address_or_there_is_none() {
    explore(|| {
        let addresses: Vec<u64> = set(0x40_1000).take(5).collect();
        for (&address, words) in addresses.iter().zip(1..).take(3) {
            CACHE.put(address, rule(words));
        }
        let [fourth, fifth] = [addresses[3], addresses[4]];
        let writers = [
            spawn(move || CACHE.put(fourth, rule(4))),
            spawn(move || CACHE.put(fifth, rule(5))),
        ];
        for (address, words) in [(fourth, 4), (fifth, 5)] {
            assert!(found(address).is_none_or(|found| found == rule(words)));
            let near = CACHE.near(address).map(|near| near.distance());
            assert!(near.is_none_or(|distance| distance == u64::from(words) * 8));
        }
        for writer in writers {
            writer.join().unwrap();
        }
    });
}

/// Two threads find a place for the same large frame; a third knows the place already.
pub fn a_large_frame_is_there_whole_or_not_at_all() {
    explore(|| {
        let frame = |words| LargeFrame::new(Base::Sp, words, SavedBp::At(-2)).unwrap();
        let put = move |words| CACHE.put_large(frame(words)).unwrap();
        let writers = [
            spawn(move || (put(70_000), 70_000)),
            spawn(move || (put(80_000), 80_000)),
        ];
        for index in 0..2 {
            let seen = CACHE.large(index).map(LargeFrame::parts);
            let words = seen.map(|(_, words, _)| words);
            assert!(matches!(words, None | Some(70_000 | 80_000)));
        }
        for writer in writers {
            let (index, words) = writer.join().unwrap();
            assert_eq!(CACHE.large(index), Some(frame(words)));
        }
    });
}
