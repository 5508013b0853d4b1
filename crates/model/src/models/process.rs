//! One value per process, made by whoever comes first.

use loom::sync::atomic::{AtomicU64, Ordering};

use crate::per_process::PerProcess;
use crate::world::{explore, spawn};

/// A value that is complete when it holds this.
const COMPLETE: u64 = 7;

static VALUE: PerProcess<AtomicU64> = PerProcess::new();

fn make() -> Option<AtomicU64> {
    let made = AtomicU64::new(0);
    made.store(COMPLETE, Ordering::Relaxed);
    Some(made)
}

fn is_complete(value: &AtomicU64) -> bool {
    value.load(Ordering::Relaxed) == COMPLETE
}

/// Two threads make it, or find it made; a third puts another in its place.
pub fn whoever_gets_the_value_gets_it_complete() {
    explore(|| {
        let made = || VALUE.get_or_try_make(make);
        let makers = [
            spawn(move || made().is_some_and(is_complete)),
            spawn(move || {
                let before = VALUE.put(make().unwrap());
                before.is_none_or(is_complete)
            }),
        ];
        assert!(made().is_some_and(is_complete));
        for maker in makers {
            assert!(maker.join().unwrap());
        }
    });
}

/// Two threads make one each: both go on with the same.
pub fn of_two_values_that_are_made_one_is_kept() {
    explore(|| {
        let made = || VALUE.get_or_try_make(make).map(std::ptr::from_ref);
        let other = spawn(made);
        let mine = made();
        assert!(mine.is_some() && mine == other.join().unwrap());
    });
}
