//! Birth, fork and end of the host; the only place that knows both halves.
#![allow(
    unsafe_code,
    reason = "constructor, destructor and fork handlers are C functions"
)]

use std::cell::UnsafeCell;
use std::ffi::{CStr, c_void};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use contract::options::Exporter;

use crate::thread_count::ThreadCount;
use crate::{config, diag, export, intercept, kill_switch, memory, record, state, sys};

/// Longest time the end of the host may be held up.
const EXIT_LIMIT: Duration = Duration::from_secs(2);

ctor::declarative::ctor! {
    /// Reads the options and arms everything.
    #[ctor(unsafe)]
    fn begin() {
        intercept::pass_through();
        if sys::is_privileged() {
            // Nothing that whoever started the program may have set is read or done.
            state::switch_off_for_good();
            return;
        }
        intercept::prepare();
        for complaint in config::read() {
            diag::say(format_args!("{complaint}"));
        }
        for name in config::misspelt() {
            diag::say(format_args!("nobody reads {name}: lockprof doctor says what may be meant"));
        }
        let Some(config) = config::get() else { return };
        intercept::learn_own_cost();
        export::wire(export::Wiring {
            become_internal: intercept::mark_internal,
            give_up,
            switch_on,
            switch_off,
            look_at_waiters: intercept::look_at_waiters,
        });
        export::begin_process(false);
        state::answer(state::Requests {
            thread_started: start_exporter,
            make_room: export::make_room,
            make_way: export::make_way,
            end_before_filter,
            has_thread: export::has_thread,
        });
        // SAFETY: the handlers are functions that live as long as the process.
        unsafe { libc::pthread_atfork(Some(before_fork), Some(after_fork), Some(after_fork_in_child)) };
        sys::at_quick_exit(end_quickly);
        if stays_off_under_sanitizers(config.options.enabled) {
            return;
        }
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

/// `quick_exit` calls what was registered last first, so this comes last.
extern "C" fn end_quickly(_: *mut c_void) {
    end();
}

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
    if state::is_off_for_good() {
        return false;
    }
    // In a program of several threads, another one may be changing the environment.
    let is_single = ThreadCount::find().is_one();
    let changed = is_single.then(config::read_anew).flatten();
    let Some(complaints) = changed else {
        return switch_on();
    };
    for complaint in complaints {
        diag::say(format_args!("{complaint}"));
    }
    // Which locks are profiled, and how, is looked at when it is switched on.
    state::set_back();
    lead_calls();
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

/// Runtimes of sanitizers that see locks themselves, and stand in front of us or behind
/// us as they please; each by a symbol that only it has.
const SANITIZERS: [(&CStr, &str); 4] = [
    (c"__tsan_init", "ThreadSanitizer"),
    (c"__asan_init", "AddressSanitizer"),
    (c"__msan_init", "MemorySanitizer"),
    (c"__hwasan_init", "HWAddressSanitizer"),
];

/// Whether one is there; then we are off for good.
fn stays_off_under_sanitizers(is_wanted: bool) -> bool {
    let found = SANITIZERS
        .iter()
        .find(|(symbol, _)| sys::has_symbol(symbol));
    let Some((_, name)) = found else { return false };
    state::switch_off_for_good();
    if is_wanted {
        diag::say(format_args!(
            "the program is built with {name}; staying off"
        ));
    }
    true
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
        lead_calls();
    }
    on
}

/// Stops profiling; it can be started again.
pub(crate) fn switch_off() {
    state::switch_off();
    lead_calls();
}

/// Leads the calls of the program through our gates, or past them.
fn lead_calls() {
    state::follow(|on| {
        if on {
            intercept::arm();
        } else {
            intercept::disarm();
        }
    });
}

/// Stops profiling for good, says so once, and leaves the host alone.
fn give_up(reason: &str) {
    state::switch_off_for_good();
    lead_calls();
    diag::say(format_args!("switched off because of {reason}"));
}

/// The program is about to forbid itself a call that we make, and would be ended by it: what
/// we know is told while that may be. The caller is inside us.
fn end_before_filter(call: &str) {
    if !export::is_this_process() {
        // A child of vfork, before it starts another program: all we have is its parent's.
        return;
    }
    if state::is_on() {
        diag::say(format_args!(
            "the program forbids itself system calls that profiling takes ({call}); its profile ends here"
        ));
    }
    export::flush_last(EXIT_LIMIT);
    export::end_threads();
    state::switch_off_for_good();
    lead_calls();
}

fn start_exporter() {
    if state::is_on() {
        export::start_thread();
    }
}

/// Keeps the heap whole from before a fork to after it.
struct AcrossFork(UnsafeCell<Option<memory::Quiet>>);

/// The thread that holds the heap across its fork; 0 none. (`pthread_self` is never 0,
/// and the same in the child.)
static FORKING: AtomicU64 = AtomicU64::new(0);
/// Whether the heap was left in the hands of a thread that this process does not have.
static HEAP_IS_LOST: AtomicBool = AtomicBool::new(false);

// SAFETY: written only between `before_fork` and what follows it, during which
// the one thread that forks holds the heap's mutex.
unsafe impl Sync for AcrossFork {}

static ACROSS_FORK: AcrossFork = AcrossFork(UnsafeCell::new(None));

extern "C" fn before_fork() {
    if HEAP_IS_LOST.load(Ordering::Relaxed) {
        return;
    }
    // Under a signal handler that interrupted us, it may be this thread that is inside.
    let was_inside = intercept::is_inside();
    // Should it have to wait for the heap, that is no wait of the host's.
    let _entered = intercept::enter();
    let quiet = if was_inside {
        memory::try_quiet()
    } else {
        Some(memory::quiet())
    };
    let Some(quiet) = quiet else { return };
    // SAFETY: the heap's mutex is held: nobody else is here.
    unsafe { *ACROSS_FORK.0.get() = Some(quiet) };
    FORKING.store(sys::pthread_id(), Ordering::Relaxed);
}

/// Lets go of the heap; says whether this thread had it.
fn let_go_of_heap() -> bool {
    let _entered = intercept::enter();
    // Relaxed: only the thread itself writes its own number there.
    if FORKING.load(Ordering::Relaxed) != sys::pthread_id() {
        return false;
    }
    FORKING.store(0, Ordering::Relaxed);
    // SAFETY: still held since `before_fork`; the guard is moved out before it
    // lets go, so nobody else meets the cell half-way.
    drop(unsafe { (*ACROSS_FORK.0.get()).take() });
    true
}

extern "C" fn after_fork() {
    let_go_of_heap();
}

/// The child has none of the parent's threads, ours included, and none of its
/// data. A few stores: most children only start another program.
extern "C" fn after_fork_in_child() {
    if !let_go_of_heap() {
        // Somebody is inside it, perhaps a thread that is not there any more.
        HEAP_IS_LOST.store(true, Ordering::Relaxed);
        state::switch_off_for_good();
        lead_calls();
    }
    memory::forget_own_threads();
    record::forget_all();
    intercept::forget_waiters();
    kill_switch::forget();
    state::forget_off_time();
    state::begin_epoch();
    export::begin_process(true);
}
