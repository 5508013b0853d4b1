//! The half that runs on our own thread: drain, aggregate, name, build, send.
//!
//! A program without threads of its own has no thread of ours either. Then the
//! host's only thread drains when the queue is full, and flushes at exit.

mod aggregate;
mod blame;
mod build;
mod control;
mod files;
mod filter;
mod holders;
mod jit;
mod locks;
mod names;
mod objects;
mod open;
mod own_thread;
mod process;
mod sink;
mod symbolize;
mod threads;
mod told;
mod unhooked;
mod way;

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::time::Duration;

use self::process::Process;
pub(crate) use self::process::is_this_one as is_this_process;
use self::sink::Deliveries;
pub(crate) use self::way::{end as end_threads, make as make_way};
use crate::per_process::PerProcess;
use crate::record::Waiting;
use crate::thread_count::ThreadCount;
use crate::{config, diag, kill_switch, memory, record, sys};

/// Time between two drains while records come.
const DRAIN_EVERY: Duration = Duration::from_millis(20);
/// Time after which a thread that waits for room in the queue looks again.
const ROOM_WAIT: Duration = Duration::from_micros(100);
/// Time the last uploads have when no thread of the host is left to wait for them.
const LAST_UPLOAD_LIMIT: Duration = Duration::from_secs(2);
/// Of the time an end may take, what is left for what follows when uploads do not
/// arrive: keeping them on disk, and saying in the file that they were lost.
const AFTER_UPLOADS: Duration = Duration::from_millis(300);
/// Memory that must be free before our work is done on a thread of the host.
const HOST_ROOM: usize = 8 << 20;
/// Memory that must be free before our thread starts: as much as all of us ever
/// take, so that we do not take it from the host.
const THREAD_ROOM: usize = 16 << 20;

/// This process's data.
static PROCESS: PerProcess<Mutex<Process>> = PerProcess::new();
/// This process's uploads.
static DELIVERIES: PerProcess<Deliveries> = PerProcess::new();
/// Whether our thread runs.
static RUNNING: AtomicBool = AtomicBool::new(false);
/// Whether the user was told that it cannot be started.
static SAID_ALONE: AtomicBool = AtomicBool::new(false);
/// Flushes asked for, and flushes done: a flush is asked for by counting up.
static ASKED: AtomicU32 = AtomicU32::new(0);
static DONE: AtomicU32 = AtomicU32::new(0);
/// Whether the last flush that was asked for arrived everywhere.
static ARRIVED: AtomicBool = AtomicBool::new(false);
/// Whether a flush only has to tell what was lost.
static ONLY_LOSSES: AtomicBool = AtomicBool::new(false);

/// What this half asks of the other, without knowing it.
pub(crate) struct Wiring {
    /// Marks the calling thread as ours for ever.
    pub(crate) become_internal: fn(),
    /// Switches off for good, and says why.
    pub(crate) give_up: fn(&str),
    /// Switches profiling on; says whether it is on now.
    pub(crate) switch_on: fn() -> bool,
    /// Switches profiling off.
    pub(crate) switch_off: fn(),
    /// Shows who waits for which lock now; takes what time it is.
    pub(crate) look_at_waiters: fn(u64, &mut dyn FnMut(Waiting)),
}

static WIRING: OnceLock<Wiring> = OnceLock::new();

/// Tells what to call; once, before anything else here.
pub(crate) fn wire(wiring: Wiring) {
    let _ = WIRING.set(wiring);
}

/// Who waits for which lock now.
fn waiting(now_ns: u64) -> Vec<Waiting> {
    let mut waiting = Vec::new();
    if let Some(wiring) = WIRING.get() {
        (wiring.look_at_waiters)(now_ns, &mut |queue| waiting.push(queue));
    }
    waiting
}

fn give_up() {
    if let Some(wiring) = WIRING.get() {
        (wiring.give_up)("an internal error");
    }
}

fn give_up_without_memory() {
    // Nobody needs to wait for a flush any more.
    RUNNING.store(false, Ordering::Relaxed);
    sys::wake(&DONE);
    if let Some(wiring) = WIRING.get() {
        (wiring.give_up)("lack of memory");
    }
}

/// Begins the life of a process: at start, and again in every forked child.
pub(crate) fn begin_process(is_forked: bool) {
    process::begin(is_forked);
    PROCESS.forget();
    DELIVERIES.forget();
    own_thread::forget_all();
    control::forget_all();
    way::forget();
    RUNNING.store(false, Ordering::Relaxed);
    ASKED.store(0, Ordering::Relaxed);
    DONE.store(0, Ordering::Relaxed);
    ONLY_LOSSES.store(false, Ordering::Relaxed);
}

