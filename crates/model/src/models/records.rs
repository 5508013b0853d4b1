//! The way of records from the host's threads to ours.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::record::{self, Kind, Loss, Record, Role};
use crate::sys;
use crate::world::{explore, explore_with, in_one_step, jump_out_after, spawn};

/// Records that were handed over, and those that were taken out.
#[derive(Clone, Default)]
struct Told(Rc<RefCell<(Vec<u64>, Vec<u64>)>>);

impl Told {
    fn push(&self, lock: u64) {
        self.push_as(1, lock);
    }

    /// Whether it came through is not written down where a signal handler jumps out.
    fn push_as(&self, thread_id: u32, lock: u64) {
        let mut sent = Record::new(Role::Acquire, Kind::Mutex, lock);
        sent.thread_id = thread_id;
        (sent.weight, sent.frames) = (1.0, [lock, lock + 1].into_iter().collect());
        if record::try_push(&sent) {
            self.0.borrow_mut().0.push(lock);
        } else {
            record::lose_record(Loss::QueueFull, &sent);
        }
    }

    fn drain(&self) {
        record::drain(|record| {
            assert_eq!(record.frames.as_slice(), [record.lock, record.lock + 1]);
            self.0.borrow_mut().1.push(record.lock);
        });
    }

    /// All that was handed over has been taken out, once, and all else is counted.
    fn check(&self, tried: usize) {
        self.drain();
        let (pushed, taken) = &mut *self.0.borrow_mut();
        pushed.sort_unstable();
        taken.sort_unstable();
        assert_eq!(pushed, taken);
        assert_eq!(pushed.len() + lost(), tried);
    }

    /// All has come through once, but for one that a signal handler may have jumped out of,
    /// and there is room for as much as ever.
    fn check_whole(&self) {
        let (pushed, taken) = self.0.borrow().clone();
        let missing = |all: &[u64], some: &[u64]| -> Vec<u64> {
            let is_missing = |lock: &&u64| !some.contains(lock);
            all.iter().filter(is_missing).copied().collect()
        };
        assert_eq!(missing(&pushed, &taken), []);
        // It was handed over when the handler came.
        let unknown = missing(&taken, &pushed);
        assert!(unknown.is_empty() || unknown == [0x10], "{unknown:x?}");
        let mut once = taken.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), taken.len(), "{taken:x?}");
        // Slots that were passed by come round once more.
        for lock in [0x60, 0x70] {
            self.push(lock);
            self.drain();
        }
        let lost_before = lost();
        self.push(0x80);
        self.push(0x90);
        self.drain();
        assert_eq!(
            (self.0.borrow().1.len(), lost()),
            (once.len() + 4, lost_before)
        );
    }
}

fn lost() -> usize {
    record::all_lost()
        .filter_map(|lost| lost.split(' ').next()?.parse::<usize>().ok())
        .sum()
}

/// Two threads of the host hand over more than there is room for, while ours takes out.
pub fn a_record_is_read_whole_and_once_or_counted_as_lost() {
    explore(|| {
        let told = Told::default();
        told.push(0x10);
        let (first, second) = (told.clone(), told.clone());
        let pushers = [
            spawn(move || first.push(0x20)),
            spawn(move || second.push(0x30)),
        ];
        told.drain();
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
                host.drain();
            }),
            spawn(move || {
                ours.drain();
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
                ours.drain();
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
        record::drain(|record| seen.push(record.lock));
        half_way.join().unwrap();
        record::drain(|record| seen.push(record.lock));
        seen.sort_unstable();
        let pushed = told.0.borrow().0.clone();
        // That one may have looked for the queue after the fork: then it is another thread.
        assert!(
            seen == pushed || seen == [&[0x20], &*pushed].concat(),
            "{seen:x?}"
        );
    });
}

/// What a thread of the host hands over comes in that order, whoever else hands in.
pub fn what_one_thread_tells_comes_in_its_order() {
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
        told.drain();
        for pusher in pushers {
            pusher.join().unwrap();
        }
        told.drain();
        let taken = told.0.borrow().1.clone();
        let place = |lock| taken.iter().position(|&other| other == lock);
        let is_in_order = place(0x10) < place(0x20);
        // There may be no room for one of them.
        assert!(is_in_order || place(0x20).is_none(), "{taken:x?}");
    });
}

/// Who is jumped out of.
const JUMPER: u32 = 7;

/// A signal handler jumps out of handing in, wherever that is; its thread goes on, and puts
/// that right before it hands in the next.
pub fn a_jump_out_costs_one_record_and_no_slot() {
    jump_out_anywhere(|told, steps| {
        let jumper = told.clone();
        spawn(move || {
            let jumped = jump_out_after(steps, || jumper.push_as(JUMPER, 0x10));
            if jumped {
                record::lose_left(record::give_up_half(JUMPER).max(1));
            }
            jumper.push_as(JUMPER, 0x20);
            jumped
        })
    });
}

/// The same of a thread that hands in nothing any more, and ends.
pub fn an_end_inside_costs_one_record_and_no_slot() {
    jump_out_anywhere(|told, steps| {
        let jumper = told.clone();
        spawn(move || {
            let jumped = jump_out_after(steps, || jumper.push_as(JUMPER, 0x10));
            sys::end_thread(JUMPER);
            jumped
        })
    });
}

/// What must not be: a thread that is jumped out of, and neither goes on nor ends.
pub fn a_slot_is_lost_while_its_writer_is_there() {
    jump_out_anywhere(|told, steps| {
        let jumper = told.clone();
        spawn(move || jump_out_after(steps, || jumper.push_as(JUMPER, 0x10)))
    });
}

/// Our thread drains meanwhile, and another one hands in. Afterwards there is room for as
/// much as ever.
fn jump_out_anywhere(jump: fn(&Told, usize) -> loom::thread::JoinHandle<bool>) {
    // Until one has come to its end in every order.
    let jumps = Arc::new(AtomicUsize::new(1));
    for steps in (0..).take_while(|_| jumps.swap(0, Ordering::Relaxed) != 0) {
        let jumps = Arc::clone(&jumps);
        // The jump is a second preemption.
        explore_with(1, move || {
            let told = Told::default();
            // There is a queue.
            told.push(0x50);
            told.drain();
            let jumper = jump(&told, steps);
            told.push(0x30);
            told.drain();
            let jumped = jumper.join().unwrap();
            jumps.fetch_add(usize::from(jumped), Ordering::Relaxed);
            told.drain();
            told.check_whole();
        });
    }
}
