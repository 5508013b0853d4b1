//! A row: what makes one, what it adds up, and what a record adds to it.

use crate::export::blame::Charge;
use crate::record::{self, Kind, Loss, Lost, Record, Role};

/// What makes a row. Small, because it is most of our memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The lock, as [`super::locks`] knows it.
    pub(crate) lock: u64,
    /// Index of the stack.
    pub(super) stack: u32,
    /// Index of the thread.
    pub(super) thread: u32,
    /// The kernel's id of the thread that was waited for; 0 unknown.
    pub(crate) blocker: u32,
    /// Index of the stack of the release that was waited for, and of the last one in
    /// its chain; [`NONE`] unknown.
    pub(super) holder: u32,
    pub(super) root: u32,
    pub(crate) depth: u16,
    /// 0, or why the acquisition failed.
    pub(crate) error: i16,
    pub(crate) kind: Kind,
    pub(crate) role: Role,
    /// The exponent of the power of two at or below the duration; [`NO_BUCKET`]
    /// without one.
    pub(super) bucket: u8,
}

const _: () = assert!(size_of::<Key>() == 40);

/// The index of the stack, and of the thread, of all others.
pub(super) const OTHERS: u32 = u32::MAX;
/// The index of no stack.
pub(super) const NONE: u32 = u32::MAX - 1;
pub(super) const NO_BUCKET: u8 = u8::MAX;

impl Key {
    /// Whether it is the row of all there was no room for.
    pub(crate) fn is_of_others(&self) -> bool {
        self.stack == OTHERS
    }

    /// Whether its thread is one of those there was no room for.
    pub(crate) fn lacks_details(&self) -> bool {
        self.thread == OTHERS
    }

    /// The same of any thread.
    pub(super) fn without_thread(self) -> Self {
        Self {
            thread: OTHERS,
            blocker: 0,
            ..self
        }
    }

    /// The same of any thread and lock.
    pub(super) fn without_lock(self) -> Self {
        Self {
            lock: super::OTHER_LOCKS,
            holder: NONE,
            root: NONE,
            ..self.without_thread()
        }
    }

    /// The row of the release that a wait is put down to, without its hold.
    pub(super) fn of_holder(self, charge: Charge) -> Self {
        Self {
            stack: charge.stack,
            thread: charge.thread_index,
            blocker: 0,
            holder: NONE,
            root: NONE,
            depth: 1,
            error: 0,
            role: Role::Release,
            bucket: NO_BUCKET,
            ..self
        }
    }

    /// The power of two at or below the duration; none without a duration.
    pub(crate) fn bucket_ns(&self) -> Option<u64> {
        1_u64.checked_shl(self.bucket.into())
    }
}

/// What a row adds up. All but the extremes are estimates.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Totals {
    /// Successful takings, or releases, or sync waits.
    pub(crate) events: f64,
    /// Time waited, successfully or not, or held.
    pub(crate) time_ns: f64,
    /// Of acquisitions: attempts that found the lock taken. Of releases: waiting of
    /// others that they ended, nanoseconds.
    pub(crate) contention: f64,
    /// Longest duration seen.
    pub(crate) max_ns: u64,
    /// Of each record, the square of what it stands for.
    squares: f64,
    /// Records that were added up.
    pub(super) samples: u32,
    /// Most threads that waited at once.
    pub(crate) queue: u16,
    /// Whether not all durations were equal.
    pub(crate) is_varied: bool,
}

const _: () = assert!(size_of::<Totals>() == 48);

impl Totals {
    /// How many records that stood for equally much would make a row of such a key as
    /// sure as it is: (Σw)²/Σw² (Kish 1965). Where the throttle makes weights differ by
    /// a factor of a hundred, the number of records alone would promise far too much.
    pub(crate) fn samples(&self, key: &Key) -> f64 {
        let records = f64::from(self.samples);
        let all = match key.role {
            Role::Acquire if key.bucket_ns().is_some() => self.contention,
            Role::Acquire => self.events + self.contention,
            _ => self.events,
        };
        if all <= 0.0 || self.squares <= 0.0 {
            // They only tell of blame, or were taken back.
            return records;
        }
        (all * all / self.squares).clamp(1.0, records.max(1.0))
    }

    /// Counts a row of such a key, which is taken out, as left out. Of the charges in
    /// it only the time is known.
    pub(super) fn leave_out(&self, key: &Key) {
        let records = u64::from(self.samples);
        let has_waited = key.bucket_ns().is_some();
        let leave_out = |what, events: f64, time_ns: f64| {
            if events > 0.0 {
                record::leave_out_events(key.kind, what, records, (events, time_ns));
            }
        };
        match key.role {
            Role::Acquire => {
                leave_out(Lost::Acquisitions, self.events, 0.0);
                if has_waited {
                    leave_out(Lost::Waits, self.contention, self.time_ns);
                } else {
                    leave_out(Lost::Failed, self.contention, 0.0);
                }
            }
            Role::Release => {
                leave_out(Lost::Releases, self.events, self.time_ns);
                if self.contention > 0.0 {
                    leave_out(Lost::Charges, 1.0, self.contention);
                }
            }
            Role::Sync => leave_out(Lost::SyncWaits, self.events, self.time_ns),
            Role::Wake | Role::Init | Role::Name => {}
        }
    }
}

