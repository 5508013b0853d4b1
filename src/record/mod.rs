//! What crosses from the host's threads to ours: a record, the bounded queue that
//! carries it, and the count of what did not get through.

mod counts;
mod frames;
mod left_out;
mod queue;

use self::queue::Queue;
use crate::atomic::{AtomicBool, AtomicU32, Ordering, room};
use crate::per_process::PerProcess;
use crate::{memory, sys};

#[cfg(any(test, lockprof_measure))]
pub(crate) use self::counts::lost;
pub(crate) use self::counts::{
    Loss, Lost, all_left_out, all_lost, any_lost, count_wait, exact_waits, leave_out,
    leave_out_events, left_out_waits, lose, lose_record,
};
pub(crate) use self::frames::{Filling, Frames};
pub(crate) use self::left_out::{forget_code, is_left_out, leave_out_at, leaves_out_any, unloaded};

/// Records that fit before our thread runs: nearly all programs without threads
/// of their own stay below it for a whole run (300 KiB).
const QUEUE_LEN_ALONE: u16 = room(512);
/// Records that fit once it runs: 20 ms of 150,000 a second (2 MiB); when it is a
/// quarter full our thread is woken.
const QUEUE_LEN: u16 = room(3072);

/// What a record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Role {
    /// A taking, a wait for it, or both.
    Acquire,
    /// A release; ends a hold when the depth is 1.
    Release,
    /// A sync wait: for another thread, but not for a lock.
    Sync,
    /// What ended the sync waits of others; only its stack and number count.
    Wake,
    /// A lock was initialised at the one frame given.
    Init,
    /// A lock was given a name, whose bytes stand in place of the stack.
    Name,
}

/// What sort of lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A mutex without further properties.
    Mutex,
    /// One that its owner may take again.
    Recursive,
    /// One that checks who takes and releases it.
    ErrorCheck,
    /// One that spins before it sleeps.
    Adaptive,
    /// A read-write lock, taken to read: by any number at once.
    RwlockRead,
    /// A read-write lock, taken to write.
    RwlockWrite,
    /// A lock that is waited for without sleep.
    Spin,
    /// A semaphore, whose posts are its releases.
    Semaphore,
    /// A lock, or a critical section, of OpenMP.
    OpenMp,
    /// No lock: a condition, waited in until somebody signals it.
    Cond,
    /// No lock: a barrier, waited at until all have come.
    Barrier,
    /// No lock: an initialiser that another thread runs.
    Once,
    /// No lock: the end of a thread.
    Join,
    /// Nobody knows what: whoever calls the kernel's futex does not say what it is for.
    Futex,
    /// A lock on a file, mostly held by another process.
    File,
}

impl Kind {
    /// Whether waiting for it is a sync wait: it is no lock, or none whose takings and
    /// releases are seen.
    pub(crate) fn is_sync(self) -> bool {
        matches!(
            self,
            Self::Cond | Self::Barrier | Self::Once | Self::Join | Self::Futex | Self::File
        )
    }
}

/// What stands for the address of OpenMP's critical section without a name, whose lock
/// only its library knows. No lock lies here.
pub(crate) const UNNAMED_CRITICAL: u64 = 2;

/// Every kind.
pub(crate) const KINDS: [Kind; 15] = [
    Kind::Mutex,
    Kind::Recursive,
    Kind::ErrorCheck,
    Kind::Adaptive,
    Kind::RwlockRead,
    Kind::RwlockWrite,
    Kind::Spin,
    Kind::Semaphore,
    Kind::OpenMp,
    Kind::Cond,
    Kind::Barrier,
    Kind::Once,
    Kind::Join,
    Kind::Futex,
    Kind::File,
];