fn process() -> Option<&'static Mutex<Process>> {
    let config = config::get()?;
    let deliveries = DELIVERIES.get_or_try_make(|| Some(Deliveries::default()))?;
    PROCESS.get_or_try_make(|| Some(Mutex::new(Process::new(config, deliveries))))
}

fn locked(process: &'static Mutex<Process>) -> MutexGuard<'static, Process> {
    process.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The options have changed: whatever is told from now on is told by the new ones. Our
/// thread does not run.
pub(crate) fn reopen() {
    // A process that does not exist yet will be made by them.
    if let (Some(process), Some(config)) = (PROCESS.get(), config::get()) {
        locked(process).reopen(config);
    }
}

/// Starts our thread, unless it runs. The caller is inside us.
pub(crate) fn start_thread() {
    let is_running = || RUNNING.load(Ordering::Relaxed);
    if is_running() || way::is_asked_for() || !process::is_this_one() {
        return;
    }
    // Whoever jumped out of here would leave nobody to run.
    let _undisturbed = sys::stay_undisturbed();
    if RUNNING.swap(true, Ordering::Relaxed) {
        return;
    }
    if !memory::has_room(THREAD_ROOM) {
        stay_alone("not enough memory");
        return;
    }
    let dispensable = own_thread::Dispensable::new();
    if let Err(error) = own_thread::start(c"lockprof", move || serve(&dispensable)) {
        stay_alone(&error.to_string());
    }
}

/// Whether our thread runs.
pub(crate) fn has_thread() -> bool {
    RUNNING.load(Ordering::Relaxed)
}

/// Our thread does not run after all.
fn stay_alone(reason: &str) {
    RUNNING.store(false, Ordering::Relaxed);
    // The next thread of the host is another occasion, but no other message.
    if !SAID_ALONE.swap(true, Ordering::Relaxed) {
        diag::say(format_args!(
            "no thread of ours can be started ({reason}); writing a profile at exit only"
        ));
    }
}

/// What our thread does, until it is asked to make way.
fn serve(_: &own_thread::Dispensable) {
    let (Some(process), Some(config)) = (process(), config::get()) else {
        return;
    };
    record::widen();
    let threads = ThreadCount::find();
    match (config.options.control, cfg!(feature = "control")) {
        (true, true) => control::start(),
        (true, false) => diag::say(format_args!(
            "this build of the library has no control socket"
        )),
        (false, _) => {}
    }
    let mut due_ns = sys::monotonic_ns() + config.options.first_interval_ns;
    loop {
        record::sleep_reader(DRAIN_EVERY);
        if way::is_asked_for() {
            break;
        }
        if kill_switch::is_pressed() {
            control::toggle();
        }
        let asked = ASKED.load(Ordering::Acquire);
        let is_asked = asked != DONE.load(Ordering::Relaxed);
        let is_alone = threads.is_only(own_thread::running());
        let is_due = sys::monotonic_ns() >= due_ns;
        let mut process = locked(process);
        process.drain();
        process.decide();
        process.look_at_holders();
        if is_asked || is_alone || is_due {
            let arrived = flush_or_tell(&mut process);
            drop(process);
            due_ns = sys::monotonic_ns() + config.options.interval_ns;
            ARRIVED.store(arrived, Ordering::Relaxed);
            DONE.store(asked, Ordering::Release);
            sys::wake(&DONE);
        }
        if is_alone {
            // The program's last thread has ended, and main had before it: the
            // process would have ended here without us.
            RUNNING.store(false, Ordering::Relaxed);
            end_uploads(LAST_UPLOAD_LIMIT);
            sys::exit_process();
        }
    }
    // Whoever asks from now on does it without us; who asked before is told to.
    RUNNING.store(false, Ordering::Relaxed);
    sys::wake(&DONE);
}

/// The queue is full. When our thread does not run, or when every acquisition is
/// to be counted, the caller empties it, or waits for whoever does; else losing a
/// record is cheaper, and it is counted. The caller is inside us. Says whether
/// there may be room now.
pub(crate) fn make_room() -> bool {
    let is_exact = config::get().is_some_and(|config| config.sampling.period == 1);
    if RUNNING.load(Ordering::Relaxed) && !is_exact {
        return false;
    }
    if !process::is_this_one() || !memory::has_room(HOST_ROOM) {
        return false;
    }
    let undisturbed = sys::stay_undisturbed();
    let Some(process) = process() else {
        return false;
    };
    let mut process = match process.try_lock() {
        Ok(process) => process,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => {
            drop(undisturbed);
            let _uncancelled = sys::stay_uncancelled();
            // Whoever has it is emptying the queue, or soon will.
            std::thread::sleep(ROOM_WAIT);
            return true;
        }
    };
    let drained = panic::catch_unwind(AssertUnwindSafe(|| process.drain())).is_ok();
    drop(process);
    if !drained {
        give_up();
    }
    drained
}

/// Sends a profile of everything so far, on our thread if it runs, and waits for
/// it no longer than `limit`. The caller is inside us. Says whether it arrived.
pub(crate) fn flush(limit: Duration) -> bool {
    if !record::any_seen() {
        // Nothing to tell, and nothing to spend on finding that out.
        return true;
    }
    if !process::is_this_one() {
        return false;
    }
    let _undisturbed = sys::put_off_handlers();
    let begin_ns = sys::monotonic_ns();
    let failed_before = DELIVERIES.get().map_or(0, Deliveries::failed);
    let taken = take_and_tell(limit, &say_unfinished);
    let left = left_of(limit, begin_ns);
    taken
        && DELIVERIES
            .get()
            .is_none_or(|deliveries| deliveries.wait(left) && deliveries.failed() == failed_before)
}

/// The same when the program ends: what has not arrived within `limit` is kept on
/// disk or lost, and the file says so.
pub(crate) fn flush_last(limit: Duration) {
    if !record::any_seen() || !process::is_this_one() {
        return;
    }
    let _undisturbed = sys::put_off_handlers();
    let begin_ns = sys::monotonic_ns();
    if let Some(deliveries) = DELIVERIES.get() {
        deliveries.hurry(limit.saturating_sub(AFTER_UPLOADS));
    }
    take_and_tell(limit, &say_unfinished);
    end_uploads(left_of(limit, begin_ns));
}

fn left_of(limit: Duration, begin_ns: u64) -> Duration {
    limit.saturating_sub(Duration::from_nanos(sys::monotonic_ns() - begin_ns))
}

/// Waits for uploads no longer than `limit`, parts with what has not arrived, and
/// has the file tell of it.
fn end_uploads(limit: Duration) {
    let Some(deliveries) = DELIVERIES.get() else {
        return;
    };
    let begin_ns = sys::monotonic_ns();
    let limit_of_uploads = limit.saturating_sub(AFTER_UPLOADS);
    deliveries.hurry(limit_of_uploads);
    if !deliveries.wait(limit_of_uploads) {
        deliveries.abandon();
    }
    if deliveries.has_news() {
        ONLY_LOSSES.store(true, Ordering::Relaxed);
        // The profile that was told before stays if there is no time for this one.
        take_and_tell(left_of(limit, begin_ns), &|_| ());
    }
}

fn flush_or_tell(process: &mut Process) -> bool {
    if ONLY_LOSSES.load(Ordering::Relaxed) {
        process.tell_losses()
    } else {
        process.flush()
    }
}

fn say_unfinished(limit: Duration) {
    diag::say(format_args!(
        "the last profile was not finished within {} s; the one before it stays",
        limit.as_secs()
    ));
}

/// Makes the last profile, where that is to be done. Says whether it was taken;
/// calls `unfinished` when it takes longer than `limit`.
fn take_and_tell(limit: Duration, unfinished: &dyn Fn(Duration)) -> bool {
    if RUNNING.load(Ordering::Relaxed) {
        return ask_thread(limit, unfinished);
    }
    if !memory::has_room(HOST_ROOM) {
        diag::say(format_args!("no memory for a profile"));
        return false;
    }
    let Some(process) = process() else {
        return false;
    };
    let flushed = panic::catch_unwind(AssertUnwindSafe(|| {
        let mut process = locked(process);
        process.drain();
        flush_or_tell(&mut process)
    }));
    flushed.unwrap_or(false)
}

fn ask_thread(limit: Duration, unfinished: &dyn Fn(Duration)) -> bool {
    let mine = ASKED.fetch_add(1, Ordering::Release) + 1;
    record::wake_reader();
    let begin_ns = sys::monotonic_ns();
    loop {
        // Acquire pairs with the Release in `serve`: `ARRIVED` belongs to this flush.
        let done = DONE.load(Ordering::Acquire);
        if done >= mine {
            return ARRIVED.load(Ordering::Relaxed);
        }
        if !RUNNING.load(Ordering::Relaxed) {
            return false;
        }
        let waited = Duration::from_nanos(sys::monotonic_ns() - begin_ns);
        let Some(left) = limit.checked_sub(waited).filter(|left| !left.is_zero()) else {
            unfinished(limit);
            return false;
        };
        sys::sleep_on(&DONE, done, left);
    }
}
