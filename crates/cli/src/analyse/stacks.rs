//! Stacks with what happened in them, for flame graphs: whole, or below their lock or thread.

use std::collections::{BTreeMap, HashMap};

use contract::profile::{Profile, Sample};
use contract::sample_type::{SampleType, label};

use super::filter::Filter;
use super::frames::Frames;
use super::key;
use super::totals::of;
use crate::load::Loaded;
use crate::render::units;

/// What stacks can be weighed by.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Measure {
    /// What `--value` takes.
    pub(crate) word: &'static str,
    /// What it is, for people.
    pub(crate) title: &'static str,
    /// Whether it is nanoseconds.
    pub(crate) is_time: bool,
    column: SampleType,
    /// Whether it is about sync waits, which stand in the columns of waiting.
    is_sync: bool,
}

/// All of them.
#[rustfmt::skip]
pub(crate) static MEASURES: &[Measure] = &[
    measure("wait", "waiting for locks", SampleType::AcquireWait, true, false),
    measure("hold", "holding locks", SampleType::ReleaseHold, true, false),
    measure("blocked", "waiting caused by holders", SampleType::Blocked, true, false),
    measure("acquisitions", "acquisitions", SampleType::Acquire, false, false),
    measure("contentions", "attempts that found the lock taken", SampleType::Contention, false, false),
    measure("sync", "sync waits", SampleType::AcquireWait, true, true),
];

impl Measure {
    /// Whether it is what is meant when nothing is said.
    pub(crate) fn is_usual(&self, is_sync: bool) -> bool {
        self.column == SampleType::AcquireWait && self.is_sync == is_sync
    }

    /// A value of it for people.
    pub(crate) fn shown(&self, value: u64) -> String {
        if self.is_time {
            units::time(value)
        } else {
            units::count(value)
        }
    }
}

/// Shortens the rows of the table above.
const fn measure(
    word: &'static str,
    title: &'static str,
    column: SampleType,
    is_time: bool,
    is_sync: bool,
) -> Measure {
    Measure {
        word,
        title,
        is_time,
        column,
        is_sync,
    }
}

/// What stands below all frames of a stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Root {
    /// Nothing.
    #[default]
    None,
    /// The lock it is about.
    Lock,
    /// The thread it is of.
    Thread,
}

/// A frame of a flame graph: lines of one function are one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Frame {
    /// The function, or the lock or thread of a root.
    pub(crate) name: String,
    /// Its source file, or empty.
    pub(crate) file: String,
}

/// Values of stacks; these are numbers of frames, outermost first.
pub(crate) type Weighed = BTreeMap<Vec<usize>, u64>;

/// The stacks of some profiles.
pub(crate) struct Stacks<'a> {
    files: &'a [Loaded],
    root: Root,
    filter: &'a Filter,
    ids: HashMap<Frame, usize>,
    frames: Vec<Frame>,
}

impl<'a> Stacks<'a> {
    pub(crate) fn new(files: &'a [Loaded], root: Root, filter: &'a Filter) -> Self {
        Self {
            files,
            root,
            filter,
            ids: HashMap::new(),
            frames: Vec::new(),
        }
    }

    /// Every stack with such a value, once.
    pub(crate) fn weighed_by(&mut self, measure: &Measure) -> Weighed {
        let mut weighed = Weighed::new();
        for file in self.files {
            let profile = if measure.is_sync {
                &file.sync
            } else {
                &file.profile
            };
            self.add(profile, measure.column, &mut weighed);
        }
        weighed
    }

    /// All frames of what was weighed so far, by their numbers.
    pub(crate) fn frames(&self) -> &[Frame] {
        &self.frames
    }

    fn add(&mut self, profile: &Profile, column: SampleType, weighed: &mut Weighed) {
        let frames = Frames::new(profile);
        let selection = self.filter.on(profile);
        let mut known = HashMap::new();
        for sample in profile
            .samples
            .iter()
            .filter(|sample| selection.has(sample))
        {
            let value = of(sample, column);
            if value == 0 {
                continue;
            }
            let of_stack = known
                .entry(&sample.stack)
                .or_insert_with(|| self.ids_of(&frames, &sample.stack));
            let mut stack = Vec::new();
            stack.extend(root_of(self.root, sample).map(|root| self.id(root)));
            stack.extend_from_slice(of_stack);
            let sum = weighed.entry(stack).or_insert(0);
            *sum = sum.saturating_add(value);
        }
    }

    fn ids_of(&mut self, frames: &Frames, stack: &[usize]) -> Vec<usize> {
        let mut sites = frames.sites(stack);
        if sites.is_empty() {
            sites.push(frames.nowhere());
        }
        let sites = sites.into_iter().map(|site| Frame {
            name: site.function,
            file: site.file,
        });
        sites.map(|frame| self.id(frame)).collect()
    }

    fn id(&mut self, frame: Frame) -> usize {
        if let Some(id) = self.ids.get(&frame) {
            return *id;
        }
        let id = self.frames.len();
        self.frames.push(frame.clone());
        self.ids.insert(frame, id);
        id
    }
}

fn root_of(root: Root, sample: &Sample) -> Option<Frame> {
    let name = match root {
        Root::None => return None,
        Root::Lock => match sample.text(label::LOCK_KIND) {
            Some(kind) => format!("{} ({kind})", key::lock_name(sample)),
            None => key::lock_name(sample).to_owned(),
        },
        Root::Thread => match sample.text(label::THREAD_NAME) {
            Some(name) => name.to_owned(),
            None => sample
                .number(label::THREAD_NATIVE_ID)
                .map_or_else(|| key::UNKNOWN.to_owned(), |id| format!("thread {id}")),
        },
    };
    Some(Frame {
        name,
        file: String::new(),
    })
}
