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
use super::locks::{Locks, Origin};
use super::names::Names;
use super::objects::Objects;
use super::sink::file::FileSink;
use super::sink::{Parcel, Sink, SinkError};
use super::threads::Threads;
use crate::config::Config;
use crate::record::{self, Role};
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
    threads: Threads,
    objects: Objects,
    names: Names,
    sinks: Vec<Box<dyn Sink>>,
}

impl Process {
    pub(crate) fn new(config: &'static Config) -> Self {
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
        Self {
            config,
            aggregate: Aggregate::default(),
            locks: Locks::default(),
            threads: Threads::default(),
            objects: Objects::default(),
            names: Names::default(),
            sinks,
        }
    }

    /// Takes in all records that wait.
    pub(crate) fn drain(&mut self) {
        let mut looked_again = false;
        while let Some(record) = record::pop() {
            if record.role != Role::Name {
                self.see(record.stack(), &mut looked_again);
            }
            self.locks.learn(&record);
            if matches!(record.role, Role::Acquire | Role::Release) {
                self.threads.learn(&record);
                self.aggregate.add(&record);
            }
        }
    }

    /// Makes sure that the files a stack runs through are known while they are
    /// still loaded; looks at most once a drain.
    fn see(&mut self, stack: &[u64], looked_again: &mut bool) {
        let is_unknown =
            |&address: &u64| self.objects.segment_at(address.saturating_sub(1)).is_none();
        if !*looked_again && stack.iter().any(is_unknown) {
            self.objects.refresh();
            *looked_again = true;
        }
    }

    /// Sends a profile of everything so far everywhere. Nothing to tell is told
    /// to nobody. Says whether it arrived.
    pub(crate) fn flush(&mut self) -> bool {
        if self.aggregate.is_empty() {
            return true;
        }
        self.look_up_names();
        let Ok(parcel) = self.pack() else {
            return false;
        };
        let mut arrived = !self.sinks.is_empty();
        self.sinks.retain_mut(|sink| match sink.send(&parcel) {
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
        Ok(Parcel {
            gzipped: encoder.finish(&profile)?.finish()?,
        })
    }

    fn look_up_names(&mut self) {
        self.objects.refresh();
        let rows = self.aggregate.rows();
        let locks = || rows.iter().map(|(key, _)| key.lock);
        let frames = self.aggregate.stacks().flatten().copied();
        let origins = locks()
            .filter_map(|lock| match self.locks.origin(lock) {
                Some(Origin::Init(frames) | Origin::First(frames)) => Some(frames),
                Some(Origin::Name(_)) | None => None,
            })
            .flatten()
            .filter(|&address| address != 0);
        let code = frames
            .chain(origins)
            .map(|address| address.saturating_sub(1));
        let with_symbols = self.config.options.symbols == Symbols::Symtab;
        self.names
            .look_up(&self.objects, code, locks(), with_symbols);
        let blockers = rows.iter().map(|(key, _)| key.blocker);
        self.threads.refresh(blockers.filter(|&id| id != 0));
    }

    fn put_times_and_comments(&self, profile: &mut Profile) {
        let elapsed_ns = sys::monotonic_ns() - BEGAN_NS.load(Ordering::Relaxed);
        profile.start_unix_ns = i64::try_from(BEGAN_UNIX_NS.load(Ordering::Relaxed)).unwrap_or(0);
        profile.duration_ns = i64::try_from(elapsed_ns).unwrap_or(0);
        let options = &self.config.options;
        let (waits, wait_ns) = record::exact_waits();
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
        if let Some(run) = &options.run {
            profile.comments.push(format!("{}{run}", comment::RUN));
        }
        for (loss, words) in record::LOSSES {
            let (records, events) = record::lost(loss);
            if records != 0 {
                profile.comments.push(format!(
                    "{}{records} records for {events} events ({words})",
                    comment::LOST
                ));
            }
        }
    }
}
