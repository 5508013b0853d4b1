//! Whether we profile: off, on, or off for good; and what the host's side asks of ours.

use std::sync::OnceLock;

use crate::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use crate::sys;

const ON: u64 = u64::MAX;
const OFF_FOR_GOOD: u64 = u64::MAX - 1;

/// One of these, or since when it is off; 0 before it was ever on. One word, so that two
/// threads that switch at once leave one state and its time.
static STATE: AtomicU64 = AtomicU64::new(0);

/// Counts every change that makes what threads remember worthless: switching
/// on, and fork. A thread whose own number differs starts afresh.
static EPOCH: AtomicU32 = AtomicU32::new(1);

/// How often this process was switched off, and for how long before the last time.
static OFF_TIMES: AtomicU32 = AtomicU32::new(0);
static OFF_NS: AtomicU64 = AtomicU64::new(0);

/// Switches on. Declined after [`switch_off_for_good`].
pub(crate) fn try_switch_on() -> bool {
    // Relaxed here and below, where nothing else is said: the state guards no data; each
    // thread may learn of it late.
    let mut before = STATE.load(Ordering::Relaxed);
    while before < OFF_FOR_GOOD {
        let on = STATE.compare_exchange(before, ON, Ordering::Relaxed, Ordering::Relaxed);
        match on {
            Ok(0) => begin_epoch(),
            Ok(since_ns) => {
                // Release pairs with the Acquire of `off_time`.
                let off_ns = sys::monotonic_ns().saturating_sub(since_ns);
                OFF_NS.fetch_add(off_ns, Ordering::Release);
                begin_epoch();
            }
            Err(now) => {
                before = now;
                continue;
            }
        }
        return true;
    }
    before == ON
}

/// Switches off; it can be switched on again.
pub(crate) fn switch_off() {
    let now_ns = sys::monotonic_ns();
    let off = STATE.compare_exchange(ON, now_ns, Ordering::Relaxed, Ordering::Relaxed);
    if off.is_ok() {
        OFF_TIMES.fetch_add(1, Ordering::Relaxed);
    }
}

/// Switches off for as long as options are taken anew: no time in which it was off, since the
/// program has asked for the opposite.
pub(crate) fn set_back() {
    // One that is off already keeps its time.
    let _ = STATE.compare_exchange(ON, 0, Ordering::Relaxed, Ordering::Relaxed);
}

/// Has calls led as the state says, by `lead`, whoever else switches meanwhile: who is the
/// last to lead them has seen the state that stays.
pub(crate) fn follow(lead: impl Fn(bool)) {
    loop {
        // SeqCst pairs with the one below, of another thread: either that thread sees what
        // we have switched, or we lead after it. Besides, Release with the Acquire of `epoch`.
        fence(Ordering::SeqCst);
        let on = is_on();
        lead(on);
        fence(Ordering::SeqCst);
        if is_on() == on {
            return;
        }
    }
}

/// How often this process was switched off so far, and for how long in all.
pub(crate) fn off_time() -> (u32, u64) {
    // Acquire pairs with the Release of `try_switch_on`: a time that is in this number is
    // not seen to go on below.
    let before_ns = OFF_NS.load(Ordering::Acquire);
    let now_ns = since_ns().map_or(0, |since_ns| sys::monotonic_ns().saturating_sub(since_ns));
    (OFF_TIMES.load(Ordering::Relaxed), before_ns + now_ns)
}

/// Since when it is off; none when it is not, or has never been on.
fn since_ns() -> Option<u64> {
    let state = STATE.load(Ordering::Relaxed);
    (state != 0 && state < OFF_FOR_GOOD).then_some(state)
}

/// In a forked child: what was before is the parent's.
pub(crate) fn forget_off_time() {
    let is_off = since_ns().is_some();
    OFF_TIMES.store(u32::from(is_off), Ordering::Relaxed);
    OFF_NS.store(0, Ordering::Relaxed);
    if is_off {
        STATE.store(sys::monotonic_ns(), Ordering::Relaxed);
    }
}

/// Switches off and stays off: something in us failed.
pub(crate) fn switch_off_for_good() {
    // No plain store: it takes its place behind whoever switches just now.
    STATE.swap(OFF_FOR_GOOD, Ordering::Relaxed);
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
    // Acquire pairs with the Release of `follow`: who came through a gate has the epoch for
    // which the gate was opened, or a later one. On x86-64 it is no instruction.
    fence(Ordering::Acquire);
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
    /// The program is about to forbid itself a call of this name, which we make.
    pub(crate) end_before_filter: fn(&str),
    /// Whether a thread of ours makes the profiles.
    pub(crate) has_thread: fn() -> bool,
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

/// The program is about to forbid itself a call that we make: ends us before that.
#[cold]
pub(crate) fn end_before_filter(call: &str) {
    if let Some(requests) = REQUESTS.get() {
        (requests.end_before_filter)(call);
    }
}

/// Whether a thread of ours makes the profiles.
#[cold]
pub(crate) fn has_thread() -> bool {
    REQUESTS
        .get()
        .is_some_and(|requests| (requests.has_thread)())
}
