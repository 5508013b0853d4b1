//! Profiles as rows that tests ask questions of; what every profile must fulfil is checked on reading.

use std::fmt;
use std::fs;
use std::io::Read;
use std::path::Path;

use contract::profile::{LabelValue, Location, Profile, Sample};
use contract::sample_type::{self, SampleType, label};
use flate2::read::MultiGzDecoder;

/// One row, its stack by name, innermost first.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) stack: Vec<String>,
    pub(crate) sample: Sample,
}

impl Row {
    pub(crate) fn leaf(&self) -> &str {
        self.stack.first().map_or("", String::as_str)
    }

    fn is_sync(&self) -> bool {
        self.sample.values[SampleType::SyncWaits.index()] != 0
    }
}

/// Rows of a profile about locks: all of them, or those that a question left.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    rows: Vec<Row>,
    /// Those about sync waits.
    sync: Vec<Row>,
    pub(crate) comments: Vec<String>,
}

impl Rows {
    /// Reads a profile and checks what must be so in every one.
    pub(crate) fn read(path: &Path) -> Self {
        let rows = Self::of(&decode(path));
        rows.expect_sound();
        rows
    }

    pub(crate) fn of(profile: &Profile) -> Self {
        let rows = profile.samples.iter().map(|sample| Row {
            stack: names(profile, sample),
            sample: sample.clone(),
        });
        let (sync, rows) = rows.partition(Row::is_sync);
        Self {
            rows,
            sync,
            comments: profile.comments.clone(),
        }
    }

    fn expect_sound(&self) {
        let all = || self.rows.iter().chain(&self.sync);
        assert!(all().next().is_some(), "a profile without rows");
        for row in all() {
            let shown = row.to_string();
            assert!(!row.stack.is_empty(), "a row without a stack: {shown}");
            assert!(
                row.sample.values.iter().any(|value| *value != 0),
                "an empty row: {shown}"
            );
            let ours = row.stack.iter().any(|name| name.contains("lockprof"));
            assert!(!ours, "a frame of ours: {shown}");
            assert!(
                !is_lock_function(row.leaf()),
                "a frame of the lock function: {shown}"
            );
            let mut keys: Vec<_> = row.sample.labels.iter().map(|label| &label.key).collect();
            keys.sort();
            keys.dedup();
            assert_eq!(
                keys.len(),
                row.sample.labels.len(),
                "a label twice: {shown}"
            );
            for key in [label::LOCK, label::LOCK_NAME, label::THREAD_NAME] {
                assert!(row.sample.text(key).is_some(), "no {key}: {shown}");
            }
            assert!(
                row.sample
                    .number(label::DEPTH)
                    .is_none_or(|depth| depth > 1),
                "a depth that is none: {shown}"
            );
        }
    }

    pub(crate) fn filter(&self, keep: impl Fn(&Row) -> bool) -> Self {
        let rows = self.rows.iter().filter(|row| keep(row)).cloned().collect();
        Self {
            rows,
            sync: Vec::new(),
            comments: self.comments.clone(),
        }
    }

    /// Those about sync waits of one kind.
    pub(crate) fn sync(&self, kind: &str) -> Self {
        let all = Self {
            rows: self.sync.clone(),
            sync: Vec::new(),
            comments: self.comments.clone(),
        };
        all.with(label::LOCK_KIND, kind)
    }

    /// Those whose innermost frame is this function.
    pub(crate) fn at(&self, function: &str) -> Self {
        self.filter(|row| row.leaf() == function)
    }

    /// Those with this function anywhere in the stack.
    pub(crate) fn through(&self, function: &str) -> Self {
        self.filter(|row| row.stack.iter().any(|name| name == function))
    }

    pub(crate) fn with(&self, key: &str, text: &str) -> Self {
        self.filter(|row| row.sample.text(key) == Some(text))
    }

    pub(crate) fn lock(&self, name: &str) -> Self {
        self.with(label::LOCK_NAME, name)
    }

    pub(crate) fn thread(&self, name: &str) -> Self {
        self.with(label::THREAD_NAME, name)
    }

    pub(crate) fn result(&self, result: &str) -> Self {
        self.with(label::RESULT, result)
    }

    pub(crate) fn depth(&self, depth: i64) -> Self {
        self.filter(|row| row.sample.number(label::DEPTH).unwrap_or(1) == depth)
    }

    pub(crate) fn sum(&self, what: SampleType) -> i64 {
        self.rows
            .iter()
            .map(|row| row.sample.values[what.index()])
            .sum()
    }

