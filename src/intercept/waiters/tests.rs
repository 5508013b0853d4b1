//! Who waits, who is charged, and that nothing stays behind.

use super::*;

#[test]
fn a_holder_is_charged_with_the_whole_queue_and_only_once() {
    let lock = 0x1000;
    assert!(charge(lock, 7, 50).is_none());
    let (first, queue) = join(lock, 100, 3).unwrap();
    assert_eq!(queue, 1);
    let (second, queue) = join(lock, 150, 4).unwrap();
    assert_eq!(queue, 2);
    assert!(are_there(lock));
    let made = charge(lock, 7, 200).unwrap();
    assert_eq!((made.blocked_ns, made.queue, made.chance), (150, 2, 4));
    // The first one gets the lock and leaves; the other waits on.
    leave(first);
    let made = charge(lock, 8, 230).unwrap();
    assert_eq!((made.blocked_ns, made.queue), (30, 1));
    leave(second);
    assert!(!are_there(lock));
    assert!(charge(lock, 7, 300).is_none());
}

#[test]
fn a_wait_is_put_down_to_its_charges_in_proportion() {
    let lock = 0x2000;
    let (place, _) = join(lock, 1_000, 1).unwrap();
    assert_eq!(place.blame(0), Blame::default());
    charge(lock, 7, 1_100).unwrap().keep(71);
    charge(lock, 8, 2_000).unwrap().keep(81);
    let counted = (0..1_000)
        .filter(|&turn| place.blame(turn).charge == 81)
        .count();
    assert!((898..=902).contains(&counted), "{counted}");
    assert_eq!(place.blame(0).holder, 8);
    // Who begins to wait now has nothing to do with it.
    let (late, _) = join(lock, 2_000, 1).unwrap();
    assert_eq!(late.blame(0), Blame::default());
    leave(place);
    leave(late);
}

#[test]
fn a_wake_is_the_end_of_the_wait_that_it_ends_and_of_no_time_of_others() {
    let condition = 0x4000;
    assert!(wake(condition, 7, 50, 1).is_none());
    let (first, _) = join(condition, 100, 3).unwrap();
    let (second, _) = join(condition, 150, 4).unwrap();
    let made = wake(condition, 7, 200, 1).unwrap();
    assert_eq!((made.blocked_ns, made.queue, made.chance), (150, 2, 4));
    made.keep(71);
    let by_first = Blame {
        charge: 71,
        holder: 7,
    };
    assert_eq!(first.woken(), by_first);
    leave(first);
    // The other one waits on, with all of its time.
    let made = wake(condition, 8, 250, 1).unwrap();
    assert_eq!((made.blocked_ns, made.queue), (100, 1));
    // A wake that was not kept is not mistaken for one before.
    assert_eq!(
        second.woken(),
        Blame {
            charge: 0,
            holder: 8
        }
    );
    let (late, _) = join(condition, 260, 1).unwrap();
    assert_eq!(late.woken(), Blame::default());
    leave(second);
    leave(late);
    assert!(!are_there(condition));
}

/// A condition and its mutex, and so many who wait in it, since the times 100, 101, ….
fn waiting_in(condition: u64, mutex: u64, many: u64) -> Vec<Place> {
    let join = |n| join(condition, 100 + n, 5).unwrap().0;
    let places: Vec<_> = (0..many).map(join).collect();
    for place in &places {
        place.note_mutex(mutex, Kind::Mutex);
    }
    places
}

