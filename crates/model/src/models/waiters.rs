//! Who waits for which lock, and who is charged.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use crate::intercept::waiters::{are_there, charge, join, leave, wake};
use crate::record::Kind;
use crate::world::{explore, spawn};

const LOCK: u64 = 0x1000;
const HOLDER: u32 = 7;

/// Two locks whose first cell is the same.
fn namesakes() -> [u64; 2] {
    let cell_of = |lock: u64| {
        let (place, _) = join(lock, 1, 0).unwrap();
        leave(place);
        place.cell
    };
    let found = Arc::new(Mutex::new(LOCK));
    let into = Arc::clone(&found);
    explore(move || {
        let cell = cell_of(LOCK);
        let mut others = (1..).map(|n| LOCK + n * 64);
        let other = others.find(|&lock| cell_of(lock) == cell);
        *into.lock().unwrap() = other.unwrap();
    });
    [LOCK, *found.lock().unwrap()]
}

/// Nobody waits, and no time is left over that would be charged to the next holder.
fn check_nothing_is_left(lock: u64) {
    assert!(!are_there(lock));
    let (place, queue) = join(lock, 5000, 0).unwrap();
    assert_eq!(queue, 1);
    assert_eq!(charge(lock, HOLDER, 5100).unwrap().blocked_ns, 100);
    leave(place);
}

/// Threads that wait for different locks come to one cell.
pub fn a_cell_serves_one_lock_at_a_time_and_keeps_no_time_of_another() {
    let locks = namesakes();
    explore(move || {
        let inside: Rc<RefCell<Vec<(u8, u64)>>> = Rc::default();
        let wait = |lock: u64, inside: Rc<RefCell<Vec<(u8, u64)>>>| {
            let Some((place, _)) = join(lock, 100, 0) else {
                return;
            };
            let mine = (place.cell, lock);
            let is_other = |other: &(u8, u64)| other.0 == mine.0 && other.1 != mine.1;
            assert!(!inside.borrow().iter().any(is_other), "two in one cell");
            inside.borrow_mut().push(mine);
            charge(lock, HOLDER, 200);
            let mut inside = inside.borrow_mut();
            let at = inside.iter().position(|other| *other == mine).unwrap();
            inside.remove(at);
            drop(inside);
            leave(place);
        };
        let other = Rc::clone(&inside);
        let other = spawn(move || wait(locks[1], other));
        wait(locks[0], inside);
        other.join().unwrap();
        check_nothing_is_left(locks[0]);
        check_nothing_is_left(locks[1]);
    });
}

/// A holder charges itself while another thread begins to wait: what it is not charged with,
/// the next one is.
pub fn what_is_charged_and_what_remains_is_what_was_waited() {
    explore(|| {
        let (first, _) = join(LOCK, 100, 0).unwrap();
        let late = spawn(|| join(LOCK, 150, 0).unwrap().0);
        let holder = spawn(|| charge(LOCK, HOLDER, 200).map_or(0, |made| made.blocked_ns));
        let (late, charged_ns) = (late.join().unwrap(), holder.join().unwrap());
        let rest = charge(LOCK, HOLDER, 300).unwrap();
        assert_eq!((charged_ns + rest.blocked_ns, rest.queue), (200 + 150, 2));
        leave(first);
        leave(late);
        check_nothing_is_left(LOCK);
    });
}

/// Two holders, one after the other, charge themselves at once.
pub fn nothing_is_charged_to_two_holders() {
    explore(|| {
        let (first, _) = join(LOCK, 100, 0).unwrap();
        let holder = spawn(|| charge(LOCK, HOLDER, 200).map_or(0, |made| made.blocked_ns));
        let next_ns = charge(LOCK, HOLDER + 1, 250).map_or(0, |made| made.blocked_ns);
        assert_eq!(holder.join().unwrap() + next_ns, 150);
        leave(first);
        check_nothing_is_left(LOCK);
    });
}

