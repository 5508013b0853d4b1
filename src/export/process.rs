//! One process and its data: what came in, and how it is told.

mod comments;
mod live;

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use contract::file_name::Identity;
use contract::options::Symbols;
use contract::profile::{Profile, Sample};

use super::aggregate::{Aggregate, Row};
use super::build::{self, Sources};
use super::filter::Filter;
use super::holders::Holders;
use super::locks::{Locks, Origin, address_of};
use super::names::Names;
use super::objects::Objects;
use super::open::OpenHolds;
use super::sink::{self, Deliveries, Sink, SinkError, Span};
use super::threads::Threads;
use super::told::Told;
use super::unhooked::Unhooked;
use crate::config::Config;
use crate::record::{self, Record, Role};
use crate::{diag, sys};

/// When this process began: at the start of the program, or at its fork.
static BEGAN_UNIX_NS: AtomicU64 = AtomicU64::new(0);
static BEGAN_NS: AtomicU64 = AtomicU64::new(0);
static IS_FORKED: AtomicBool = AtomicBool::new(false);
/// Which process that is.
static ID: AtomicU32 = AtomicU32::new(0);

/// Notes that a process begins now.
pub(crate) fn begin(is_forked: bool) {
    BEGAN_UNIX_NS.store(sys::realtime_ns(), Ordering::Relaxed);
    BEGAN_NS.store(sys::monotonic_ns(), Ordering::Relaxed);
    IS_FORKED.store(is_forked, Ordering::Relaxed);
    ID.store(sys::process_id(), Ordering::Relaxed);
}

/// Whether the calling process is the one that began. A child by a bare `clone` is not:
/// it has no thread of ours and the parent's data, in whatever state, and calls no
/// handler of a fork. Asked before anything is done that could block or be told.
pub(crate) fn is_this_one() -> bool {
    ID.load(Ordering::Relaxed) == sys::process_id()
}

/// Everything known about this process.
pub(crate) struct Process {
    config: &'static Config,
    aggregate: Aggregate,
    locks: Locks,
    open: OpenHolds,
    holders: Holders,
    threads: Threads,
    objects: Objects,
    names: Names,
    filter: Filter,
    unhooked: Unhooked,
    /// Opened at the first flush: that looks at files, and this may be made on a
    /// thread of the host that must not.
    sinks: Option<Vec<Box<dyn Sink>>>,
    deliveries: &'static Deliveries,
    told: Told,
    /// When what was told last ended; the monotonic clock.
    told_until_ns: u64,
    /// The same, as receivers were told.
    told_until_unix_ns: u64,
}

/// A span of time, for people: begin since 1970, and length.
#[derive(Clone, Copy)]
struct Times {
    start_unix_ns: u64,
    duration_ns: u64,
}

impl Times {
    /// Of everything until now.
    fn of_all(now_ns: u64) -> Self {
        Self {
            start_unix_ns: BEGAN_UNIX_NS.load(Ordering::Relaxed),
            duration_ns: now_ns.saturating_sub(BEGAN_NS.load(Ordering::Relaxed)),
        }
    }

    /// Of what has just ended: from where the time before ended, unless the clock says that
    /// it is another time now. It may have been set right meanwhile, and the machine may have
    /// slept, which the other clock does not count. Receivers refuse what lies far back.
    fn following(before_unix_ns: u64, duration_ns: u64, unix_ns: u64) -> Self {
        /// How far two clocks may part.
        const APART_MAX_NS: u64 = 1_000_000_000;
        let end_unix_ns = before_unix_ns.saturating_add(duration_ns);
        let start_unix_ns = if end_unix_ns.abs_diff(unix_ns) <= APART_MAX_NS {
            before_unix_ns
        } else {
            unix_ns.saturating_sub(duration_ns)
        };
        Self {
            start_unix_ns,
            duration_ns,
        }
    }
}

fn open_sinks(config: &'static Config, deliveries: &'static Deliveries) -> Vec<Box<dyn Sink>> {
    let identity = Identity {
        executable: config.executable.clone(),
        pid: sys::process_id(),
        start_ms: BEGAN_UNIX_NS.load(Ordering::Relaxed) / 1_000_000,
    };
    let is_forked = IS_FORKED.load(Ordering::Relaxed);
    sink::open_all(config, &identity, is_forked, deliveries)
}

impl Process {
    pub(crate) fn new(config: &'static Config, deliveries: &'static Deliveries) -> Self {
        Self {
            config,
            aggregate: Aggregate::default(),
            locks: Locks::default(),
            open: OpenHolds::default(),
            holders: Holders::default(),
            threads: Threads::default(),
            objects: Objects::default(),
            names: Names::default(),
            filter: Filter::new(&config.options.include, &config.options.exclude),
            unhooked: Unhooked::default(),
            sinks: None,
            deliveries,
            told: Told::default(),
            told_until_ns: BEGAN_NS.load(Ordering::Relaxed),
            told_until_unix_ns: BEGAN_UNIX_NS.load(Ordering::Relaxed),
        }
    }

