//! The rows of all profiles in columns: what each is about, as numbers of rows of the tables,
//! and its values.

use std::collections::BTreeMap;

use contract::profile::{Profile, Sample};
use contract::sample_type::label;

use super::document::Json;
use super::stacks::{Numbered, Places, Stacks};
use super::tables::Table;
use super::values;
use crate::analyse::frames::{self, Frames};
use crate::analyse::totals::{self, Totals};
use crate::analyse::weights::{Basis, Weights};
use crate::analyse::{By, Key};
use crate::columns::by_name;
use crate::load::Loaded;

/// What stands where a row is about no such thing.
const NONE: i64 = -1;

/// The rows of all profiles.
pub(super) struct Rows<'a> {
    tables: &'a [Table],
    stacks: Stacks,
    roots: Numbered<String>,
    holder_threads: Numbered<String>,
    about: Numbered<About>,
    totals: Vec<Totals>,
    intervals: BTreeMap<Interval, Totals>,
}

/// What a row is about: rows that agree in all of it are one.
#[derive(Clone, PartialEq, Eq, Hash)]
struct About {
    stack: usize,
    /// In which row of each table it is counted.
    rows: Vec<i64>,
    /// The end of the chain, of waits whose holder had itself waited.
    root: i64,
    /// The thread that was waited for.
    holder_thread: i64,
    /// The logarithm of the power of two at or below its durations.
    bucket: i64,
    is_sync: bool,
}

impl About {
    /// Its row in the table at this place.
    fn row(&self, place: usize) -> i64 {
        self.rows.get(place).copied().unwrap_or(NONE)
    }
}

/// The row of a lock and of a thread in one file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Interval {
    file: usize,
    lock: i64,
    thread: i64,
}

impl<'a> Rows<'a> {
    /// Of these files, which those tables are about.
    pub(super) fn new(files: &[Loaded], tables: &'a [Table]) -> Self {
        let mut rows = Self {
            tables,
            stacks: Stacks::default(),
            roots: Numbered::default(),
            holder_threads: Numbered::default(),
            about: Numbered::default(),
            totals: Vec::new(),
            intervals: BTreeMap::new(),
        };
        for (number, file) in files.iter().enumerate() {
            rows.add(number, &file.profile, false);
            rows.add(number, &file.sync, true);
        }
        rows
    }

    /// Adds one profile, either about locks or about sync waits.
    fn add(&mut self, file: usize, profile: &Profile, is_sync: bool) {
        let weights = Weights::new(profile);
        let mut frames = Frames::new(profile);
        let mut places = Places::default();
        for sample in &profile.samples {
            let of_row = frames.places(sample);
            let about = About {
                stack: self.stacks.node(&frames, &sample.stack, &mut places),
                rows: self.rows_of(sample, &of_row, is_sync),
                root: self.root(&of_row),
                holder_thread: self.holder_thread(sample),
                bucket: totals::floor_ns(sample).map_or(NONE, logarithm),
                is_sync,
            };
            if !is_sync {
                let interval = Interval {
                    file,
                    lock: about.row(self.place(By::Lock)),
                    thread: about.row(self.place(By::Thread)),
                };
                let sums = self.intervals.entry(interval).or_default();
                sums.add(sample, &Basis::default());
            }
            let number = self.about.number(about);
            if number == self.totals.len() {
                self.totals.push(Totals::default());
            }
            if let Some(sums) = self.totals.get_mut(number) {
                sums.add(sample, &weights.basis(sample));
            }
        }
    }

    /// Where among the tables one is.
    fn place(&self, by: By) -> usize {
        let place = self.tables.iter().position(|table| table.by == by);
        place.unwrap_or(usize::MAX)
    }

    /// Where it is counted in each table.
    fn rows_of(&self, sample: &Sample, places: &frames::Places, is_sync: bool) -> Vec<i64> {
        let row = |table: &Table| match table.by {
            // Of sync waits, the thread is all that tables about locks could have.
            By::Sync if !is_sync => None,
            By::Sync | By::Thread => Key::new(table.by, sample, places),
            _ if is_sync => None,
            by => Key::new(by, sample, places),
        };
        let found = self.tables.iter().map(|table| {
            let found = row(table).and_then(|key| table.row(&key));
            found.map_or(NONE, integer)
        });
        found.collect()
    }

    fn root(&mut self, of: &frames::Places) -> i64 {
        let root = of.root.as_ref();
        root.map_or(NONE, |root| integer(self.roots.number(root.to_string())))
    }

    fn holder_thread(&mut self, sample: &Sample) -> i64 {
        let thread = sample.text(label::BLOCKING_THREAD_NAME);
        let thread = thread.filter(|thread| !thread.is_empty());
        thread.map_or(NONE, |thread| {
            integer(self.holder_threads.number(thread.to_owned()))
        })
    }

    /// The columns.
    pub(super) fn json(&self) -> Json {
        Json::object([
            ("stacks", self.stacks.json()),
            ("roots", texts(&self.roots)),
            ("holder_threads", texts(&self.holder_threads)),
            ("samples", self.samples()),
            ("intervals", self.intervals()),
        ])
    }

    fn samples(&self) -> Json {
        let about = self.about.list();
        let numbers = |of: fn(&About) -> i64| Json::numbers(about.iter().map(of));
        let mut columns = vec![
            ("stack", numbers(|about| integer(about.stack))),
            ("root", numbers(|about| about.root)),
            ("holder-thread", numbers(|about| about.holder_thread)),
            ("bucket", numbers(|about| about.bucket)),
        ];
        for (place, table) in self.tables.iter().enumerate() {
            let rows = about.iter().map(|about| about.row(place));
            columns.push((by_name(table.by), Json::numbers(rows)));
        }
        columns.extend(values::columns(&self.totals));
        Json::object(columns)
    }

    fn intervals(&self) -> Json {
        let column = |of: fn(&Interval) -> i64| Json::numbers(self.intervals.keys().map(of));
        let value = |of: fn(&Totals) -> u64| Json::numbers(self.intervals.values().map(of));
        Json::object([
            ("file", column(|interval| integer(interval.file))),
            ("lock", column(|interval| interval.lock)),
            ("thread", column(|interval| interval.thread)),
            ("acquisitions", value(|totals| totals.acquisitions)),
            ("waits", value(|totals| totals.waits)),
            ("wait", value(Totals::wait_ns)),
            ("hold", value(|totals| totals.hold_ns)),
            ("blocked", value(|totals| totals.blocked_ns)),
        ])
    }
}

fn texts(of: &Numbered<String>) -> Json {
    Json::texts(of.list().iter().map(String::as_str))
}

fn logarithm(number: u64) -> i64 {
    number.checked_ilog2().map_or(0, i64::from)
}

fn integer(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
