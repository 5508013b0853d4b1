//! Functions line by line: what happened at each, and in what each called.

use std::collections::{BTreeMap, HashMap, HashSet};

use contract::profile::{Function, Line, Profile, Sample};
use contract::sample_type::SampleType;

use super::filter::Filter;
use super::frames::Frames;
use super::totals::{increase, of};

/// What happened at a line, or in a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Waiting.
    pub(crate) wait_ns: u64,
    /// Holding.
    pub(crate) hold_ns: u64,
    /// Acquisitions.
    pub(crate) acquisitions: u64,
    /// Waiting caused to others; it has no column, but decides what is left out.
    pub(crate) blocked_ns: u64,
}

/// The same, with and without what was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Where the line itself asks for a lock, or releases one.
    pub(crate) here: Figures,
    /// What it calls included.
    pub(crate) below: Figures,
}

/// One function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its name.
    pub(crate) name: String,
    /// Its source file, or empty.
    pub(crate) file: String,
    /// Line where it begins, or 0.
    pub(crate) start_line: i64,
    /// Its lines; 0 is what has none.
    pub(crate) lines: BTreeMap<i64, Counted>,
    /// All of it.
    pub(crate) total: Counted,
}

/// The functions whose names are wanted, those with most waiting first, and in them what
/// a filter lets through.
pub(crate) fn list<'a>(
    profiles: impl IntoIterator<Item = &'a Profile>,
    is_wanted: impl Fn(&str) -> bool,
    filter: &Filter,
) -> Vec<Listed> {
    let mut all = Functions::new();
    for profile in profiles {
        let wanted = |function: &Function| is_wanted(&function.name);
        let wanted: Vec<bool> = profile.functions.iter().map(wanted).collect();
        let frames = Frames::new(profile);
        let selection = filter.on(profile);
        let samples = profile.samples.iter();
        for sample in samples.filter(|sample| selection.has(sample)) {
            add(&mut all, profile, &frames, &wanted, sample);
        }
    }
    let mut listed: Vec<Listed> = all.into_values().collect();
    listed.sort_by(|a, b| {
        let by_rank = b.total.rank().cmp(&a.total.rank());
        by_rank.then_with(|| a.key().cmp(&b.key()))
    });
    listed
}

/// Functions by name and file.
type Functions<'a> = HashMap<(&'a str, &'a str), Listed>;

/// Adds a row of a profile to the wanted functions in its stack.
fn add<'a>(
    all: &mut Functions<'a>,
    profile: &'a Profile,
    frames: &Frames<'_>,
    wanted: &[bool],
    sample: &Sample,
) {
    let figures = Figures {
        wait_ns: of(sample, SampleType::AcquireWait),
        hold_ns: of(sample, SampleType::ReleaseHold),
        acquisitions: of(sample, SampleType::Acquire),
        blocked_ns: of(sample, SampleType::Blocked),
    };
    if figures == Figures::default() {
        return;
    }
    let mut seen = Seen::default();
    for (depth, line) in frames.outwards(&sample.stack).enumerate() {
        let is_listed = |line: &Line| wanted.get(line.function).is_some_and(|is| *is);
        let Some(line) = line.filter(is_listed) else {
            continue;
        };
        let Some(function) = profile.functions.get(line.function) else {
            continue;
        };
        let key = (function.name.as_str(), function.file.as_str());
        let listed = all.entry(key).or_insert_with(|| Listed::new(function));
        listed.begins_at(function.start_line);
        let is_new = (
            seen.functions.insert(key),
            seen.lines.insert((key, line.line)),
        );
        listed.add(line.line, figures, depth == 0, is_new);
    }
}

/// What a stack has shown already: what calls itself counts once.
#[derive(Default)]
struct Seen<'a> {
    functions: HashSet<(&'a str, &'a str)>,
    lines: HashSet<((&'a str, &'a str), i64)>,
}

impl Listed {
    fn new(function: &Function) -> Self {
        Self {
            name: function.name.clone(),
            file: function.file.clone(),
            ..Self::default()
        }
    }

    /// Whether so much waiting is in it, caused or suffered.
    pub(crate) fn has_waiting(&self, least_ns: u64) -> bool {
        self.total.below.wait_ns.max(self.total.below.blocked_ns) >= least_ns
    }

    fn key(&self) -> (&str, &str) {
        (&self.name, &self.file)
    }

    /// Of several beginnings, as overloaded functions have, the first counts.
    fn begins_at(&mut self, line: i64) {
        if line > 0 && (self.start_line == 0 || line < self.start_line) {
            self.start_line = line;
        }
    }

    fn add(&mut self, line: i64, figures: Figures, is_here: bool, is_new: (bool, bool)) {
        let counted = self.lines.entry(line).or_default();
        if is_here {
            counted.here.add(figures);
            self.total.here.add(figures);
        }
        if is_new.0 {
            self.total.below.add(figures);
        }
        if is_new.1 {
            counted.below.add(figures);
        }
    }
}

impl Counted {
    fn rank(&self) -> (u64, u64, u64) {
        (
            self.below.wait_ns,
            self.below.hold_ns,
            self.below.acquisitions,
        )
    }
}

impl Figures {
    fn add(&mut self, other: Self) {
        increase(&mut self.wait_ns, other.wait_ns);
        increase(&mut self.hold_ns, other.hold_ns);
        increase(&mut self.acquisitions, other.acquisitions);
        increase(&mut self.blocked_ns, other.blocked_ns);
    }
}