    pub(crate) fn acquires(&self) -> i64 {
        self.sum(SampleType::Acquire)
    }

    pub(crate) fn wait_ns(&self) -> i64 {
        self.sum(SampleType::AcquireWait)
    }

    pub(crate) fn releases(&self) -> i64 {
        self.sum(SampleType::Release)
    }

    pub(crate) fn hold_ns(&self) -> i64 {
        self.sum(SampleType::ReleaseHold)
    }

    pub(crate) fn contentions(&self) -> i64 {
        self.sum(SampleType::Contention)
    }

    /// How many events the profile says it lost for a cause that contains these words.
    pub(crate) fn lost(&self, cause: &str) -> i64 {
        self.comments
            .iter()
            .filter_map(|comment| comment.strip_prefix(contract::comment::LOST))
            .filter(|loss| loss.contains(cause))
            .filter_map(|loss| {
                loss.split_whitespace()
                    .skip_while(|word| *word != "for")
                    .nth(1)
            })
            .map(|events| events.parse::<i64>().unwrap())
            .sum()
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What this label says, each value once.
    pub(crate) fn texts(&self, key: &str) -> Vec<String> {
        let mut texts: Vec<String> = self
            .rows
            .iter()
            .filter_map(|row| row.sample.text(key))
            .map(str::to_owned)
            .collect();
        texts.sort();
        texts.dedup();
        texts
    }

    /// What this numeric label says, each value once.
    pub(crate) fn numbers(&self, key: &str) -> Vec<i64> {
        let mut numbers: Vec<i64> = self
            .rows
            .iter()
            .filter_map(|row| row.sample.number(key))
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Fails, with all rows, unless these are the numbers of acquisitions and of releases.
    pub(crate) fn expect_counts(&self, what: &str, acquires: i64, releases: i64) {
        assert_eq!(
            (self.acquires(), self.releases()),
            (acquires, releases),
            "acquisitions and releases {what}\n{self}"
        );
    }

    /// Fails, with all rows, unless a number is within so many per cent of the truth.
    pub(crate) fn expect_close(&self, what: &str, seen: i64, truth: i64, per_cent: i64) {
        assert!(
            (seen - truth).abs() * 100 <= truth * per_cent,
            "{what}: {seen} is not within {per_cent} % of {truth}\n{self}"
        );
    }
}

/// Whether this is a function of the C library that takes or releases locks.
fn is_lock_function(name: &str) -> bool {
    let bare = name.trim_start_matches('_');
    ["pthread_mutex_", "pthread_cond_", "mtx_", "cnd_", "sem_"]
        .iter()
        .any(|start| bare.starts_with(start))
}

/// The profile in a file.
pub(crate) fn decode(path: &Path) -> Profile {
    let bytes = fs::read(path).unwrap();
    let mut plain = Vec::new();
    MultiGzDecoder::new(bytes.as_slice())
        .read_to_end(&mut plain)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    contract::pprof::decode(&plain).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn names(profile: &Profile, sample: &Sample) -> Vec<String> {
    let mut names = Vec::new();
    for place in &sample.stack {
        let location = &profile.locations[*place];
        if location.lines.is_empty() {
            names.push(unnamed(profile, location));
        }
        for line in &location.lines {
            names.push(profile.functions[line.function].name.clone());
        }
    }
    names
}

/// A place without a name: the file and the address in it.
fn unnamed(profile: &Profile, location: &Location) -> String {
    match location.mapping {
        Some(index) => {
            let mapping = &profile.mappings[index];
            let file = Path::new(&mapping.file).file_name().unwrap_or_default();
            let at = location.address.wrapping_sub(mapping.start) + mapping.file_offset;
            format!("[{}+{at:#x}]", file.to_string_lossy())
        }
        None => format!("[{:#x}]", location.address),
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<&str> = sample_type::ALL.iter().map(|(_, name, _)| *name).collect();
        writeln!(f, "{} rows: {}", self.rows.len(), columns.join(" "))?;
        for comment in &self.comments {
            writeln!(f, "  # {comment}")?;
        }
        for row in self.rows.iter().take(40) {
            writeln!(f, "  {row}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.sample.values, self.stack.join(" < "))?;
        for label in &self.sample.labels {
            match &label.value {
                LabelValue::Text(text) => write!(f, " [{}={text}]", label.key)?,
                LabelValue::Number(number, _) => write!(f, " [{}={number}]", label.key)?,
            }
        }
        Ok(())
    }
}