    /// Follows other options from now on: what came so far is kept, and the sinks are
    /// opened anew at the next flush.
    pub(crate) fn reopen(&mut self, config: &'static Config) {
        // What waits came under the old filters.
        self.drain();
        self.config = config;
        self.filter = Filter::new(&config.options.include, &config.options.exclude);
        self.sinks = None;
    }

    /// Takes in all records that wait.
    pub(crate) fn drain(&mut self) {
        let mut looked_again = false;
        self.filter.begin();
        record::drain(|record| self.learn(record, &mut looked_again));
        self.aggregate.settle(false);
    }

    fn learn(&mut self, record: &Record, looked_again: &mut bool) {
        match record.role {
            Role::Name => {
                self.locks.learn(record);
            }
            Role::Init => {
                self.see(record, looked_again);
                let before = self.locks.lock_at(record.lock);
                if self.locks.learn(record) != before {
                    self.open.forget(before);
                }
            }
            Role::Acquire | Role::Release | Role::Sync | Role::Wake => {
                if self.leave_out(record) {
                    return;
                }
                let lock = self.locks.learn(record);
                // A release without a stack only says that a hold is over.
                if !record.frames.as_slice().is_empty() && self.aggregate.add(record, lock) {
                    self.see(record, looked_again);
                }
                self.open.learn(record, lock);
                self.threads.learn(record);
            }
        }
    }

    /// Drops a record that the filters leave out, but for what others need of it: that a
    /// hold is over, whom waits are put down to, how a thread is called.
    fn leave_out(&mut self, record: &Record) -> bool {
        let is_left_out =
            record.role != Role::Wake && self.filter.leaves_out(record.frames.as_slice());
        if is_left_out {
            record::leave_out(record);
            if record.ends_waits() {
                self.aggregate.learn_charge(record, true);
            }
            if record.role == Role::Release {
                self.open.learn(record, self.locks.lock_at(record.lock));
            }
            self.threads.learn(record);
        }
        is_left_out
    }

    /// Decides about new places, which reads files, and takes out what is left out.
    pub(crate) fn decide(&mut self) {
        let with_symbols = self.config.options.symbols == Symbols::Symtab;
        let Self {
            filter,
            objects,
            names,
            ..
        } = self;
        if filter.decide(objects, names, with_symbols) {
            self.aggregate.leave_out(|stack| filter.has_left_out(stack));
            self.open.leave_out(|stack| filter.has_left_out(stack));
        }
        self.filter.end();
    }

    /// Makes sure that the files a new stack runs through are known while they are
    /// still loaded; looks at most once a drain.
    fn see(&mut self, record: &Record, looked_again: &mut bool) {
        let is_unknown =
            |&address: &u64| self.objects.segment_at(address.saturating_sub(1)).is_none();
        if !*looked_again && record.frames.as_slice().iter().any(is_unknown) {
            self.objects.refresh();
            *looked_again = true;
        }
    }

    /// Tells everybody: files are written, uploads under way when it returns. Nothing
    /// to tell is told to nobody. Says whether all was taken.
    pub(crate) fn flush(&mut self) -> bool {
        self.decide();
        self.aggregate.settle(true);
        // That a program waits for its threads is no reason to tell of it, unless asked.
        let is_asked = self.config.options.locks == ["join"];
        let is_without_rows = self.aggregate.is_empty();
        let is_idle = if is_without_rows {
            record::all_left_out().is_none()
        } else {
            self.aggregate.has_joins_only() && !is_asked
        };
        if is_idle && !record::any_lost() {
            return true;
        }
        self.look_up_names();
        let (config, deliveries) = (self.config, self.deliveries);
        let open = || open_sinks(config, deliveries);
        let mut sinks = self.sinks.take().unwrap_or_else(open);
        let mut tables = self.hand_out(&mut sinks);
        let now_ns = sys::monotonic_ns();
        let since_flush = Times::following(
            self.told_until_unix_ns,
            now_ns.saturating_sub(self.told_until_ns),
            sys::realtime_ns(),
        );
        let mut arrived = !sinks.is_empty();
        sinks.retain_mut(|sink| {
            let times = match sink.span() {
                Span::Whole => Times::of_all(now_ns),
                Span::SinceFlush => since_flush,
            };
            times.put_on(&mut tables);
            match sink.finish(&tables) {
                Ok(()) => true,
                Err(SinkError::Temporary(reason)) => {
                    arrived = false;
                    diag::say(format_args!("{reason}"));
                    true
                }
                Err(SinkError::Permanent(reason)) => {
                    arrived = false;
                    diag::say(format_args!("{reason}; not trying again"));
                    false
                }
            }
        });
        self.sinks = Some(sinks);
        self.told_until_ns = now_ns;
        self.told_until_unix_ns = since_flush.start_unix_ns + since_flush.duration_ns;
        arrived
    }

