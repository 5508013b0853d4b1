//! The half that runs on the host's threads: hook, gate, sample, capture, record.
//!
//! Anything here may be inside malloc, in the shadow of a signal handler, or in
//! a forked child. After start-up: no allocation from the host, no lock, no
//! input or output, no formatting, no panic, no `dlsym`. Whatever goes wrong, the
//! real function is called, and its result and errno are handed on unchanged.
//!
//! This file holds what every kind of lock shares: what an acquisition is, and the
//! shapes of one that may wait and of an attempt that does not. The wait itself and
//! the release have files of their own.

mod arch;
mod barrier;
mod capture;
#[cfg(lockprof_compare)]
mod compare;
mod cond;
mod file_lock;
mod flat;
mod futex;
mod guard;
mod held;
mod interface;
mod join;
mod layout;
mod lifetime;
#[cfg(lockprof_measure)]
mod measure;
mod mutex;
mod once;
mod openmp;
mod own_cost;
mod passing;
mod release;
mod retaking;
mod rwlock;
mod sampler;
mod sandbox;
mod sem;
mod signal;
mod spin;
mod symbol;
mod sync;
mod table;
mod thread;
mod unwind;
mod uses;
mod visit;
mod wait;
mod waiters;
mod words;

use std::ffi::c_int;

use self::capture::Caller;
use self::release::release;
use self::table::Family;
use self::visit::Visit;
use self::wait::wait;
use crate::record::{self, Kind, Record, Role};
use crate::{config, sys};

pub(crate) use self::guard::{enter, is_inside};
pub(crate) use self::layout::is_known as layout_is_known;
pub(crate) use self::own_cost::learn as learn_own_cost;
#[cfg_attr(test, allow(unused_imports, reason = "only the C API needs it"))]
pub(crate) use self::thread::{learn_at_once, mark_internal};
pub(crate) use self::waiters::{forget_all as forget_waiters, look as look_at_waiters};

/// Finds the real functions and lets every call lead straight to them.
pub(crate) fn pass_through() {
    symbol::resolve_all();
    symbol::resolve_openmp();
}

/// Finds what captures need. Called once, on the main thread.
pub(crate) fn prepare() {
    sys::learn_clock();
    capture::prepare();
}

/// Lets calls lead through the gates.
pub(crate) fn arm() {
    let locks = config::get().map_or(config::Locks::default(), |config| config.locks);
    let rwlock_is_known = rwlock::is_known();
    let semaphore_is_known = sem::is_known();
    let cond_is_known = signal::is_known();
    let barrier_is_known = barrier::is_known();
    let once_is_known = once::is_known();
    symbol::lead_through_gates(|family| match family {
        Family::Always => true,
        Family::Mutex => locks.mutex,
        Family::Rwlock => locks.rwlock && rwlock_is_known,
        Family::Spin => locks.spin,
        Family::Semaphore => locks.semaphore && semaphore_is_known,
        Family::CondWait => locks.mutex || locks.cond,
        Family::Cond => locks.cond && cond_is_known,
        Family::Barrier => locks.barrier && barrier_is_known,
        Family::Once => locks.once && once_is_known,
        Family::Join => locks.join,
        Family::Futex => locks.futex,
        Family::File => locks.file,
        Family::OpenMp => locks.openmp,
    });
    openmp::watch(locks.openmp);
    if locks.mutex {
        mutex::keep_looking();
    }
}

/// Lets calls lead past the gates. Threads that are inside one finish there.
pub(crate) fn disarm() {
    openmp::watch(false);
    symbol::lead_past_gates();
}

/// Hands in a name the host gives to a lock; cut to what a record holds. Declined
/// when there is no room.
#[cfg_attr(test, allow(dead_code, reason = "only the C API needs it"))]
pub(crate) fn name_lock(address: u64, name: &[u8]) -> bool {
    let Some(visit) = Visit::begin(Caller::NOWHERE) else {
        return false;
    };
    let mut record = Record::new(Role::Name, Kind::Mutex, address);
    record.frames = name.chunks(8).map(padded).collect();
    record.thread_id = visit.thread().id.get();
    thread::push(&record)
}

fn padded(bytes: &[u8]) -> u64 {
    let mut padded = [0; 8];
    padded
        .iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = *from);
    u64::from_le_bytes(padded)
}