/// One event, as the host's thread saw it. In C's order, frames last: what is
/// copied ends with the last frame that is there.
#[repr(C)]
pub(crate) struct Record {
    /// Address of the lock.
    pub(crate) lock: u64,
    /// `pthread_self` of the thread.
    pub(crate) pthread_id: u64,
    /// The wait (acquire) or the hold (release).
    pub(crate) duration_ns: u64,
    /// How many acquisitions or releases it stands for; 0 when only the wait counts,
    /// less when an acquisition handed in before is taken back.
    pub(crate) weight: f64,
    /// How many waits, sync waits too, it stands for; 0 when the wait was not kept.
    pub(crate) wait_weight: f64,
    /// Waiting of others that this release ended, and how often it is to be counted;
    /// 0 when that was not kept. Of a wait: what the release that it is put down to is to
    /// be charged with, and was not.
    pub(crate) blocked_ns: u64,
    pub(crate) blocked_weight: f64,
    /// A release: the number under which that waiting is put down to it. A wait: the
    /// number of the release it is put down to; 0 unknown.
    pub(crate) charge: u64,
    /// Of a release with such a number: that of another one, for which this holder
    /// itself had waited meanwhile; 0 none.
    pub(crate) cause: u64,
    /// When the hold began, by an acquisition; monotonic clock. 0 when whoever took it is
    /// not expected to release it: semaphores are often posted by others.
    pub(crate) since_ns: u64,
    /// The kernel's id of the thread.
    pub(crate) thread_id: u32,
    /// The kernel's id of the thread that held the lock; 0 unknown.
    pub(crate) blocker: u32,
    /// Depth of a recursive lock after taking or before releasing; 1 for all others.
    pub(crate) depth: u32,
    /// Threads that waited at once, this one included; 0 when none was seen.
    pub(crate) queue: u32,
    /// 0, or the error code that ended a failed acquisition.
    pub(crate) error: i32,
    pub(crate) role: Role,
    pub(crate) kind: Kind,
    /// The thread's name, padded with zeros; all zeros when there is no news of it.
    pub(crate) thread_name: [u8; 16],
    /// Its stack.
    pub(crate) frames: Frames,
}

impl Record {
    /// A record of nothing yet.
    #[inline(always)]
    pub(crate) const fn new(role: Role, kind: Kind, lock: u64) -> Self {
        Self {
            lock,
            pthread_id: 0,
            duration_ns: 0,
            weight: 0.0,
            wait_weight: 0.0,
            blocked_ns: 0,
            blocked_weight: 0.0,
            charge: 0,
            cause: 0,
            since_ns: 0,
            thread_id: 0,
            blocker: 0,
            depth: 1,
            queue: 0,
            error: 0,
            role,
            kind,
            thread_name: [0; 16],
            frames: Frames::new(),
        }
    }

    /// Whether waits of others are put down to it: then its stack is wanted, wherever
    /// it was.
    pub(crate) fn ends_waits(&self) -> bool {
        match self.role {
            Role::Wake => true,
            Role::Release => self.charge != 0,
            Role::Acquire | Role::Sync | Role::Init | Role::Name => false,
        }
    }
}

/// Which file a sync wait of the kind `File` was for; device and inode 0 when it had been
/// closed before that could be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    /// By which its path may be found, as long as it is open.
    pub(crate) descriptor: i32,
}

impl File {
    /// What stands for its address: no lock in memory lies there.
    fn address(self) -> u64 {
        const SCATTER: u64 = 0x9E37_79B9_7F4A_7C15;
        const BEYOND: u64 = 1 << 47;
        let mixed = (self.device ^ self.inode.rotate_left(32)).wrapping_mul(SCATTER);
        (mixed >> 17) | BEYOND
    }
}

impl Record {
    /// Says which file it is about. It stands where such a record has nothing to tell.
    pub(crate) fn put_file(&mut self, file: File) {
        self.lock = file.address();
        self.cause = file.device;
        self.since_ns = file.inode;
        self.blocked_ns = u64::from(file.descriptor.unsigned_abs());
    }

    /// Which file it is about.
    pub(crate) fn file(&self) -> Option<File> {
        (self.kind == Kind::File && self.role == Role::Sync).then(|| File {
            device: self.cause,
            inode: self.since_ns,
            descriptor: i32::try_from(self.blocked_ns).unwrap_or(-1),
        })
    }
}

/// The threads that wait for one lock, as one look from outside shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// Address of the lock.
    pub(crate) lock: u64,
    pub(crate) kind: Kind,
    /// How many wait.
    pub(crate) queue: u32,
    /// How long, on average, since they began or the lock was released last.
    pub(crate) mean_ns: u64,
    /// Address of a word with the kernel's id of the thread that holds it; 0 none. The
    /// program may have freed it since.
    pub(crate) owner_at: u64,
}

/// The queue records go into now. Made by the first record of a process, or before its
/// first thread, from our own heap, so that a program that locks nothing pays nothing.
static QUEUE: PerProcess<Queue> = PerProcess::new();
/// The small queue from before our thread ran; emptied too.
static QUEUE_ALONE: PerProcess<&'static Queue> = PerProcess::new();
/// 1 while our thread sleeps and may be woken.
static SLEEPING: AtomicU32 = AtomicU32::new(0);

