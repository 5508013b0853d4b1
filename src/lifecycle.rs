//! Birth, fork and end of the host; the only place that knows both halves.
#![allow(
    unsafe_code,
    reason = "constructor, destructor and fork handlers are C functions"
)]

use std::cell::UnsafeCell;
use std::sync::atomic::Ordering;
use std::time::Duration;

use contract::options::Exporter;

use crate::{config, diag, export, intercept, kill_switch, memory, record, state, sys};

/// Longest time the end of the host may be held up.
const EXIT_LIMIT: Duration = Duration::from_secs(2);

ctor::declarative::ctor! {
    /// Reads the options and arms everything.
    #[ctor(unsafe)]
    fn begin() {
        intercept::pass_through();
        intercept::prepare();
        for complaint in config::read() {
            diag::say(format_args!("{complaint}"));
        }
        let Some(config) = config::get() else { return };
        export::wire(export::Wiring {
            become_internal: intercept::mark_internal,
            give_up,
            switch_on,
            switch_off,
            look_at_waiters: intercept::look_at_waiters,
        });
        export::begin_process(false);
        state::answer(state::Requests { thread_started: start_exporter, make_room: export::make_room });
        // SAFETY: the handlers are functions that live as long as the process.
        unsafe { libc::pthread_atfork(Some(before_fork), Some(after_fork), Some(after_fork_in_child)) };
        if let Some(signal) = config.options.signal {
            kill_switch::install(i32::from(signal));
        }
        let is_on = config.options.enabled && switch_on();
        // One that is off from the start can be switched on by whoever reaches our thread.
        let is_reachable = config.options.control || config.options.signal.is_some();
        if is_exporter_wanted_now() && (is_on || is_reachable) {
            export::start_thread();
        }
    }
}

// After the program's own exit handlers and destructors: they lock too.
#[used]
#[cfg_attr(not(test), unsafe(link_section = ".fini_array"))]
static END: extern "C" fn() = end;

extern "C" fn end() {
    // Also when the program has stopped us: what was recorded before is its own.
    if !state::is_off_for_good()
        && let Some(_entered) = intercept::enter()
    {
        export::flush_last(EXIT_LIMIT);
    }
}

/// Starts profiling because the program asks for it, by what its environment says now;
/// says whether it is on now. The caller is inside us.
#[cfg_attr(test, allow(dead_code, reason = "only the C API needs it"))]
pub(crate) fn start() -> bool {
    // In a program of several threads, another one may be changing the environment.
    let is_single = sys::thread_counter().is_some_and(|count| count.load(Ordering::Relaxed) == 1);
    let changed = is_single.then(config::read_anew).flatten();
    let Some(complaints) = changed else {
        return switch_on();
    };
    for complaint in complaints {
        diag::say(format_args!("{complaint}"));
    }
    // Which locks are profiled, and how, is looked at when it is switched on.
    switch_off();
    export::reopen();
    intercept::learn_at_once();
    let on = switch_on();
    if on && is_exporter_wanted_now() {
        start_exporter();
    }
    on
}

fn is_exporter_wanted_now() -> bool {
    config::get().is_some_and(|config| config.options.exporter == Exporter::Constructor)
}

/// Starts profiling; says whether it is on now.
pub(crate) fn switch_on() -> bool {
    if state::is_on() {
        return true;
    }
    if !intercept::layout_is_known() {
        state::switch_off_for_good();
        diag::say(format_args!(
            "this C library's mutexes are unknown; staying off"
        ));
    }
    let on = state::try_switch_on();
    if on {
        intercept::arm();
    }
    on
}

/// Stops profiling; it can be started again.
pub(crate) fn switch_off() {
    state::switch_off();
    intercept::disarm();
}

/// Stops profiling for good, says so once, and leaves the host alone.
fn give_up(reason: &str) {
    state::switch_off_for_good();
    intercept::disarm();
    diag::say(format_args!("switched off because of {reason}"));
}

fn start_exporter() {
    if state::is_on() {
        export::start_thread();
    }
}

/// Keeps the heap whole from before a fork to after it.
struct AcrossFork(UnsafeCell<Option<memory::Quiet>>);

// SAFETY: written only between `before_fork` and what follows it, during which
// the one thread that forks holds the heap's mutex.
unsafe impl Sync for AcrossFork {}

static ACROSS_FORK: AcrossFork = AcrossFork(UnsafeCell::new(None));

extern "C" fn before_fork() {
    // Should it have to wait for the heap, that is no wait of the host's.
    let _entered = intercept::enter();
    let quiet = memory::quiet();
    // SAFETY: the heap's mutex is held: nobody else is here.
    unsafe { *ACROSS_FORK.0.get() = Some(quiet) };
}

extern "C" fn after_fork() {
    let _entered = intercept::enter();
    // SAFETY: still held since `before_fork`; the guard is moved out before it
    // lets go, so nobody else meets the cell half-way.
    drop(unsafe { (*ACROSS_FORK.0.get()).take() });
}

/// The child has none of the parent's threads, ours included, and none of its
/// data. A few stores: most children only start another program.
extern "C" fn after_fork_in_child() {
    after_fork();
    memory::forget_own_threads();
    record::forget_all();
    intercept::forget_waiters();
    kill_switch::forget();
    state::forget_off_time();
    state::begin_epoch();
    export::begin_process(true);
}
