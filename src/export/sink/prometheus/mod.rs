//! Totals by lock as a text file that Prometheus's node_exporter collects.

mod counters;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::path::PathBuf;

use contract::file_name::{self, Identity};
use contract::profile::{Profile, Sample};
use contract::sample_type::label;
use rustc_hash::FxHashMap;

use self::counters::Counters;
use super::file::{self, Readers};
use super::prominent::{OTHERS, Prominent};
use super::{Sender, Sink, SinkError, Span};
use crate::config::Config;

/// Locks with series of their own: some twenty each.
const LOCKS_MAX: usize = 100;
/// Locks that are looked at in one flush; more of them count as others at once.
const CANDIDATES_MAX: usize = 2048;

/// Which series a number belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Series {
    lock: String,
    kind: String,
}

/// Writes everything since the process began, over what it wrote before.
pub(crate) struct PrometheusSink {
    path: PathBuf,
    /// What all series carry, as text.
    labels: String,
    prominent: Prominent,
    /// What a lock had been counted as another one when it got its series: stays there.
    before: BTreeMap<Series, Counters>,
    /// What was written: no counter may ever decrease, though records that are taken
    /// back may make a row smaller for a while.
    written: BTreeMap<Series, Counters>,
    /// Whether anything has been counted as another lock.
    has_others: bool,
    /// The flush under way: by lock and kind.
    locks: FxHashMap<String, Vec<(String, Counters)>>,
}

impl PrometheusSink {
    /// The file of this process.
    ///
    /// # Errors
    /// Says in one line what is wrong with the configured place.
    pub(crate) fn new(
        config: &Config,
        identity: &Identity,
        sender: &Sender,
        is_forked: bool,
    ) -> Result<Self, SinkError> {
        let place = config.options.prometheus_file.as_deref().unwrap_or(".");
        let from_start = |path: &str| match &config.folder {
            Some(folder) => folder.join(path),
            None => PathBuf::from(path),
        };
        let pattern = pattern(place, from_start(place).is_dir());
        let mut path = file_name::expand(&pattern, false, identity).map_err(|reason| {
            SinkError::Permanent(format!("LOCKPROF_PROMETHEUS_FILE={place}: {reason}"))
        })?;
        let mut names_process = file_name::names_process(&pattern, false);
        if is_forked && !names_process {
            let stem = path.strip_suffix(SUFFIX).unwrap_or(&path);
            path = format!("{stem}.{}{SUFFIX}", identity.pid);
            names_process = true;
        }
        // Where every process has a file, node_exporter reads them all at once, and
        // refuses all if two of them have a series in common.
        let pid = names_process.then(|| identity.pid.to_string());
        let labels = [("service", Some(sender.service.clone())), ("pid", pid)];
        let labels = labels.iter().filter_map(|(name, value)| {
            Some(format!(",{name}=\"{}\"", text::escaped(value.as_ref()?)))
        });
        Ok(Self {
            path: from_start(&path),
            labels: labels.collect(),
            prominent: Prominent::new(LOCKS_MAX),
            before: BTreeMap::new(),
            written: BTreeMap::new(),
            has_others: false,
            locks: FxHashMap::default(),
        })
    }

    /// What was handed in, by series: locks without one are the others.
    fn by_series(&mut self) -> BTreeMap<Series, Counters> {
        let locks = std::mem::take(&mut self.locks);
        let waits = locks.iter().map(|(lock, kinds)| {
            let wait_ns = kinds.iter().map(|(_, counters)| counters.wait_ns()).sum();
            (lock.as_str(), wait_ns)
        });
        for lock in self.prominent.admit(waits).into_iter().map(str::to_owned) {
            if !self.has_others {
                continue;
            }
            for (kind, counters) in locks.get(&lock).into_iter().flatten() {
                let (lock, kind) = (lock.clone(), kind.clone());
                self.before.insert(Series { lock, kind }, counters.clone());
            }
        }
        let mut series: BTreeMap<Series, Counters> = BTreeMap::new();
        let others = |kind: &str| Series {
            lock: OTHERS.to_owned(),
            kind: kind.to_owned(),
        };
        for (lock, kinds) in locks {
            let has_series = self.prominent.has(&lock);
            self.has_others |= !has_series;
            for (kind, mut counters) in kinds {
                if !has_series {
                    series.entry(others(&kind)).or_default().add(&counters);
                    continue;
                }
                let lock = lock.clone();
                let own = Series { lock, kind };
                if let Some(before) = self.before.get(&own) {
                    series.entry(others(&own.kind)).or_default().add(before);
                    counters.subtract(before);
                }
                series.insert(own, counters);
            }
        }
        series
    }
}

const SUFFIX: &str = ".prom";

/// A pattern for the file; the collector reads only what ends like ours.
fn pattern(place: &str, is_dir: bool) -> String {
    if !is_dir && !place.ends_with('/') {
        return place.to_owned();
    }
    let folder = place.trim_end_matches('/').replace('%', "%%");
    format!("{folder}/lockprof.%e.%p{SUFFIX}")
}

impl Sink for PrometheusSink {
    fn span(&self) -> Span {
        Span::Whole
    }

    fn add(&mut self, sample: &Sample, _: &Profile) {
        let mut lock = sample.text(label::LOCK_NAME).unwrap_or(OTHERS);
        let kind = sample.text(label::LOCK_KIND).unwrap_or("");
        let is_full = self.locks.len() >= CANDIDATES_MAX;
        if is_full && !self.locks.contains_key(lock) && !self.prominent.has(lock) {
            lock = OTHERS;
        }
        if !self.locks.contains_key(lock) {
            self.locks.insert(lock.to_owned(), Vec::new());
        }
        let Some(kinds) = self.locks.get_mut(lock) else {
            return;
        };
        match kinds.iter_mut().find(|(known, _)| known == kind) {
            Some((_, counters)) => counters.add_row(sample),
            None => {
                let mut counters = Counters::default();
                counters.add_row(sample);
                kinds.push((kind.to_owned(), counters));
            }
        }
    }

    fn finish(&mut self, _: &Profile) -> Result<(), SinkError> {
        for (series, counters) in self.by_series() {
            self.written.entry(series).or_default().raise(&counters);
        }
        let text = text::page(&self.written, &self.labels);
        file::replace(&self.path, text.as_bytes(), Readers::Others).map_err(|error| {
            SinkError::Temporary(format!("cannot write {}: {error}", self.path.display()))
        })
    }
}