pub(super) fn bucket_of(duration_ns: u64) -> u8 {
    let exponent = duration_ns.checked_ilog2().unwrap_or(0);
    u8::try_from(exponent).unwrap_or(0)
}

/// What one record adds to its row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amount {
    pub(super) events: f64,
    pub(super) time_ns: f64,
    pub(super) contention: f64,
    /// The square of what it stands for.
    squares: f64,
    /// How many charges a release stands for, or a wait brings its holder.
    pub(super) charges: f64,
    /// The duration it carries, if it does.
    pub(super) duration_ns: Option<u64>,
    pub(super) queue: u16,
}

impl Amount {
    #[allow(
        clippy::cast_precision_loss,
        reason = "durations stay far below 2⁵³ ns, which is 104 days"
    )]
    pub(super) fn of(record: &Record) -> Self {
        let duration = record.duration_ns as f64;
        let weight = record.weight;
        let (events, time_ns, contention, has_duration) = match record.role {
            Role::Acquire => {
                let (taken, failed) = if record.error == 0 {
                    (weight, 0.0)
                } else {
                    (0.0, weight)
                };
                let waits = record.wait_weight;
                (taken, waits * duration, failed + waits, waits > 0.0)
            }
            Role::Release => {
                let blocked = record.blocked_weight * record.blocked_ns as f64;
                let is_hold = record.depth == 1 && weight > 0.0;
                (weight, weight * duration, blocked, is_hold)
            }
            Role::Sync => {
                let waits = record.wait_weight;
                (waits, waits * duration, 0.0, true)
            }
            Role::Wake | Role::Init | Role::Name => (0.0, 0.0, 0.0, false),
        };
        Self {
            events,
            time_ns,
            contention,
            squares: if record.wait_weight > 0.0 {
                record.wait_weight.powi(2)
            } else {
                // What is taken back was added before.
                weight * weight.abs()
            },
            charges: record.blocked_weight,
            duration_ns: has_duration.then_some(record.duration_ns),
            queue: u16::try_from(record.queue).unwrap_or(u16::MAX),
        }
    }

    /// Whether it adds nothing: a release that somebody wanted, and perhaps did not wait for.
    pub(super) fn is_nothing(&self) -> bool {
        self.events == 0.0 && self.contention == 0.0
    }

    /// What the holder is to be charged with that a wait is put down to, if it was not.
    pub(super) fn not_charged_yet(&self) -> Option<Self> {
        (self.charges > 0.0).then_some(Self {
            events: 0.0,
            time_ns: 0.0,
            contention: self.time_ns,
            squares: 0.0,
            duration_ns: None,
            ..*self
        })
    }

    /// Counts it as left out, as what a row of such a key adds up.
    pub(super) fn leave_out(&self, key: &Key) {
        let mut totals = Totals::default();
        self.add_to(&mut totals);
        totals.leave_out(key);
    }

    /// Counts that there was no room for its details.
    pub(super) fn lose_details(&self, role: Role) {
        let lose = |what, events, time_ns| {
            if events > 0.0 {
                record::lose(Loss::TableFull, what, events, time_ns);
            }
        };
        match role {
            Role::Acquire => {
                lose(Lost::Acquisitions, self.events, 0.0);
                lose(Lost::Waits, self.contention, self.time_ns);
            }
            Role::Release => {
                lose(Lost::Releases, self.events, self.time_ns);
                lose(Lost::Charges, self.charges, self.contention);
            }
            Role::Sync => lose(Lost::SyncWaits, self.events, self.time_ns),
            Role::Wake | Role::Init | Role::Name => {}
        }
    }

    pub(super) fn add_to(&self, totals: &mut Totals) {
        if let Some(duration_ns) = self.duration_ns {
            totals.is_varied |= totals.samples != 0 && duration_ns != totals.max_ns;
            totals.max_ns = totals.max_ns.max(duration_ns);
        }
        totals.events += self.events;
        totals.time_ns += self.time_ns;
        totals.contention += self.contention;
        totals.squares += self.squares;
        // What is taken back was counted before.
        totals.samples = if self.events < 0.0 {
            totals.samples.saturating_sub(1)
        } else {
            totals.samples.saturating_add(1)
        };
        totals.queue = totals.queue.max(self.queue);
    }
}
