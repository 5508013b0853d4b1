//! Rows as open stores want them: pprof profiles of who waited and of who held.
//!
//! A store makes a series, or a column, of every distinct set of text labels, and
//! so a row keeps one label only: the name of its lock, of a bounded number of
//! locks. Rows that are equal then are one.

mod access;
mod labels;
mod lock_names;
mod part;
mod tables;
#[cfg(test)]
pub(super) mod tests;

use contract::pprof::Schema;
use contract::profile::{Profile, Sample};
use contract::sample_type::{self, SampleType};

pub(super) use self::access::{address, basic, bearer};
pub(super) use self::labels::series_labels;
use self::lock_names::LockNames;
use self::part::{Ending, Packed, Part};
pub(super) use self::tables::StandIns;

/// A profile of one kind, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finished {
    /// What stores call it: `__name__`.
    pub(super) name: &'static str,
    /// pprof, gzipped.
    pub(super) gzip: Vec<u8>,
}

/// What is profiled under one name: which of our columns, and what they are called.
struct Kind {
    name: &'static str,
    schema: Schema,
    columns: [SampleType; COLUMNS],
}

/// Value columns of each kind.
const COLUMNS: usize = 3;

/// At the stacks of acquisitions: who waited. Go's names, by which stores know the
/// first two columns and have titles for them.
const WAITERS: Kind = Kind {
    name: "mutex",
    schema: Schema {
        sample_types: &[
            ("contentions", "count"),
            ("delay", "nanoseconds"),
            ("acquisitions", "count"),
        ],
        default: "delay",
        period: sample_type::PERIOD,
    },
    columns: [
        SampleType::Contention,
        SampleType::AcquireWait,
        SampleType::Acquire,
    ],
};

/// At the stacks of releases: who held, and what waiting that caused. The delay is
/// the same one as the waiters', put down to the other side; so it must not stand
/// in the same profile, where it would count twice.
const HOLDERS: Kind = Kind {
    name: "mutex_holder",
    schema: Schema {
        sample_types: &[
            ("releases", "count"),
            ("delay", "nanoseconds"),
            ("hold", "nanoseconds"),
        ],
        default: "delay",
        period: sample_type::PERIOD,
    },
    columns: [
        SampleType::Release,
        SampleType::Blocked,
        SampleType::ReleaseHold,
    ],
};

/// Stores refuse a profile that begins more than an hour ago. One that began before
/// is said to begin so long before its end.
const AGE_MAX_NS: i64 = 50 * 60 * 1_000_000_000;
/// Stores take two profiles with the same labels at the same millisecond for one
/// that came twice.
const TICK_NS: i64 = 1_000_000;
/// Over so many of them the profiles of processes that were forked together spread.
const TICKS: u32 = 1000;

/// A request is not filled further than this: what stands before a store, such as
/// nginx, often takes no more than 1 MB.
pub(super) const REQUEST_BYTES: usize = 900 * 1024;

/// Takes rows in and makes profiles of them.
pub(super) struct Profiles {
    stand_ins: StandIns,
    locks: LockNames,
    collecting: [(Kind, Part); 2],
    /// Parts that were full.
    packed: Vec<(&'static str, Packed)>,
    first_tick: u32,
}

impl Profiles {
    /// For the process with this id.
    pub(super) fn new(pid: u32, stand_ins: StandIns) -> Self {
        let part = || Part::new(stand_ins);
        Self {
            stand_ins,
            locks: LockNames::new(),
            collecting: [(WAITERS, part()), (HOLDERS, part())],
            packed: Vec::new(),
            first_tick: pid % TICKS,
        }
    }

    /// Takes in one row.
    pub(super) fn add(&mut self, sample: &Sample, tables: &Profile) {
        let lock = self.locks.learn(sample);
        for (kind, part) in &mut self.collecting {
            let values = kind.columns.map(|column| {
                let value = sample.values.get(column.index());
                value.copied().unwrap_or(0).max(0)
            });
            if values == [0; COLUMNS] {
                continue;
            }
            if part.is_full() {
                let full = std::mem::replace(part, Part::new(self.stand_ins));
                self.locks.choose();
                let packed = full.pack_early(kind.schema, &self.locks);
                self.packed.push((kind.name, packed));
            }
            part.add(lock, &sample.stack, values, tables);
        }
    }

    /// All that was taken in since this was called before.
    pub(super) fn finish(&mut self, tables: &Profile) -> Vec<Finished> {
        self.locks.choose();
        let end_ns = tables.start_unix_ns.saturating_add(tables.duration_ns);
        let start_ns = tables.start_unix_ns.max(end_ns - AGE_MAX_NS);
        let mut starts_ns = (i64::from(self.first_tick)..).map(|tick| start_ns + tick * TICK_NS);
        let mut ending = || Ending {
            start_unix_ns: starts_ns.next().unwrap_or(start_ns),
            duration_ns: tables.duration_ns,
            comments: &tables.comments,
        };
        let early = std::mem::take(&mut self.packed);
        let mut finished: Vec<Finished> = early
            .into_iter()
            .map(|(name, part)| Finished {
                name,
                gzip: part.end(&ending()),
            })
            .collect();
        for (kind, part) in &mut self.collecting {
            let last = std::mem::replace(part, Part::new(self.stand_ins));
            if !last.is_empty() {
                finished.push(Finished {
                    name: kind.name,
                    gzip: last.pack(kind.schema, &self.locks, &ending()),
                });
            }
        }
        self.locks.forget();
        finished
    }
}
