//! Whether we profile: off, on, or off for good; and what the host's side asks of ours.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

use crate::sys;

const OFF: u8 = 0;
const ON: u8 = 1;
const OFF_FOR_GOOD: u8 = 2;

static STATE: AtomicU8 = AtomicU8::new(OFF);

/// Counts every change that makes what threads remember worthless: switching
/// on, and fork. A thread whose own number differs starts afresh.
static EPOCH: AtomicU32 = AtomicU32::new(1);

/// How often this process was switched off, and for how long before the last time.
static OFF_TIMES: AtomicU32 = AtomicU32::new(0);
static OFF_NS: AtomicU64 = AtomicU64::new(0);
/// When it was last; 0 when it is on.
static OFF_SINCE_NS: AtomicU64 = AtomicU64::new(0);

/// Switches on. Declined after [`switch_off_for_good`].
pub(crate) fn try_switch_on() -> bool {
    // Relaxed here and below: the state guards no data; each thread may learn of it late.
    let on = STATE.compare_exchange(OFF, ON, Ordering::Relaxed, Ordering::Relaxed);
    if on.is_ok() {
        let since_ns = OFF_SINCE_NS.swap(0, Ordering::Relaxed);
        if since_ns != 0 {
            OFF_NS.fetch_add(sys::monotonic_ns() - since_ns, Ordering::Relaxed);
        }
        begin_epoch();
    }
    on != Err(OFF_FOR_GOOD)
}

/// Switches off; it can be switched on again.
pub(crate) fn switch_off() {
    let off = STATE.compare_exchange(ON, OFF, Ordering::Relaxed, Ordering::Relaxed);
    if off.is_ok() {
        OFF_TIMES.fetch_add(1, Ordering::Relaxed);
        OFF_SINCE_NS.store(sys::monotonic_ns(), Ordering::Relaxed);
    }
}

/// How often this process was switched off so far, and for how long in all.
pub(crate) fn off_time() -> (u32, u64) {
    let since_ns = OFF_SINCE_NS.load(Ordering::Relaxed);
    let now_ns = if since_ns == 0 {
        0
    } else {
        sys::monotonic_ns() - since_ns
    };
    let before_ns = OFF_NS.load(Ordering::Relaxed);
    (OFF_TIMES.load(Ordering::Relaxed), before_ns + now_ns)
}

/// In a forked child: what was before is the parent's.
pub(crate) fn forget_off_time() {
    let is_off = OFF_SINCE_NS.load(Ordering::Relaxed) != 0;
    OFF_TIMES.store(u32::from(is_off), Ordering::Relaxed);
    OFF_NS.store(0, Ordering::Relaxed);
    if is_off {
        OFF_SINCE_NS.store(sys::monotonic_ns(), Ordering::Relaxed);
    }
}

/// Switches off and stays off: something in us failed.
pub(crate) fn switch_off_for_good() {
    STATE.store(OFF_FOR_GOOD, Ordering::Relaxed);
}

/// Whether we profile.
pub(crate) fn is_on() -> bool {
    STATE.load(Ordering::Relaxed) == ON
}

/// Whether something in us failed, so that nothing of ours is to be trusted.
pub(crate) fn is_off_for_good() -> bool {
    STATE.load(Ordering::Relaxed) == OFF_FOR_GOOD
}

/// Makes what every thread remembers worthless.
pub(crate) fn begin_epoch() {
    EPOCH.fetch_add(1, Ordering::Relaxed);
}

/// The number of the current epoch; never 0 in practice (2³² forks apart).
#[inline]
pub(crate) fn epoch() -> u32 {
    EPOCH.load(Ordering::Relaxed)
}

/// What the host's threads ask of the other half, without knowing it.
pub(crate) struct Requests {
    /// The program has started a thread of its own.
    pub(crate) thread_started: fn(),
    /// The queue is full; answers whether it may have room now.
    pub(crate) make_room: fn() -> bool,
    /// The program can have no other thread; answers whether it may have one now.
    pub(crate) make_way: fn() -> bool,
}

static REQUESTS: OnceLock<Requests> = OnceLock::new();

/// Tells where requests go; once, before anything is armed.
pub(crate) fn answer(requests: Requests) {
    let _ = REQUESTS.set(requests);
}

/// The program has started a thread of its own.
pub(crate) fn thread_started() {
    if let Some(requests) = REQUESTS.get() {
        (requests.thread_started)();
    }
}

/// The queue is full: makes room if that is anybody's business. Says whether it
/// is worth another try.
#[cold]
pub(crate) fn make_room() -> bool {
    REQUESTS
        .get()
        .is_some_and(|requests| (requests.make_room)())
}

/// The program can have no other thread: ends one of ours, if there is one. Says whether it
/// is worth another try.
#[cold]
pub(crate) fn make_way() -> bool {
    REQUESTS.get().is_some_and(|requests| (requests.make_way)())
}
