//! One stay of a thread inside us: counts, captures, and the holds it remembers.

use std::cell::Cell;

use super::capture::{self, Caller};
use super::guard::{self, Entered};
use super::held::Held;
use super::thread::{self, Thread};
use super::{Lock, own_cost, sampler};
use crate::config::Sampling;
use crate::record::{self, Loss, Lost, Record, Role};
use crate::{state, sys};

/// A thread inside us, with all a shape needs.
pub(super) struct Visit {
    pub(super) entered: Entered,
    pub(super) sampling: Sampling,
    pub(super) caller: Caller,
    /// Whether a capture led through code for the first time, which is dear.
    is_first: Cell<bool>,
}

impl Visit {
    fn of(entered: Entered, sampling: Sampling, caller: Caller) -> Self {
        Self {
            entered,
            sampling,
            caller,
            is_first: Cell::new(false),
        }
    }

    /// Goes inside; none when the thread is inside already, or nothing is configured.
    pub(super) fn begin(caller: Caller) -> Option<Self> {
        let entered = guard::enter_from(caller)?;
        let sampling = thread::sampling()?;
        let visit = Self::of(entered, sampling, caller);
        let thread = visit.thread();
        if !thread.is_current() {
            thread.begin(sampling.period);
            visit.draw();
        }
        Some(visit)
    }

    /// As [`Visit::begin`], for a call that takes a lock: what cannot be counted
    /// because the thread is inside already is counted as lost.
    pub(super) fn begin_or_lose(caller: Caller) -> Option<Self> {
        let visit = Self::begin(caller);
        if visit.is_none() {
            thread::lose_while_inside();
        }
        visit
    }

