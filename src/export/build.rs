//! Totals → a profile: rows with names on them.

mod naming;

use contract::comment;
use contract::control::Queue;
use contract::profile::{Function, Label, LabelValue, Line, Location, Mapping, Profile, Sample};
use contract::sample_type::{self, NANOSECONDS, SampleType, label};
use rustc_hash::FxHashMap;

pub(crate) use self::naming::kind_name;
use self::naming::{OTHERS, lock_text, result_name};
use super::aggregate::{Aggregate, Key, Row, Totals};
use super::holders::Holders;
use super::locks::Locks;
use super::names::Names;
use super::objects::Objects;
use super::open::Open;
use super::threads::Threads;
use crate::record::Role;

/// All that a profile is made from.
pub(crate) struct Sources<'a> {
    pub(crate) aggregate: &'a Aggregate,
    pub(crate) locks: &'a Locks,
    pub(crate) threads: &'a Threads,
    pub(crate) objects: &'a Objects,
    pub(crate) names: &'a Names,
}

/// Oldest open holds that are told one by one.
const OPEN_SHOWN: usize = 5;

/// Remarks about locks that are held now.
pub(crate) fn open_holds(sources: &Sources<'_>, open: &[Open], now_ns: u64) -> Vec<String> {
    if open.is_empty() {
        return Vec::new();
    }
    let builder = Builder::new(sources);
    let age_ns = |open: &Open| now_ns.saturating_sub(open.since_ns);
    let weight: f64 = open.iter().map(|open| open.weight).sum();
    let total_ns: u64 = open.iter().map(age_ns).sum();
    let all = format!(
        "{}{} for {weight:.0}, {total_ns} ns in all",
        comment::OPEN_HOLDS,
        open.len()
    );
    let oldest = open.iter().take(OPEN_SHOWN).map(|open| {
        format!(
            "{}{} ns, lock {} at {}, thread {}, taken in {}",
            comment::OPEN_HOLD,
            age_ns(open),
            builder.lock_name(open.lock),
            lock_text(open.lock),
            sources.threads.name(open.thread).unwrap_or("?"),
            builder.place(&open.frames),
        )
    });
    std::iter::once(all).chain(oldest).collect()
}

/// Locks of which it is told what their holders were seen to do.
const HOLDERS_SHOWN: usize = 20;

/// Remarks about what holders did while others waited for long.
pub(crate) fn holders(sources: &Sources<'_>, holders: &Holders) -> Vec<String> {
    let seen = holders.sorted();
    let shown = seen.into_iter().take(HOLDERS_SHOWN);
    let builder = Builder::new(sources);
    let told = shown.map(|(lock, seen)| {
        let calls: String = seen
            .calls()
            .into_iter()
            .map(|(call, times)| format!(", {times} in {call}"))
            .collect();
        format!(
            "{}{} looks, {} running{calls}; lock {}, {}",
            comment::HOLDER,
            seen.looks,
            seen.running,
            lock_text(lock),
            builder.lock_name(lock),
        )
    });
    told.collect()
}

/// Who waits for a lock now, in words, as far as it is known here; with the hold of it
/// that was recorded, if there is one.
pub(crate) fn queue(sources: &Sources<'_>, lock: u64, open: Option<&Open>, now_ns: u64) -> Queue {
    let builder = Builder::new(sources);
    Queue {
        lock: lock_text(lock),
        name: builder.lock_name(lock),
        held_ns: open.map_or(0, |open| now_ns.saturating_sub(open.since_ns)),
        taken_in: open.map_or_else(String::new, |open| builder.place(&open.frames)),
        ..Queue::default()
    }
}

