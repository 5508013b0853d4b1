//! The way of records from the host's threads to ours.

use std::cell::RefCell;
use std::rc::Rc;

use crate::record::{self, Kind, Loss, Record, Role};
use crate::world::{explore, in_one_step, spawn};

/// Records that were handed over, and those that were taken out.
#[derive(Clone, Default)]
struct Told(Rc<RefCell<(Vec<u64>, Vec<u64>)>>);

impl Told {
    fn push(&self, lock: u64) {
        let mut sent = Record::new(Role::Acquire, Kind::Mutex, lock);
        (sent.weight, sent.frames) = (1.0, [lock, lock + 1].into_iter().collect());
        if record::try_push(&sent) {
            self.0.borrow_mut().0.push(lock);
        } else {
            record::lose_record(Loss::QueueFull, &sent);
        }
    }

    fn take(&self) -> bool {
        record::take(|record| {
            assert_eq!(record.frames.as_slice(), [record.lock, record.lock + 1]);
            self.0.borrow_mut().1.push(record.lock);
        })
    }

    /// All that was handed over has been taken out, once, and all else is counted.
    fn check(&self, tried: usize) {
        while self.take() {}
        let (pushed, taken) = &mut *self.0.borrow_mut();
        pushed.sort_unstable();
        taken.sort_unstable();
        assert_eq!(pushed, taken);
        let lost: usize = record::all_lost()
            .filter_map(|lost| lost.split(' ').next()?.parse::<usize>().ok())
            .sum();
        assert_eq!(pushed.len() + lost, tried);
    }
}

/// Two threads of the host hand over more than there is room for, while ours takes out.
pub fn a_record_is_read_whole_and_once_or_counted_as_lost() {
    explore(|| {
        let told = Told::default();
        let (first, second) = (told.clone(), told.clone());
        let pushers = [
            spawn(move || {
                first.push(0x10);
                first.push(0x20);
            }),
            spawn(move || second.push(0x30)),
        ];
        told.take();
        for pusher in pushers {
            pusher.join().unwrap();
        }
        told.check(3);
    });
}

/// A thread of the host makes room while ours drains.
pub fn two_that_drain_at_once_share_the_records() {
    explore(|| {
        let told = Told::default();
        told.push(0x10);
        told.push(0x20);
        let (host, ours) = (told.clone(), told.clone());
        let threads = [
            spawn(move || {
                host.push(0x30);
                host.take();
            }),
            spawn(move || {
                ours.take();
                ours.take();
            }),
        ];
        for thread in threads {
            thread.join().unwrap();
        }
        told.check(3);
    });
}

/// Our thread begins, and puts a larger queue in the place of the first one.
pub fn nothing_is_lost_when_the_queue_grows() {
    explore(|| {
        let told = Told::default();
        let (host, ours) = (told.clone(), told.clone());
        let threads = [
            spawn(move || {
                host.push(0x10);
                host.push(0x20);
            }),
            spawn(move || {
                record::widen();
                ours.take();
            }),
        ];
        for thread in threads {
            thread.join().unwrap();
        }
        told.check(2);
    });
}

/// A forked child leaves everything behind while a thread that it does not have is half-way
/// through: what the child tells from then on comes through, and nothing comes twice.
pub fn what_follows_a_fork_comes_through() {
    explore(|| {
        let told = Told::default();
        let absent = Told::default();
        absent.push(0x10);
        let half_way = spawn(move || {
            absent.push(0x20);
        });
        // For a child it is one step: it has no other thread.
        in_one_step(record::forget_all);
        told.push(0x30);
        let mut seen = Vec::new();
        while record::take(|record| seen.push(record.lock)) {}
        half_way.join().unwrap();
        while record::take(|record| seen.push(record.lock)) {}
        seen.sort_unstable();
        let pushed = told.0.borrow().0.clone();
        // That one may have looked for the queue after the fork: then it is another thread.
        assert!(
            seen == pushed || seen == [&[0x20], &*pushed].concat(),
            "{seen:x?}"
        );
    });
}
