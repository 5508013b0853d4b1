//! Who is inside which critical section, and where the calls of OpenMP lead.

use std::ffi::c_void;

use super::{inside, known};
use crate::world::{explore, explore_word, spawn};

/// Two sections that share a place.
fn namesakes() -> [u64; 2] {
    let place_of = |section: u64| inside::place_of(section).map(std::ptr::from_ref);
    let place = place_of(0x1000);
    let other = (0x1001..).find(|&other| place_of(other) == place);
    [0x1000, other.unwrap()]
}

/// Threads are in different sections that share a place, and a third looks.
pub fn nobody_is_seen_in_a_section_where_it_is_not() {
    let [first, second] = namesakes();
    explore_word(move || {
        let stay = |section: u64, me: u32| {
            let place = inside::place_of(section).unwrap();
            place.enter(section, me);
            place.leave(section);
        };
        let place = inside::place_of(first).unwrap();
        let threads = [
            spawn(move || stay(first, 7)),
            spawn(move || stay(second, 8)),
        ];
        assert!(matches!(place.holder(first), 0 | 7));
        assert!(matches!(place.holder(second), 0 | 8));
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!((place.holder(first), place.holder(second)), (0, 0));
    });
}

/// Two calls fight for one place in the table while a third thread makes the first one again.
pub fn a_call_is_led_to_its_own_function_or_looked_up() {
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let place_of = |key: u64| key.wrapping_mul(GOLDEN) >> 54;
    let second = (2..).find(|&other| place_of(other) == place_of(1)).unwrap();
    let function = |key: u64| {
        let address = usize::try_from(key).unwrap() * 16;
        std::ptr::without_provenance::<c_void>(address)
    };
    explore(move || {
        known::remember(1, function(1));
        let others = [
            spawn(move || {
                known::remember(second, function(second));
                known::remember(1, function(1));
            }),
            spawn(move || known::remember(second, function(second))),
        ];
        let led = known::target(1);
        assert!(led.is_none_or(|led| led == function(1)), "{led:?}");
        for other in others {
            other.join().unwrap();
        }
    });
}