/// Hands every row out, with the tables so far, and returns the tables the rows
/// refer to; times and comments are the caller's. The rows are not kept: with all
/// their labels they would be most of our memory.
pub(crate) fn profile(
    sources: &Sources<'_>,
    mut hand_out: impl FnMut(Row<'_>, &mut Sample, &Profile),
) -> Profile {
    let mut builder = Builder::new(sources);
    if !sources.objects.segments().is_empty() {
        // The first mapping gives a viewer the program's name.
        builder.mapping(0);
    }
    for row in sources.aggregate.rows() {
        let Row { key, totals, .. } = row;
        let stack = if key.is_of_others() {
            vec![builder.others()]
        } else {
            let addresses = sources.aggregate.stack(key).iter();
            addresses
                .filter_map(|&address| builder.location(address))
                .collect()
        };
        let mut sample = Sample {
            stack,
            values: values(key, totals),
            labels: builder.labels(key, totals),
        };
        hand_out(row, &mut sample, &builder.profile);
    }
    builder.profile
}

/// How many columns rows of one role use.
pub(super) const USED: usize = 4;

/// Which these are: events, their time, contention, samples.
pub(super) fn columns(role: Role) -> [SampleType; USED] {
    let (events, time, contention) = match role {
        Role::Release => (
            SampleType::Release,
            SampleType::ReleaseHold,
            SampleType::Blocked,
        ),
        // The third has nothing for them.
        Role::Sync => (
            SampleType::SyncWaits,
            SampleType::SyncWait,
            SampleType::Contention,
        ),
        _ => (
            SampleType::Acquire,
            SampleType::AcquireWait,
            SampleType::Contention,
        ),
    };
    [events, time, contention, SampleType::Samples]
}

fn values(key: &Key, totals: &Totals) -> [i64; sample_type::COUNT] {
    let mut values = [0; sample_type::COUNT];
    let totals = [
        totals.events,
        totals.time_ns,
        totals.contention,
        totals.samples(key),
    ];
    for (column, total) in columns(key.role).into_iter().zip(totals) {
        if let Some(value) = values.get_mut(column.index()) {
            #[allow(
                clippy::cast_possible_truncation,
                reason = "a saturating cast of a positive number"
            )]
            let rounded = total.round() as i64;
            *value = rounded;
        }
    }
    values
}

struct Builder<'a> {
    sources: &'a Sources<'a>,
    /// The file we ourselves were loaded from.
    own_file: Option<usize>,
    profile: Profile,
    /// Segment → mapping.
    mappings: FxHashMap<usize, usize>,
    /// Return address → location; none for code of ours.
    locations: FxHashMap<u64, Option<usize>>,
    /// Symbol → function.
    functions: FxHashMap<&'a str, usize>,
}

impl<'a> Builder<'a> {
    fn new(sources: &'a Sources<'a>) -> Self {
        Self {
            sources,
            own_file: sources.objects.file_at(values as *const () as u64),
            profile: Profile::default(),
            mappings: FxHashMap::default(),
            locations: FxHashMap::default(),
            functions: FxHashMap::default(),
        }
    }

    fn mapping(&mut self, segment: usize) -> Option<usize> {
        if let Some(&known) = self.mappings.get(&segment) {
            return Some(known);
        }
        let from = self.sources.objects.segments().get(segment)?;
        let file = self.sources.objects.files().get(from.file)?;
        self.profile.mappings.push(Mapping {
            start: from.addresses.start,
            limit: from.addresses.end,
            file_offset: from.file_offset,
            file: file.path.clone(),
            build_id: self.sources.names.build_id(from.file).to_owned(),
            has_functions: self.sources.names.names_any_in(from),
            ..Mapping::default()
        });
        let index = self.profile.mappings.len() - 1;
        self.mappings.insert(segment, index);
        Some(index)
    }

    /// The location of a return address; none in our own code, which is on a stack
    /// where a signal handler interrupted it, or where the C library takes a lock
    /// while we call it.
    fn location(&mut self, return_address: u64) -> Option<usize> {
        if let Some(&known) = self.locations.get(&return_address) {
            return known;
        }
        if self.is_ours(return_address) {
            self.locations.insert(return_address, None);
            return None;
        }
        // The call itself, not what follows it: the last instruction of a
        // function may be a call.
        let address = return_address.saturating_sub(1);
        let mapping = self
            .sources
            .objects
            .segment_at(address)
            .and_then(|segment| self.mapping(segment));
        let symbol = self.sources.names.function(address);
        let lines = symbol.map(|symbol| Line {
            function: self.function(symbol),
            line: 0,
        });
        self.profile.locations.push(Location {
            address,
            mapping,
            lines: lines.into_iter().collect(),
        });
        let index = self.profile.locations.len() - 1;
        self.locations.insert(return_address, Some(index));
        Some(index)
    }