/// What the code of a call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The caller holds the lock now.
    Acquired,
    /// Somebody else holds it.
    Busy,
    /// The caller does not hold it; the errno code says why.
    Failed(c_int),
}

impl Outcome {
    /// 0, or why the caller does not hold the lock.
    fn error(self) -> c_int {
        match self {
            Self::Acquired => 0,
            Self::Busy => libc::EBUSY,
            Self::Failed(error) => error,
        }
    }

    /// Whether a call that may wait has, if it ended so.
    fn has_waited(self) -> bool {
        matches!(
            self,
            Self::Acquired | Self::Failed(libc::ETIMEDOUT | libc::EINTR)
        )
    }
}

/// One lock as a call sees it.
#[derive(Clone, Copy)]
struct Lock {
    address: u64,
    kind: Kind,
}

/// The calls behind one acquisition, whatever the kind of lock.
trait Acquisition {
    /// Which lock. Asked before the lock is taken.
    fn lock(&self) -> Lock;
    /// Takes it if nobody has to be waited for.
    fn attempt(&self) -> c_int;
    /// Takes it, waiting if need be.
    fn wait(&self) -> c_int;
    /// What a code of these calls means.
    fn outcome(&self, code: c_int) -> Outcome;
    /// Who holds it: the kernel's id of a thread, or 0.
    fn owner(&self) -> u32;
    /// How deep the caller holds it, once it does.
    fn depth(&self) -> u32;
    /// The caller holds it once more now, as [`Acquisition::depth`] said before.
    fn note_nested(&self) {}
    /// How deep the caller, whose id this is, will hold it, if it looks as if it could
    /// be had at once.
    fn depth_if_free(&self, me: u32) -> Option<u32>;
    /// Whether the caller is known to release what it takes.
    fn is_released_by_taker(&self) -> bool {
        true
    }
    /// The caller holds it now: remembers that, and says what time it is.
    fn begin_hold(&self, visit: &Visit, weight: u32, by_length: bool) -> u64 {
        visit.begin_hold(self.lock(), self.depth(), weight, by_length)
    }
    /// The caller holds it now, of which nothing is to be remembered: forgets what that
    /// proves to be over.
    fn end_stale_hold(&self, visit: &Visit) {
        visit.end_stale_hold(self.lock(), self.depth());
    }
}

/// An acquisition that was chosen to be sampled, under way.
///
/// Its stack is taken before the lock is, and if the lock looks free, it is also
/// handed in before: a critical section is not to grow by what we do.
struct Sampled {
    /// How many acquisitions it stands for.
    weight: u32,
    /// When we began to take its stack.
    begin_ns: u64,
    /// How long it waited.
    wait_ns: u64,
    record: Record,
    /// Whether the record has a stack and so is worth handing in.
    is_captured: bool,
    /// Whether it is left out: then it has no stack, and is only counted.
    is_left_out: bool,
    /// Whether it was handed in, and its time booked, before the lock was taken.
    is_early: bool,
}

impl Sampled {
    #[inline(always)]
    fn begin(visit: &Visit, lock: Lock, weight: u32) -> Self {
        let mut sampled = Self {
            weight,
            begin_ns: sys::monotonic_ns(),
            wait_ns: 0,
            record: Record::new(Role::Acquire, lock.kind, lock.address),
            is_captured: false,
            is_left_out: visit.is_left_out(),
            is_early: false,
        };
        sampled.record.weight = f64::from(weight);
        sampled.is_captured = !sampled.is_left_out && visit.try_capture(&mut sampled.record);
        // Until it is taken.
        sampled.record.weight = 0.0;
        sampled
    }

    /// Hands it in as if the lock, which looks free, had been taken.
    #[inline(always)]
    fn hand_in_early(&mut self, visit: &Visit, call: &impl Acquisition, depth: u32) {
        if self.is_captured {
            self.is_early = true;
            self.record.depth = depth;
            self.record.weight = f64::from(self.weight);
            self.record.since_ns = since_ns(call, self.begin_ns);
            // What found no room is counted as lost, and so is nothing to take back.
            self.is_captured = thread::hand_in(visit.thread(), &mut self.record);
            let now_ns = sys::monotonic_ns();
            self.book(visit, now_ns);
        }
    }