    pub(super) fn thread(&self) -> &'static Thread {
        self.entered.thread()
    }

    /// Steps outside for the length of a call that may block or not return.
    pub(super) fn outside<R>(self, call: impl FnOnce() -> R) -> (R, Option<Self>) {
        let (result, entered) = self.entered.outside(call);
        let visit = entered.map(|entered| Self { entered, ..self });
        (result, visit)
    }

    /// Draws how many acquisitions pass by before the next sampled one.
    fn draw(&self) {
        let thread = self.thread();
        let period = thread.throttle.period();
        let drawn = sampler::draw(
            sampler::random(&thread.random),
            period,
            self.sampling.period,
        );
        thread.throttle.weight.set(drawn.weight);
        thread.set_remaining(drawn.skip);
    }

    /// Counts one acquisition. Says how many it stands for, if it is to be sampled.
    pub(super) fn tick(&self) -> Option<u32> {
        self.note_passing();
        let thread = self.thread();
        let remaining = thread.remaining();
        if remaining > 0 {
            thread.set_remaining(remaining - 1);
            return None;
        }
        if thread.throttle.weight.get() == 0 {
            self.draw_again();
            return self.tick();
        }
        let weight = thread.throttle.weight.get();
        self.draw();
        Some(weight)
    }

    /// Something passes by while holds are measured.
    pub(super) fn note_passing(&self) {
        let thread = self.thread();
        if thread.watchful.get() && thread.held.note_passing() {
            thread.set_remaining(thread.remaining());
        }
    }

    /// So many have passed by that the thread may lock at another rate by now.
    #[cold]
    fn draw_again(&self) {
        let Sampling {
            cpu_limit, period, ..
        } = self.sampling;
        let throttle = &self.thread().throttle;
        let passed = sampler::furthest(period);
        throttle.pass_by(passed, sys::monotonic_ns(), cpu_limit, period);
        self.draw();
    }

    /// Whether the user's filters are known to leave out all that is called from here:
    /// without any, the look at one word.
    #[inline]
    pub(super) fn is_left_out(&self) -> bool {
        record::leaves_out_any() && self.is_left_out_slow()
    }

    #[cold]
    #[inline(never)]
    fn is_left_out_slow(&self) -> bool {
        capture::return_address(self.thread(), self.caller).is_some_and(record::is_left_out)
    }

    /// Takes the caller's stack into a record that tells something already. Declined,
    /// and counted, when it is left out, or lost because there would be no room for it.
    pub(super) fn try_capture(&self, record: &mut Record) -> bool {
        if !record.ends_waits() && self.is_left_out() {
            record::leave_out(record);
            return false;
        }
        if record::is_full() && !state::make_room() {
            record::lose_record(Loss::QueueFull, record);
            return false;
        }
        let (thread, max) = (self.thread(), self.sampling.frames_max);
        if !capture::stack(thread, self.caller, max, &mut record.frames) {
            self.is_first.set(true);
        }
        if record.frames.is_empty() {
            record::lose_record(Loss::NoStack, record);
        }
        !record.frames.is_empty()
    }

    /// A record with the caller's stack that is perhaps not handed in: without room
    /// for it, or without a stack, there is none, and nothing is lost yet.
    pub(super) fn capture_early(&self, lock: Lock) -> Option<Record> {
        let mut record = Record::new(Role::Acquire, lock.kind, lock.address);
        self.capture_into(&mut record).then_some(record)
    }

    /// The same, into a record that is there; says whether it has a stack now.
    pub(super) fn capture_into(&self, record: &mut Record) -> bool {
        if record::is_full() || self.is_left_out() {
            return false;
        }
        let max = self.sampling.frames_max;
        capture::stack(self.thread(), self.caller, max, &mut record.frames);
        !record.frames.is_empty()
    }

    /// Books time that the sample of some acquisitions, or of a wait, took until now.
    pub(super) fn book(&self, spent_ns: u64, weight: u32, now_ns: u64) {
        let Sampling {
            cpu_limit, period, ..
        } = self.sampling;
        let is_first = self.is_first.take();
        self.thread()
            .throttle
            .book(spent_ns, weight, now_ns, cpu_limit, period, is_first);
    }

    /// Books a remark about a lock: a few frames and a record. Declined while
    /// sampling takes too much time as it is, but for the first ones: programs
    /// initialise many locks when they start, and seldom later.
    pub(super) fn try_book_remark(&self) -> bool {
        const COST_NS: u64 = 200;
        const FREE_RECORDS: u32 = 4096;
        let (thread, limit) = (self.thread(), self.sampling.cpu_limit);
        let is_early = thread.records.get() < FREE_RECORDS;
        let now_ns = sys::monotonic_ns();
        thread.throttle.try_book_remark(COST_NS, now_ns, limit) || is_early
    }

    /// Remembers that an acquisition has begun a hold, now, so that what we did before
    /// is no part of it; says when that is. It stands for `weight` if it is sampled, and is kept by its
    /// length if that is said.
    pub(super) fn begin_hold(&self, lock: Lock, depth: u32, weight: u32, by_length: bool) -> u64 {
        self.end_stale_hold(lock, depth);
        self.remember(Held {
            lock: lock.address,
            since_ns: 0,
            weight,
            depth: u8::try_from(depth).unwrap_or(0),
            nested: 0,
            passing: 0,
            by_length,
        })
    }

    /// Remembers a hold that begins now.
    pub(super) fn remember(&self, held: Held) -> u64 {
        let thread = self.thread();
        let place = (held.depth != 0)
            .then(|| thread.held.try_insert(held))
            .flatten();
        if place.is_none() && !held.is_unproven() {
            record::lose(Loss::HeldFull, Lost::Releases, held.lost(), 0.0);
        }
        thread.set_remaining(thread.remaining());
        let since_ns = sys::monotonic_ns();
        if let Some(place) = place {
            let since_ns = own_cost::without_passing(thread, since_ns);
            place.set(Held { since_ns, ..held });
        }
        since_ns
    }

    /// How many holds one that lasted so long stands for; 0 when it is not kept.
    pub(super) fn hold_weight(&self, held: Held, hold_ns: u64) -> f64 {
        if !held.by_length {
            return held.weight.into();
        }
        let (thread, sampling) = (self.thread(), &self.sampling);
        let full_ns = thread.throttle.stretch(sampling.wait_ns, sampling.period);
        let random = sampler::random(&thread.random);
        sampler::hold_weight(random, hold_ns, full_ns, thread.throttle.period())
    }

    /// Forgets the holds of a lock that does not exist any more.
    pub(super) fn forget(&self, address: u64) {
        let thread = self.thread();
        thread.held.forget(address);
        thread.set_remaining(thread.remaining());
    }

    /// Forgets a hold that this new acquisition proves to be over: somebody else
    /// released the lock.
    pub(super) fn end_stale_hold(&self, lock: Lock, depth: u32) {
        let thread = self.thread();
        if let Some(held) = thread.held.remove(lock.address, depth) {
            record::lose(Loss::ReleasedElsewhere, Lost::Releases, held.lost(), 0.0);
            thread.set_remaining(thread.remaining());
        }
    }
}