    /// The location of all stacks there was no room for.
    fn others(&mut self) -> usize {
        // No return address is 0.
        if let Some(&Some(known)) = self.locations.get(&0) {
            return known;
        }
        let line = Line {
            function: self.function(OTHERS),
            line: 0,
        };
        self.profile.locations.push(Location {
            lines: vec![line],
            ..Location::default()
        });
        let index = self.profile.locations.len() - 1;
        self.locations.insert(0, Some(index));
        index
    }

    fn function(&mut self, symbol: &'a str) -> usize {
        let (profile, names) = (&mut self.profile, self.sources.names);
        *self.functions.entry(symbol).or_insert_with(|| {
            profile.functions.push(Function {
                name: names.for_people(symbol).to_owned(),
                system_name: symbol.to_owned(),
                ..Function::default()
            });
            profile.functions.len() - 1
        })
    }

    fn labels(&mut self, key: &Key, totals: &Totals) -> Vec<Label> {
        let threads = self.sources.threads;
        let ids = self.sources.aggregate.thread(key);
        let thread_name = match threads.name(ids.native) {
            _ if key.lacks_details() => OTHERS.to_owned(),
            Some(name) => name.to_owned(),
            None => ids.native.to_string(),
        };
        let mut labels = vec![
            text(label::LOCK_NAME, self.name_of(key)),
            text(label::LOCK_KIND, kind_name(key.kind).to_owned()),
            text(label::LOCK, lock_text(key.lock)),
            text(label::THREAD_NAME, thread_name),
            number(label::THREAD_ID, ids.pthread, ""),
            number(label::THREAD_NATIVE_ID, u64::from(ids.native), ""),
        ];
        if key.depth > 1 {
            labels.push(number(label::DEPTH, u64::from(key.depth), ""));
        }
        if key.error != 0 {
            labels.push(text(label::RESULT, result_name(key.error.into())));
        }
        if let Some(bucket_ns) = key.bucket_ns() {
            labels.push(number(label::DURATION_BUCKET, bucket_ns, NANOSECONDS));
            if totals.is_varied {
                labels.push(number(label::DURATION_MAX, totals.max_ns, NANOSECONDS));
            }
        }
        if totals.queue != 0 {
            labels.push(number(label::QUEUE_MAX, u64::from(totals.queue), ""));
        }
        self.put_blame(key, &mut labels);
        labels
    }

    /// Whom a wait is put down to. The calls that are named have locations, which rows
    /// need not refer to, so that lines can be found for them too.
    fn put_blame(&mut self, key: &Key, labels: &mut Vec<Label>) {
        if key.blocker != 0 {
            let id = u64::from(key.blocker);
            labels.push(number(label::BLOCKING_THREAD_ID, id, ""));
            if let Some(name) = self.sources.threads.name(key.blocker) {
                labels.push(text(label::BLOCKING_THREAD_NAME, name.to_owned()));
            }
        }
        let aggregate = self.sources.aggregate;
        for (site, address, stack) in [
            (
                label::BLOCKING_SITE,
                label::BLOCKING_ADDRESS,
                aggregate.holder_stack(key),
            ),
            (
                label::ROOT_BLOCKING_SITE,
                label::ROOT_BLOCKING_ADDRESS,
                aggregate.root_stack(key),
            ),
        ] {
            if stack.is_empty() {
                continue;
            }
            let call = self.call_in(stack);
            labels.push(text(site, self.place_at(call)));
            if call != 0 {
                self.location(call.saturating_add(1));
                labels.push(number(address, call, ""));
            }
        }
    }
}

fn text(key: &str, value: String) -> Label {
    Label {
        key: key.to_owned(),
        value: LabelValue::Text(value),
    }
}

fn number(key: &str, value: u64, unit: &str) -> Label {
    let value = i64::try_from(value).unwrap_or(i64::MAX);
    Label {
        key: key.to_owned(),
        value: LabelValue::Number(value, unit.to_owned()),
    }
}