/// Whether there was no memory for a queue; it is not asked for again.
static DENIED: AtomicBool = AtomicBool::new(false);

/// Whether a thread is about to make it; two at once might ask for more memory
/// than there is. For whoever comes meanwhile the queue is full.
static MAKING: AtomicBool = AtomicBool::new(false);

/// The program is about to have several threads, whose first records may come while one of
/// them makes the queue, and would find none.
pub(crate) fn prepare_for_threads() {
    let _ = queue();
}

fn queue() -> Option<&'static Queue> {
    QUEUE.get_or_try_make(make_queue)
}

#[cold]
fn make_queue() -> Option<Queue> {
    // Whoever jumped out of here would leave our heap locked, and nobody else would try.
    let _undisturbed = sys::stay_undisturbed();
    if DENIED.load(Ordering::Relaxed) || MAKING.swap(true, Ordering::Relaxed) {
        return None;
    }
    // Some allowance, since the system is asked twice.
    if !memory::has_room(Queue::bytes(QUEUE_LEN_ALONE) * 2) {
        DENIED.store(true, Ordering::Relaxed);
        return None;
    }
    Some(Queue::new(QUEUE_LEN_ALONE))
}

/// Makes room for many threads, if there is memory for it; called by our thread
/// before its first drain.
pub(crate) fn widen() {
    if !memory::has_room(Queue::bytes(QUEUE_LEN) * 2) {
        return;
    }
    if let Some(before) = QUEUE.put(Queue::new(QUEUE_LEN)) {
        QUEUE_ALONE.put(before);
    }
}

/// In a forked child: leaves the parent's records behind, and its queue with
/// them, in which another thread may have been half-way through.
pub(crate) fn forget_all() {
    QUEUE.forget();
    QUEUE_ALONE.forget();
    SLEEPING.store(0, Ordering::Relaxed);
    MAKING.store(false, Ordering::Relaxed);
    counts::forget_all();
}

/// Whether there has been any record since the process began, or one was lost.
pub(crate) fn any_seen() -> bool {
    queues().any(Queue::has_begun) || any_lost()
}

/// Whether the next record would find no place; asked before the expensive part.
pub(crate) fn is_full() -> bool {
    queue().is_none_or(Queue::is_full)
}

/// Whether remarks that can be done without should stay away.
pub(crate) fn is_half_full() -> bool {
    queue().is_none_or(Queue::is_half_full)
}

/// Hands a record over, if there is a place for it.
pub(crate) fn try_push(record: &Record) -> bool {
    let Some(queue) = queue() else {
        return false;
    };
    if !queue.try_push(record) {
        return false;
    }
    if SLEEPING.load(Ordering::Relaxed) != 0 && queue.is_quarter_full() {
        wake_reader();
    }
    true
}

/// Shows all records that are there to `see`. What a thread that has ended since was in the
/// middle of handing in is lost.
pub(crate) fn drain(mut see: impl FnMut(&Record)) {
    for queue in queues() {
        if queue.drain(&mut see) {
            lose_left(queue.free_left(sys::has_thread_ended));
        }
    }
}

/// The calling thread hands nothing in now: what it, or one before it of the same id, was in
/// the middle of handing in is lost. Says how many records that were.
#[cold]
pub(crate) fn give_up_half(thread_id: u32) -> usize {
    let left = |queue: &Queue| queue.free_left(|writer| writer == thread_id);
    queues().map(left).sum()
}

/// Counts calls that a signal handler has jumped out of: what they would have told.
pub(crate) fn lose_left(calls: usize) {
    for _ in 0..calls {
        lose(Loss::JumpedOut, Lost::Calls, 1.0, 0.0);
    }
}

/// The queues there are, the older one first.
fn queues() -> impl Iterator<Item = &'static Queue> {
    QUEUE_ALONE.get().copied().into_iter().chain(QUEUE.get())
}

/// Sleeps until the queue is a quarter full, [`wake_reader`] is called or time is up.
pub(crate) fn sleep_reader(limit: std::time::Duration) {
    // Relaxed: a missed wake-up costs one sleep, no more.
    SLEEPING.store(1, Ordering::Relaxed);
    sys::sleep_on(&SLEEPING, 1, limit);
    SLEEPING.store(0, Ordering::Relaxed);
}

/// Ends the sleep of our thread.
#[cold]
pub(crate) fn wake_reader() {
    if SLEEPING.swap(0, Ordering::Relaxed) != 0 {
        sys::wake(&SLEEPING);
    }
}