    /// Tells those again who are told everything each time, for what was lost since
    /// they were told. Says whether all was taken.
    pub(crate) fn tell_losses(&mut self) -> bool {
        let Some(all) = self.sinks.take() else {
            return false;
        };
        let mut told: Vec<Box<dyn Sink>> = all
            .into_iter()
            .filter(|sink| sink.span() == Span::Whole)
            .collect();
        self.decide();
        self.aggregate.settle(true);
        self.look_up_names();
        let mut tables = self.hand_out(&mut told);
        Times::of_all(sys::monotonic_ns()).put_on(&mut tables);
        // What is wrong with them was said by the flush before.
        let taken = told.iter_mut().all(|sink| sink.finish(&tables).is_ok());
        self.sinks = Some(told);
        taken
    }

    /// Hands the rows to all sinks; what the rows refer to, and comments, come back.
    fn hand_out(&mut self, sinks: &mut [Box<dyn Sink>]) -> Profile {
        let mut told = std::mem::take(&mut self.told);
        let uploads = sinks.iter().any(|sink| sink.span() == Span::SinceFlush);
        let tables = self.tables(|row, sample, tables| {
            let whole = sample.values;
            let rest = if uploads {
                told.rest(row, &whole)
            } else {
                whole
            };
            let is_sync = row.key.role == Role::Sync;
            for sink in &mut *sinks {
                if is_sync && !sink.takes_sync_waits() {
                    continue;
                }
                sample.values = match sink.span() {
                    Span::Whole => whole,
                    Span::SinceFlush => rest,
                };
                if sample.values.iter().any(|&value| value != 0) {
                    sink.add(sample, tables);
                }
            }
        });
        self.told = told;
        tables
    }

    /// Hands out every row; what the rows refer to, and comments, come back.
    fn tables(&self, hand_out: impl FnMut(Row<'_>, &mut Sample, &Profile)) -> Profile {
        let sources = self.sources();
        let mut tables = build::profile(&sources, hand_out);
        let open = self.open.sorted();
        let open = build::open_holds(&sources, &open, sys::monotonic_ns());
        tables.comments = self.comments();
        tables.comments.extend(open);
        let holders = build::holders(&sources, &self.holders);
        tables.comments.extend(holders);
        tables
    }

    fn sources(&self) -> Sources<'_> {
        Sources {
            aggregate: &self.aggregate,
            locks: &self.locks,
            threads: &self.threads,
            objects: &self.objects,
            names: &self.names,
        }
    }

    fn look_up_names(&mut self) {
        self.objects.refresh();
        self.unhooked.refresh(&self.objects);
        let rows = self.aggregate.rows();
        let open = self.open.sorted();
        let held = || open.iter().map(|open| open.lock);
        let locks = || rows.iter().map(|row| row.key.lock).chain(held());
        let frames = self.aggregate.stacks().flatten().copied();
        let origins = locks()
            .filter_map(|lock| match self.locks.origin(lock) {
                Some(Origin::Init(frames) | Origin::First(frames) | Origin::Waited(frames)) => {
                    Some(frames)
                }
                Some(Origin::Name(_)) | None => None,
            })
            .flatten()
            .filter(|&address| address != 0);
        let taken = open.iter().flat_map(|open| open.frames);
        let code = frames
            .chain(origins)
            .chain(taken.filter(|&address| address != 0))
            .map(|address| address.saturating_sub(1));
        let with_symbols = self.config.options.symbols == Symbols::Symtab;
        self.names
            .look_up(&self.objects, code, locks().map(address_of), with_symbols);
        if with_symbols {
            self.names.look_up_made(&self.objects);
        }
        let blockers = rows.iter().map(|row| row.key.blocker);
        self.threads.refresh(blockers.filter(|&id| id != 0));
    }
}

impl Times {
    fn put_on(&self, profile: &mut Profile) {
        profile.start_unix_ns = i64::try_from(self.start_unix_ns).unwrap_or(0);
        profile.duration_ns = i64::try_from(self.duration_ns).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_just_ended_follows_what_ended_before_unless_the_clock_was_set_meanwhile() {
        const HOUR_NS: u64 = 3_600_000_000_000;
        // Two clocks are never read at once.
        let usual = Times::following(HOUR_NS, 60, HOUR_NS + 61);
        assert_eq!((usual.start_unix_ns, usual.duration_ns), (HOUR_NS, 60));
        for now in [8 * HOUR_NS, HOUR_NS / 2] {
            let times = Times::following(HOUR_NS, 60, now);
            assert_eq!(times.start_unix_ns + times.duration_ns, now);
        }
        // A clock that begins in 1970 has no time before.
        assert_eq!(Times::following(HOUR_NS, 60, 5).start_unix_ns, 0);
    }
}
