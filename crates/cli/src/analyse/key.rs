//! What the rows of a report are about.

use std::rc::Rc;

use contract::profile::Sample;
use contract::sample_type::{SampleType, label, result};

use super::array::Arrays;
use super::frames::{Places, Site};
use super::totals::of;

/// Who was waited for is unknown.
pub(crate) const UNKNOWN: &str = "[unknown]";
/// What ended a sync wait that ran out of time.
const TIMEOUT: &str = "[timeout]";
/// What ended one in which a signal handler ran.
const INTERRUPTED: &str = "[interrupted]";

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// One lock.
    Lock,
    /// All locks of one name, or of one array.
    Name,
    /// One place in the code.
    Site,
    /// One thread.
    Thread,
    /// Waiting in one place for a holder in another.
    Edge,
    /// One place where locks were released.
    Holder,
    /// Waiting in one place that is not for a lock, ended in another.
    Sync,
    /// All locks of one kind, or all sync waits of one.
    Kind,
}

/// One lock: its name alone need not be its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Lock {
    /// Best name known; the address where there is none.
    pub(crate) name: String,
    /// What sort of lock.
    pub(crate) kind: String,
    /// Its address, `0x…`.
    pub(crate) address: String,
}

/// The lock, site, thread or edge of a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    /// One lock.
    Lock(Lock),
    /// All locks of one name, or of one array.
    Name(String),
    /// All locks, or all sync waits, of one kind.
    Kind {
        /// The sync waits stand behind the locks.
        is_sync: bool,
        /// As in the labels.
        kind: String,
    },
    /// One place in the code.
    Site(Rc<Site>),
    /// One thread.
    Thread {
        /// Its name; empty where none is known.
        name: String,
        /// The kernel's id of it.
        native_id: Option<i64>,
    },
    /// Waiting in one place for a holder in another; or for whoever ended it.
    Edge {
        /// Where was waited.
        waiter: Rc<Site>,
        /// Where it was released that was waited for; without a name of whatever ends
        /// for itself.
        holder: Rc<Site>,
        /// For what.
        lock: Lock,
    },
}

impl Key {
    /// What a row of a profile is about; none where it says nothing about such things.
    pub(crate) fn new(by: By, sample: &Sample, places: &Places) -> Option<Self> {
        let site = &places.site;
        Some(match by {
            By::Lock => Self::Lock(Lock::of(sample)),
            By::Name => Self::Name(lock_name(sample).to_owned()),
            By::Kind => Self::Kind {
                is_sync: false,
                kind: text(sample, label::LOCK_KIND),
            },
            By::Site => Self::Site(Rc::clone(site)),
            By::Thread => Self::Thread {
                name: text(sample, label::THREAD_NAME),
                native_id: sample.number(label::THREAD_NATIVE_ID),
            },
            By::Sync => Self::Edge {
                waiter: Rc::clone(site),
                holder: waker(sample, places),
                lock: object(sample),
            },
            By::Edge if has(sample, SampleType::AcquireWait) => Self::Edge {
                waiter: Rc::clone(site),
                holder: holder(places),
                lock: Lock::of(sample),
            },
            By::Holder if has(sample, SampleType::Release) || has(sample, SampleType::Blocked) => {
                Self::Site(Rc::clone(site))
            }
            By::Edge | By::Holder => return None,
        })
    }

    /// The same, but the name of an array in place of those of its elements.
    pub(super) fn in_array(self, arrays: &Arrays) -> Self {
        match self {
            Self::Name(name) => Self::Name(arrays.name_of(&name).to_owned()),
            other => other,
        }
    }

    /// Its lock, if it is about one.
    pub(crate) fn lock(&self) -> Option<&Lock> {
        match self {
            Self::Lock(lock) | Self::Edge { lock, .. } => Some(lock),
            Self::Name(_) | Self::Kind { .. } | Self::Site(_) | Self::Thread { .. } => None,
        }
    }

    /// What kind its lock or locks are, or its sync waits.
    pub(crate) fn kind(&self) -> Option<&str> {
        match self {
            Self::Kind { kind, .. } => Some(kind),
            _ => self.lock().map(|lock| lock.kind.as_str()),
        }
    }

    /// Whether it is about sync waits as such: nothing of that is about a lock.
    pub(crate) fn is_sync(&self) -> bool {
        matches!(self, Self::Kind { is_sync: true, .. })
    }

    /// The name of its lock or locks.
    pub(crate) fn lock_name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            _ => self.lock().map(|lock| lock.name.as_str()),
        }
    }
}

impl Lock {
    /// Its name, with its address where that is not its own.
    pub(crate) fn shown(&self, is_namesake: bool) -> String {
        if is_namesake && self.name != self.address {
            format!("{} {}", self.name, self.address)
        } else {
            self.name.clone()
        }
    }

    /// The lock of a row of a profile.
    pub(crate) fn of(sample: &Sample) -> Self {
        Self {
            name: lock_name(sample).to_owned(),
            kind: text(sample, label::LOCK_KIND),
            address: text(sample, label::LOCK),
        }
    }
}

/// Best name known for the lock of a row.
pub(super) fn lock_name(sample: &Sample) -> &str {
    sample
        .text(label::LOCK_NAME)
        .or_else(|| sample.text(label::LOCK))
        .unwrap_or(UNKNOWN)
}

/// Where it was released that a row waited for.
fn holder(places: &Places) -> Rc<Site> {
    let unknown = || Rc::new(Site::named(UNKNOWN));
    places.holder.clone().unwrap_or_else(unknown)
}

/// Where a sync wait was ended; nothing of threads, which end for themselves.
fn waker(sample: &Sample, places: &Places) -> Rc<Site> {
    let nobody = match sample.text(label::RESULT) {
        Some(result::TIMEOUT) => TIMEOUT,
        Some(result::INTERRUPTED) => INTERRUPTED,
        _ if is_join(sample) => "",
        _ => return holder(places),
    };
    Rc::new(Site::named(nobody))
}

/// What a sync wait was for: all threads whose end was waited for are one.
fn object(sample: &Sample) -> Lock {
    let mut object = Lock::of(sample);
    if is_join(sample) {
        object.address.clear();
    }
    object
}

fn is_join(sample: &Sample) -> bool {
    sample.text(label::LOCK_KIND) == Some("join")
}

fn has(sample: &Sample, column: SampleType) -> bool {
    of(sample, column) > 0
}

fn text(sample: &Sample, key: &str) -> String {
    sample.text(key).unwrap_or_default().to_owned()
}