/// Somebody's wait ends while the holder charges itself: one wait's time may be lost or
/// counted twice, and no more.
pub fn who_leaves_meanwhile_spoils_one_wait_at_most() {
    explore(|| {
        let (leaver, _) = join(LOCK, 100, 0).unwrap();
        let (stayer, _) = join(LOCK, 150, 0).unwrap();
        let other = spawn(move || leave(leaver));
        let made = charge(LOCK, HOLDER, 200).unwrap();
        other.join().unwrap();
        assert!(matches!((made.queue, made.blocked_ns), (1, 50) | (2, 150)));
        let charged_ns = |now_ns| charge(LOCK, HOLDER, now_ns).map_or(0, |made| made.blocked_ns);
        let next_ns = charged_ns(450);
        assert!((250 - 100..=250 + 100).contains(&next_ns), "{next_ns}");
        assert_eq!(charged_ns(460), 10);
        leave(stayer);
        check_nothing_is_left(LOCK);
    });
}

/// A wait ends while the charge that it would be put down to makes room for another.
pub fn a_kept_charge_has_its_own_times() {
    explore(|| {
        let (waiter, _) = join(LOCK, 1_000, 0).unwrap();
        for (number, now_ns) in [(71, 1_001), (81, 2_000), (91, 3_000)] {
            charge(LOCK, HOLDER, now_ns).unwrap().keep(number);
        }
        let holder = spawn(|| charge(LOCK, HOLDER, 100_000).unwrap().keep(101));
        // At 0.24 of the whole: the first of them has less before, and 0.98 afterwards.
        let blamed = waiter.blame(2).charge;
        assert!(matches!(blamed, 81 | 101), "{blamed}");
        holder.join().unwrap();
        leave(waiter);
        check_nothing_is_left(LOCK);
    });
}

/// The last one leaves in the middle of a charge, and another lock gets the cell.
pub fn a_cell_passes_on_without_the_time_of_another_lock() {
    let [lock, next] = namesakes();
    explore(move || {
        let (leaver, _) = join(lock, 100, 0).unwrap();
        let holder = spawn(move || charge(lock, HOLDER, 200).is_some());
        let leaver = spawn(move || leave(leaver));
        let joined = join(next, 1000, 0);
        if let Some((place, queue)) = joined {
            assert_eq!(queue, 1);
            assert_eq!(charge(next, HOLDER, 1100).unwrap().blocked_ns, 100);
            leave(place);
        }
        holder.join().unwrap();
        leaver.join().unwrap();
        check_nothing_is_left(lock);
    });
}

const COND: u64 = 0x2000;

/// Somebody leaves a condition while another is signalled there, and moved to the mutex that
/// both want back: who has left does not wait for it.
pub fn who_leaves_a_condition_waits_for_its_mutex_no_more() {
    explore(|| {
        let (waiter, _) = join(COND, 100, 0).unwrap();
        waiter.note_mutex(LOCK, Kind::Mutex);
        let leaver = spawn(move || leave(waiter));
        wake(COND, HOLDER, 200, 1);
        leaver.join().unwrap();
        assert!(!are_there(COND));
        check_nothing_is_left(LOCK);
    });
}

/// Two signal at once, and one waiter is there: the mutex has one waiter at most.
pub fn as_many_wait_for_the_mutex_as_for_the_condition() {
    explore(|| {
        let (waiter, _) = join(COND, 100, 0).unwrap();
        waiter.note_mutex(LOCK, Kind::Mutex);
        let other = spawn(|| wake(COND, HOLDER, 200, 1).is_some());
        wake(COND, HOLDER + 1, 250, 1);
        other.join().unwrap();
        let (looker, queue) = join(LOCK, 300, 0).unwrap();
        // Fewer, where each of the two has found another cell for the mutex.
        assert!(queue <= 2, "{queue}");
        leave(looker);
        leave(waiter);
        assert!(!are_there(COND));
        check_nothing_is_left(LOCK);
    });
}
