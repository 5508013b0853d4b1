//! The mutex at the end of a wait in a condition: taken again, after another wait if somebody holds it then.
//!
//! The C library waits for both within one call, and nobody says when the first wait was
//! over: that is the signal, and what usually passes from a signal to the end of a wait
//! here. There can have been a second one only if somebody who saw the mutex wanted let go
//! of it later than that: the lock word proves nothing, since whoever takes a mutex back
//! leaves it as if others waited. Where processors are scarce that is so at most waits, and
//! who was woken waited for a processor; then it is the kernel that knows: who slept once
//! within the call slept in the condition. To ask it takes a system call at both ends, so
//! it is asked only where there was such doubt of late.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::capture::Caller;
use super::release::Ending;
use super::sync::{Ended, Waiting};
use super::wait::Told;
use super::waiters::{self, Blame, Place};
use super::{Lock, Visit, sampler, thread};
use crate::record::{self, Loss, Lost, Record, Role};
use crate::sys;

/// The usual time from a signal to the end of the wait, for the conditions of one place
/// in this table, as a power of two of nanoseconds; 0 not known yet. It goes up or down
/// by one with every wait, and so is where half of them are above.
static WAKE_UPS: [AtomicU8; 256] = [const { AtomicU8::new(0) }; 256];

/// That time as long as it is not known: 33 µs.
const WAKE_UP_LOG2: u8 = 15;