#[test]
fn who_is_woken_in_a_condition_waits_for_its_mutex_until_it_leaves() {
    let (condition, mutex) = (0x6000, 0x6040);
    let places = waiting_in(condition, mutex, 2);
    let [first, second] = places[..] else {
        panic!()
    };
    wake(condition, 7, 1_000, 1);
    let retaking = first.retaking().unwrap();
    assert_eq!((retaking.woken_ns, retaking.released_ns), (1_000, 0));
    // A holder that lets go before anybody can have woken up is to blame for nothing.
    assert!(charge(mutex, 7, 1_100).is_none());
    let made = charge(mutex, 7, 101_000 + WAKE_UP_NS).unwrap();
    // Whether it waited for the mutex it will tell itself.
    assert_eq!((made.blocked_ns, made.wanted_ns), (0, 100_000));
    assert_eq!((made.mean_ns(), made.queue), (100_000, 1));
    made.keep(71);
    let retaking = first.retaking().unwrap();
    assert_eq!(retaking.released_ns, 101_000 + WAKE_UP_NS);
    assert_eq!(retaking.place.blame(0).charge, 71);
    leave(first);
    assert!(!are_there(mutex));
    assert!(are_there(condition));
    // The other one was not woken.
    assert_eq!(second.retaking(), None);
    leave(second);
}

#[test]
fn no_more_are_moved_than_wait_and_none_stays_behind() {
    let (condition, mutex) = (0x7000, 0x7040);
    let places = waiting_in(condition, mutex, 3);
    wake(condition, 7, 1_000, 2);
    assert_eq!(charge(mutex, 7, 100_000).unwrap().queue, 2);
    wake(condition, 7, 2_000, u32::MAX);
    wake(condition, 7, 3_000, u32::MAX);
    assert_eq!(charge(mutex, 7, 200_000).unwrap().queue, 3);
    for place in places {
        leave(place);
    }
    assert!(!are_there(mutex) && !are_there(condition));
    wake(condition, 7, 4_000, u32::MAX);
    assert!(!are_there(mutex));
}

#[test]
fn who_leaves_while_it_is_woken_is_not_left_behind_either() {
    let (condition, mutex) = (0x8000, 0x8040);
    std::thread::scope(|scope| {
        for worker in 0..3_u64 {
            scope.spawn(move || {
                for turn in 1..50_000_u64 {
                    if worker == 0 {
                        wake(condition, 1, turn * 10, u32::MAX);
                    } else if let Some((place, _)) = join(condition, turn * 10, turn) {
                        place.note_mutex(mutex, Kind::Mutex);
                        leave(place);
                    }
                }
            });
        }
    });
    assert!(!are_there(condition) && !are_there(mutex));
}

#[test]
fn a_cell_passes_to_another_lock_only_when_nobody_is_in_it() {
    let lock = 0x3000;
    let first = cells(lock).next().unwrap().0;
    let mut others = (1..).map(|n| 0x10_0000 + n * 64).filter(|&other| {
        let theirs: Vec<_> = cells(other).map(|(index, _)| index).collect();
        theirs.first() == Some(&first)
    });
    let places: Vec<_> = (0..PROBES)
        .map(|_| join(others.next().unwrap(), 5, 1).unwrap().0)
        .collect();
    assert_eq!(join(lock, 9, 1), None);
    leave(places[2]);
    let (place, _) = join(lock, 9, 1).unwrap();
    assert_eq!(place.cell, places[2].cell);
    for place in [place, places[0], places[1], places[3]] {
        leave(place);
    }
}

#[test]
fn threads_that_come_and_go_leave_nothing_behind() {
    let locks = [0x5000, 0x5040, 0x5080];
    std::thread::scope(|scope| {
        for worker in 0..4_u64 {
            scope.spawn(move || {
                for turn in 1..100_000_u64 {
                    let lock = locks[((turn + worker) % 3) as usize];
                    if worker == 0 {
                        if let Some(made) = charge(lock, 1, turn * 10) {
                            assert!(made.blocked_ns < 1 << 40, "{}", made.blocked_ns);
                        }
                    } else if let Some((place, queue)) = join(lock, turn * 10, turn) {
                        assert!(queue <= 3);
                        leave(place);
                    }
                }
            });
        }
    });
    for lock in locks {
        assert!(!are_there(lock));
        let cell = cells(lock).find(|(_, cell)| cell.lock.load(Relaxed) == lock);
        if let Some((_, cell)) = cell {
            assert!(!cell.is_wanted());
        }
    }
}