    /// It was not taken after all: takes back what was handed in.
    #[cold]
    fn take_back(&mut self, visit: &Visit) {
        if self.is_early {
            self.is_early = false;
            if self.is_captured {
                self.record.weight = -f64::from(self.weight);
                thread::hand_in(visit.thread(), &mut self.record);
                self.record.weight = 0.0;
            }
            self.begin_ns = sys::monotonic_ns();
        }
    }

    /// The end of the acquisition: hands in what was recorded and begins the hold.
    #[inline(always)]
    fn end(&mut self, visit: &Visit, call: &impl Acquisition, outcome: Outcome, by_length: bool) {
        let error = outcome.error();
        if error != 0 {
            self.take_back(visit);
        }
        if self.is_told_at_end() {
            self.record.error = error;
            // A wait that ran out of time is counted as a wait, not once more as
            // an attempt.
            if error == 0 || self.record.wait_weight <= 0.0 {
                let weight = if by_length { 1 } else { self.weight };
                self.record.weight = f64::from(weight);
            }
            self.record.depth = if error == 0 { call.depth() } else { 1 };
            self.record.since_ns = since_ns(call, self.begin_ns + self.wait_ns);
            if self.is_left_out {
                record::leave_out(&self.record);
            } else {
                thread::hand_in(visit.thread(), &mut self.record);
            }
        }
        let now_ns = if error == 0 {
            call.begin_hold(visit, self.weight, by_length)
        } else {
            sys::monotonic_ns()
        };
        if !self.is_early {
            self.book(visit, now_ns);
        }
    }

    /// Whether there is something to tell that was not told before.
    fn is_told_at_end(&self) -> bool {
        self.is_left_out || self.is_captured && !self.is_early
    }

    /// Books what it took until now.
    fn book(&self, visit: &Visit, now_ns: u64) {
        // Twice: the release that follows takes as long, and is not timed.
        let spent_ns = now_ns.saturating_sub(self.begin_ns + self.wait_ns);
        visit.book(2 * spent_ns, self.weight, now_ns);
    }
}

/// An acquisition that waits if it must: counted, and sampled when its turn has come.
fn acquire(visit: Visit, call: &impl Acquisition) -> c_int {
    let lock = call.lock();
    let mut sampled = begin_if_due(&visit, call, lock);
    let code = call.attempt();
    match call.outcome(code) {
        Outcome::Busy => {
            if let Some(sampled) = &mut sampled {
                sampled.take_back(&visit);
            }
            wait(visit, call, lock, sampled.as_mut())
        }
        outcome => {
            end(&visit, call, sampled.as_mut(), outcome, false);
            code
        }
    }
}

/// The application's own attempt, which never waits.
fn attempt(visit: &Visit, call: &impl Acquisition) -> c_int {
    let lock = call.lock();
    let mut sampled = begin_if_due(visit, call, lock);
    let code = call.attempt();
    let outcome = call.outcome(code);
    end(visit, call, sampled.as_mut(), outcome, false);
    code
}

/// When a hold began, as its record has it: not at all, if it is perhaps none.
fn since_ns(call: &impl Acquisition, begin_ns: u64) -> u64 {
    if call.is_released_by_taker() {
        begin_ns
    } else {
        0
    }
}

#[inline(always)]
fn begin_if_due(visit: &Visit, call: &impl Acquisition, lock: Lock) -> Option<Sampled> {
    let weight = visit.tick()?;
    let mut sampled = Sampled::begin(visit, lock, weight);
    if let Some(depth) = call.depth_if_free(visit.thread().id.get()) {
        sampled.hand_in_early(visit, call, depth);
    }
    Some(sampled)
}

/// The end of an acquisition, sampled or not; its hold is kept `by_length` if it
/// followed a long wait.
#[inline(always)]
fn end(
    visit: &Visit,
    call: &impl Acquisition,
    sampled: Option<&mut Sampled>,
    outcome: Outcome,
    by_length: bool,
) {
    let depth = call.depth();
    match sampled {
        Some(sampled) => sampled.end(visit, call, outcome, by_length),
        None if outcome != Outcome::Acquired => {}
        None if by_length => {
            call.begin_hold(visit, 0, true);
        }
        None => call.end_stale_hold(visit),
    }
    if depth > 1 && outcome == Outcome::Acquired {
        call.note_nested();
    }
}