fn place_of(table: &'static [AtomicU8; 256], condition: u64) -> Option<&'static AtomicU8> {
    table.get((condition.wrapping_mul(waiters::GOLDEN) >> 56) as usize)
}

fn usual_wake_up_ns(condition: u64) -> u64 {
    let known = place_of(&WAKE_UPS, condition).map_or(0, |usual| usual.load(Ordering::Relaxed));
    1 << if known == 0 { WAKE_UP_LOG2 } else { known }
}

fn learn_wake_up(condition: u64, took_ns: u64) {
    let Some(usual) = place_of(&WAKE_UPS, condition) else {
        return;
    };
    let seen = u8::try_from(took_ns.max(2).ilog2()).unwrap_or(0);
    let known = usual.load(Ordering::Relaxed);
    let next = match known {
        0 => seen,
        known if seen > known => known + 1,
        known if seen < known => known - 1,
        known => known,
    };
    if next != known {
        usual.store(next, Ordering::Relaxed);
    }
}

/// For how many waits the kernel is asked once more, for the conditions of one place in
/// this table: all of `DOUBTS` when there was doubt, one less for each time without.
static DOUBTFUL: [AtomicU8; 256] = [const { AtomicU8::new(0) }; 256];

const DOUBTS: u8 = 64;

fn set_doubt(condition: u64, is_doubtful: bool) {
    let Some(doubt) = place_of(&DOUBTFUL, condition) else {
        return;
    };
    let known = doubt.load(Ordering::Relaxed);
    let next = if is_doubtful {
        DOUBTS
    } else {
        known.saturating_sub(1)
    };
    if next != known {
        doubt.store(next, Ordering::Relaxed);
    }
}

/// Whether a filter of the program's forbids to ask.
static IS_FORBIDDEN: AtomicBool = AtomicBool::new(false);

/// From now on the kernel would end who asks it.
pub(super) fn ask_no_more() {
    IS_FORBIDDEN.store(true, Ordering::Relaxed);
}

fn sleeps_so_far() -> Option<i64> {
    (!IS_FORBIDDEN.load(Ordering::Relaxed)).then(sys::sleeps)?
}

/// How often the thread has slept so far, right before a wait in a condition where there
/// will be doubt.
pub(super) fn sleeps_before(condition: Lock) -> Option<i64> {
    let doubt = place_of(&DOUBTFUL, condition.address)?;
    (doubt.load(Ordering::Relaxed) != 0).then(sleeps_so_far)?
}

/// Whether it has slept twice since then: in the condition, and for its mutex. Taken for
/// granted where nobody asked.
fn has_slept_twice(sleeps_before: Option<i64>) -> bool {
    let slept = || sleeps_so_far()?.checked_sub(sleeps_before?);
    slept().is_none_or(|slept| slept >= 2)
}

/// A wait for the mutex, at the end of one in its condition.
#[derive(Clone, Copy)]
pub(super) struct Wait {
    pub(super) wait_ns: u64,
    end_ns: u64,
    place: Place,
    queue: u32,
    chance: u64,
}

impl Wait {
    /// Whether there was one, in a call that ended now: then the wait in the condition was
    /// so much shorter. Learns from it.
    pub(super) fn at_end_of(
        waiting: &mut Waiting,
        condition: Lock,
        (end_ns, ended): (u64, Ended),
        sleeps_before: Option<i64>,
    ) -> Option<Self> {
        let retaking = (ended == Ended::Woken).then(|| waiting.retaking())??;
        let usual_ns = usual_wake_up_ns(condition.address);
        let (woken_ns, released_ns) = (retaking.woken_ns, retaking.released_ns);
        let begin_ns = woken_ns + usual_ns;
        let is_doubtful = released_ns >= begin_ns + usual_ns;
        set_doubt(condition.address, is_doubtful);
        if !is_doubtful || !has_slept_twice(sleeps_before) {
            if is_doubtful || released_ns <= woken_ns {
                learn_wake_up(condition.address, end_ns.saturating_sub(woken_ns));
            }
            return None;
        }
        learn_wake_up(condition.address, end_ns.saturating_sub(released_ns));
        let place = Place {
            since_ns: begin_ns,
            ..retaking.place
        };
        let wait_ns = end_ns.checked_sub(begin_ns)?;
        waiting.shorten(wait_ns);
        Some(Self {
            wait_ns,
            end_ns,
            place,
            queue: retaking.queue,
            chance: retaking.chance,
        })
    }
}

/// The acquisition at the end of a wait in a condition. It happens even when the thread is
/// cancelled in the wait, which unwinds through us, so it happens on drop.
pub(super) struct Retaking {
    caller: Caller,
    lock: Lock,
    /// How many acquisitions it stands for, if it is sampled and not told of yet.
    weight: Option<u32>,
    /// What has the stack, if that was taken; of the wait in the condition, too.
    pub(super) record: Record,
}

impl Retaking {
    pub(super) fn new(lock: Lock, caller: Caller) -> Self {
        Self {
            caller,
            lock,
            weight: None,
            record: Record::new(Role::Acquire, lock.kind, lock.address),
        }
    }

    /// Ends the hold before the wait.
    pub(super) fn split(&mut self, visit: &Visit, is_wanted: bool) {
        let begin_ns = sys::monotonic_ns() - sys::clock_cost_ns();
        Ending::of(visit, self.lock, 1, is_wanted, begin_ns).tell(visit, self.lock);
        self.weight = visit.tick();
        if let Some(weight) = self.weight {
            self.record.weight = f64::from(weight);
            visit.try_capture(&mut self.record);
        }
    }

    /// There was no wait, and the mutex was not given up.
    pub(super) fn forget(&mut self) {
        self.weight = None;
    }

    /// The mutex is held again: hands the acquisition in, if it is sampled, and the wait
    /// for it, if that is kept. The hold begins when the result is put to use.
    pub(super) fn tell(&mut self, visit: &Visit, waited: Option<Wait>) -> Option<Hold> {
        let sampled = self.weight.take();
        let has_stack = !self.record.frames.is_empty();
        // Without a stack it is counted as lost, or left out, already.
        let weight = sampled.filter(|_| has_stack).map_or(0.0, f64::from);
        let kept = waited.map(|waited| Kept::of(visit, self.lock, waited));
        let by_length = kept.as_ref().is_some_and(|kept| kept.by_length);
        let is_counted = sampled.is_some() && !has_stack;
        let record = &mut self.record;
        record.weight = if by_length && !is_counted {
            1.0
        } else {
            weight
        };
        if let Some(told) = kept.and_then(|kept| kept.told) {
            told.put_on(record);
            // Whoever held it could not know whether it was waited for.
            (record.blocked_ns, record.blocked_weight) = (told.wait_ns, told.waits);
        }
        if record.weight + record.wait_weight > 0.0 {
            record.since_ns = sys::monotonic_ns();
            if has_stack || visit.try_capture(record) {
                thread::hand_in(visit.thread(), record);
            }
        }
        let hold = Hold {
            lock: self.lock,
            weight: sampled.unwrap_or(0),
            by_length,
        };
        (sampled.is_some() || by_length).then_some(hold)
    }

    /// The same, where nothing can be told.
    pub(super) fn lose(&mut self, waited: Option<Wait>) {
        if let Some(weight) = self.weight.take() {
            let weight = f64::from(weight);
            record::lose(Loss::WhileInside, Lost::Acquisitions, weight, 0.0);
        }
        if waited.is_some() {
            thread::lose_wait_while_inside();
        }
    }
}

impl Drop for Retaking {
    fn drop(&mut self) {
        if self.weight.is_none() {
            return;
        }
        match Visit::begin(self.caller) {
            Some(visit) => {
                if let Some(hold) = self.tell(&visit, None) {
                    hold.begin(&visit);
                }
            }
            None => self.lose(None),
        }
    }
}

/// A hold that is to be measured.
pub(super) struct Hold {
    lock: Lock,
    weight: u32,
    by_length: bool,
}

impl Hold {
    pub(super) fn begin(self, visit: &Visit) {
        visit.begin_hold(self.lock, 1, self.weight, self.by_length);
    }
}

/// What is kept of a wait for the mutex.
struct Kept {
    told: Option<Told>,
    /// Whether its acquisition and hold are kept with it.
    by_length: bool,
}

impl Kept {
    /// Counts the wait, and decides.
    fn of(visit: &Visit, lock: Lock, waited: Wait) -> Self {
        let (thread, sampling) = (visit.thread(), &visit.sampling);
        record::count_wait(thread.id.get(), lock.kind, waited.wait_ns);
        let full_ns = thread.throttle.stretch(sampling.wait_ns, sampling.period);
        let waits = sampler::wait_weight(waited.chance, waited.wait_ns, full_ns);
        let by_length = waited.wait_ns >= full_ns;
        let told = (waits > 0.0).then(|| {
            let Blame { charge, holder } = waited.place.blame(thread.records.get());
            thread.blamed.set(charge);
            thread.blamed_ns.set(waited.end_ns);
            Told {
                wait_ns: waited.wait_ns,
                waits,
                blocker: holder,
                charge,
                queue: waited.queue,
            }
        });
        Self { told, by_length }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_time_of_waking_up_is_where_half_of_them_are_above() {
        let condition = 0x77_0000;
        assert_eq!(usual_wake_up_ns(condition), 1 << WAKE_UP_LOG2);
        learn_wake_up(condition, 5_000);
        assert_eq!(usual_wake_up_ns(condition), 1 << 12);
        // A single one, however long, says little.
        learn_wake_up(condition, 1_000_000_000);
        assert_eq!(usual_wake_up_ns(condition), 1 << 13);
        for _ in 0..20 {
            learn_wake_up(condition, 70_000);
        }
        assert_eq!(usual_wake_up_ns(condition), 1 << 16);
    }

    #[test]
    fn the_kernel_says_how_often_a_thread_slept_unless_a_filter_forbids_to_ask() {
        let before = sleeps_so_far();
        assert!(!has_slept_twice(before));
        let nap = std::time::Duration::from_millis(1);
        std::thread::sleep(nap);
        std::thread::sleep(nap);
        assert!(has_slept_twice(before));
        ask_no_more();
        assert_eq!(sleeps_so_far(), None);
        assert!(has_slept_twice(before));
    }
}
