//! What is counted without a record.

use crate::record::{self, Kind};
use crate::world::{explore, spawn};

/// Two threads count in one cell while a third looks.
pub fn exact_totals_add_up() {
    explore(|| {
        let counters = [1, 2].map(|wait_ns| {
            spawn(move || {
                record::count_wait(5, Kind::Spin, wait_ns);
            })
        });
        let (waits, wait_ns) = record::exact_waits(Kind::Spin);
        assert!(waits <= 2 && wait_ns <= 3);
        for counter in counters {
            counter.join().unwrap();
        }
        assert_eq!(record::exact_waits(Kind::Spin), (2, 3));
    });
}
