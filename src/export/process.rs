//! One process and its data: what came in, and how it is told.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use contract::comment;
use contract::file_name::Identity;
use contract::options::Symbols;
use contract::pprof::Encoder;
use contract::profile::Profile;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::aggregate::Aggregate;
use super::build::{self, Sources};
use super::locks::{Locks, Origin, address_of};
use super::names::Names;
use super::objects::Objects;
use super::open::OpenHolds;
use super::sink::file::FileSink;
use super::sink::{Parcel, Sink, SinkError};
use super::threads::Threads;
use super::unhooked::Unhooked;
use crate::config::Config;
use crate::record::{self, KINDS, Record, Role};
use crate::{diag, sys};

/// When this process began: at the start of the program, or at its fork.
static BEGAN_UNIX_NS: AtomicU64 = AtomicU64::new(0);
static BEGAN_NS: AtomicU64 = AtomicU64::new(0);
static IS_FORKED: AtomicBool = AtomicBool::new(false);

/// Notes that a process begins now.
pub(crate) fn begin(is_forked: bool) {
    BEGAN_UNIX_NS.store(sys::realtime_ns(), Ordering::Relaxed);
    BEGAN_NS.store(sys::monotonic_ns(), Ordering::Relaxed);
    IS_FORKED.store(is_forked, Ordering::Relaxed);
}

/// Everything known about this process.
pub(crate) struct Process {
    config: &'static Config,
    aggregate: Aggregate,
    locks: Locks,
    open: OpenHolds,
    threads: Threads,
    objects: Objects,
    names: Names,
    unhooked: Unhooked,
    /// Opened at the first flush: that looks at files, and this may be made on a
    /// thread of the host that must not.
    sinks: Option<Vec<Box<dyn Sink>>>,
}

fn open_sinks(config: &Config) -> Vec<Box<dyn Sink>> {
    let identity = Identity {
        executable: config.executable.clone(),
        pid: sys::process_id(),
        start_ms: BEGAN_UNIX_NS.load(Ordering::Relaxed) / 1_000_000,
    };
    let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
    match FileSink::new(config, &identity, IS_FORKED.load(Ordering::Relaxed)) {
        Ok(sink) => sinks.push(Box::new(sink)),
        Err(SinkError::Temporary(reason) | SinkError::Permanent(reason)) => {
            diag::say(format_args!("{reason}; no profile is written"))
        }
    }
    sinks
}

impl Process {
    pub(crate) fn new(config: &'static Config) -> Self {
        Self {
            config,
            aggregate: Aggregate::default(),
            locks: Locks::default(),
            open: OpenHolds::default(),
            threads: Threads::default(),
            objects: Objects::default(),
            names: Names::default(),
            unhooked: Unhooked::default(),
            sinks: None,
        }
    }

    /// Takes in all records that wait.
    pub(crate) fn drain(&mut self) {
        let mut looked_again = false;
        while record::take(|record| self.learn(record, &mut looked_again)) {}
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
            Role::Acquire | Role::Release => {
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

    /// Sends a profile of everything so far everywhere. Nothing to tell is told
    /// to nobody. Says whether it arrived.
    pub(crate) fn flush(&mut self) -> bool {
        self.aggregate.settle(true);
        if self.aggregate.is_empty() {
            return true;
        }
        self.look_up_names();
        let Ok(parcel) = self.pack() else {
            return false;
        };
        let config = self.config;
        let sinks = self.sinks.get_or_insert_with(|| open_sinks(config));
        let mut arrived = !sinks.is_empty();
        sinks.retain_mut(|sink| match sink.send(&parcel) {
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
        });
        arrived
    }

    /// The profile as it is sent.
    fn pack(&self) -> io::Result<Parcel> {
        let mut encoder = Encoder::new(GzEncoder::new(Vec::new(), Compression::default()));
        let sources = Sources {
            aggregate: &self.aggregate,
            locks: &self.locks,
            threads: &self.threads,
            objects: &self.objects,
            names: &self.names,
        };
        let mut profile = build::profile(&sources, |sample, locations_len| {
            encoder.add(sample, locations_len)
        })?;
        self.put_times_and_comments(&mut profile);
        let open = self.open.sorted();
        let open = build::open_holds(&sources, &open, sys::monotonic_ns());
        profile.comments.extend(open);
        Ok(Parcel {
            gzipped: encoder.finish(&profile)?.finish()?,
        })
    }

    fn look_up_names(&mut self) {
        self.objects.refresh();
        self.unhooked.refresh(&self.objects);
        let rows = self.aggregate.rows();
        let open = self.open.sorted();
        let held = || open.iter().map(|open| open.lock);
        let locks = || rows.iter().map(|(key, _)| key.lock).chain(held());
        let frames = self.aggregate.stacks().flatten().copied();
        let origins = locks()
            .filter_map(|lock| match self.locks.origin(lock) {
                Some(Origin::Init(frames) | Origin::First(frames)) => Some(frames),
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
        let blockers = rows.iter().map(|(key, _)| key.blocker);
        self.threads.refresh(blockers.filter(|&id| id != 0));
    }

    fn put_times_and_comments(&self, profile: &mut Profile) {
        let elapsed_ns = sys::monotonic_ns() - BEGAN_NS.load(Ordering::Relaxed);
        profile.start_unix_ns = i64::try_from(BEGAN_UNIX_NS.load(Ordering::Relaxed)).unwrap_or(0);
        profile.duration_ns = i64::try_from(elapsed_ns).unwrap_or(0);
        let options = &self.config.options;
        let exact = KINDS.map(|kind| (kind, record::exact_waits(kind)));
        let (waits, wait_ns) = exact
            .iter()
            .fold((0, 0), |(waits, ns), (_, of)| (waits + of.0, ns + of.1));
        profile.comments = vec![
            concat!("liblockprof ", env!("CARGO_PKG_VERSION")).to_owned(),
            format!("{}{}", comment::PID, sys::process_id()),
            format!("{}{}", comment::SAMPLE, options.sample),
            format!(
                "waits of at least {} ns are always kept",
                options.wait_sample_ns
            ),
            format!("{}{waits} of {wait_ns} ns in all", comment::EXACT_WAITS),
        ];
        for (kind, (waits, wait_ns)) in exact.into_iter().filter(|(_, (waits, _))| *waits != 0) {
            let (estimated, estimated_ns) = self.aggregate.waits(kind);
            profile.comments.push(format!(
                "{}{}: {waits} of {wait_ns} ns, estimated {estimated:.0} of {estimated_ns:.0} ns",
                comment::EXACT_WAITS_OF,
                build::kind_name(kind)
            ));
        }
        if let Some(run) = &options.run {
            profile.comments.push(format!("{}{run}", comment::RUN));
        }
        let unhooked = self.unhooked.paths(&self.objects);
        let unhooked = unhooked.map(|path| format!("{}{path}", comment::NOT_HOOKED));
        profile.comments.extend(unhooked);
        let lost = record::all_lost().map(|lost| format!("{}{lost}", comment::LOST));
        profile.comments.extend(lost);
    }
}
