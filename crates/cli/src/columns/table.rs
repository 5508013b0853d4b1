//! The table of all columns of a report: key, title, formula.

use super::{Cell, Column, Error, Shown};
use crate::analyse::spread::Spread;
use crate::analyse::totals::millipercent;
use crate::analyse::{By, Key, Row};

const NAMES_AND_KINDS: &[By] = &[By::Name, By::Kind];
const KIND: &[By] = &[By::Kind];
const ONE_LOCK: &[By] = &[By::Lock, By::Edge, By::Sync];
const LOCKS: &[By] = &[By::Lock, By::Name, By::Kind];
const LOCKS_AND_EDGES: &[By] = &[By::Lock, By::Name, By::Edge];
const SITES: &[By] = &[By::Site, By::Holder];
const THREAD: &[By] = &[By::Thread];
const EDGE: &[By] = &[By::Edge];
const SYNC: &[By] = &[By::Sync];
const EDGE_AND_SYNC: &[By] = &[By::Edge, By::Sync];
const HOLDER: &[By] = &[By::Holder];
/// Rows about everything that happened to something.
const BOTH: &[By] = &[By::Lock, By::Name, By::Site, By::Thread, By::Kind];
const WAITING: &[By] = &[By::Lock, By::Name, By::Site, By::Thread, By::Edge, By::Kind];
const WAITING_AND_SYNC: &[By] = &[
    By::Lock,
    By::Name,
    By::Site,
    By::Thread,
    By::Edge,
    By::Sync,
    By::Kind,
];
const HOLDING: &[By] = &[
    By::Lock,
    By::Name,
    By::Site,
    By::Thread,
    By::Holder,
    By::Kind,
];
const NOT_AT_A_SITE: &[By] = &[By::Lock, By::Name, By::Thread, By::Kind];

/// Shortens the rows of the table below.
const fn column(
    key: &'static str,
    title: (&'static str, &'static str),
    views: &'static [By],
    shown: Shown,
    value: fn(&Row) -> Cell,
    help: &'static str,
) -> Column {
    Column {
        key,
        title,
        help,
        views,
        shown,
        value,
    }
}

/// All columns, in the order in which they stand.
#[rustfmt::skip]
pub(crate) static COLUMNS: &[Column] = &[
    column("lock", ("", "lock"), LOCKS_AND_EDGES, Shown::Rank(0), |row| text(row.key.lock_name()),
        "name of the lock; in a table with its address where several have the same name"),
    column("object", ("waiting", "for"), SYNC, Shown::Rank(0), |row| text(row.key.lock_name()),
        "name of the condition, barrier, initialiser or futex, path of the file; [threads] for the end of any thread"),
    column("kind", ("", "kind"), ONE_LOCK, Shown::Rank(6), |row| text(row.key.kind()),
        "kind of the lock, or of the sync wait"),
    column("kind", ("", "kind"), KIND, Shown::Rank(0), |row| text(row.key.kind()),
        "kind of lock, or of sync wait, of which the row has all"),
    column("class", ("", "class"), KIND, Shown::Rank(4), |row| text(Some(if row.key.is_sync() { "sync" } else { "lock" })),
        "lock, or sync for waiting that is not for a lock; that is in no sum"),
    column("address", ("", "address"), ONE_LOCK, Shown::Never, |row| text(row.key.lock().map(|lock| lock.address.as_str())),
        "address of the lock"),
    column("locks", ("", "locks"), NAMES_AND_KINDS, Shown::Rank(2), |row| count(row.locks),
        "how many locks have this name, or are of this kind"),
    column("waiter-site", ("", "waiting"), EDGE_AND_SYNC, Shown::Rank(0), |row| match &row.key {
            Key::Edge { waiter, .. } => Cell::Text(Some(waiter.to_string())),
            _ => Cell::Text(None),
        },
        "where was waited: first function of the stack that is not merely a wrapper of a lock call, with file and line when known"),
    column("holder-site", ("", "held by"), EDGE, Shown::Rank(0), |row| holder(&row.key),
        "where the lock was released that the waits are put down to, as by holder, or [unknown]"),
    column("waker-site", ("", "ended by"), SYNC, Shown::Rank(0), |row| holder(&row.key),
        "where was signalled or woken last before the end of the wait, come last to the barrier, or the initialiser run; [timeout], [interrupted] by a signal handler, or [unknown]"),
    column("waker-thread", ("ending", "thread"), SYNC, Shown::IfAny(7), |row| text(row.holder_thread.as_deref()),
        "name of the thread that ended most of the waiting"),
    column("root-site", ("that waited", "for"), EDGE, Shown::IfAny(3), |row| Cell::Text(row.root_site.as_ref().map(ToString::to_string)),
        "where the chain ends when that holder had itself waited meanwhile: of most of the waiting, and none where that is the holder"),
    column("holder-thread", ("holding", "thread"), EDGE, Shown::IfAny(7), |row| text(row.holder_thread.as_deref()),
        "name of the thread that held the lock during most of the waiting"),
    column("site", ("", "site"), SITES, Shown::Rank(0), |row| match &row.key {
            Key::Site(site) => Cell::Text(Some(site.to_string())),
            _ => Cell::Text(None),
        },
        "first function of the stack that is not merely a wrapper of a lock call, with file and line when known"),
    column("function", ("", "function"), SITES, Shown::Never, |row| match &row.key {
            Key::Site(site) => text(Some(&site.function)),
            _ => Cell::Text(None),
        },
        "its name alone"),
    column("file", ("", "file"), SITES, Shown::Never, |row| match &row.key {
            Key::Site(site) => text(Some(&site.file)),
            _ => Cell::Text(None),
        },
        "its whole file name"),
    column("line", ("", "line"), SITES, Shown::Never, |row| match &row.key {
            Key::Site(site) => Cell::Id(Some(site.line).filter(|line| *line != 0)),
            _ => Cell::Id(None),
        },
        "its line"),
    column("thread", ("", "thread"), THREAD, Shown::Rank(0), |row| match &row.key {
            Key::Thread { name, .. } => text(Some(name)),
            _ => Cell::Text(None),
        },
        "name of the thread"),
    column("native-id", ("native", "id"), THREAD, Shown::Rank(6), |row| match &row.key {
            Key::Thread { native_id, .. } => Cell::Id(*native_id),
            _ => Cell::Id(None),
        },
        "the kernel's id of the thread"),
    column("acquisitions", ("", "acquired"), BOTH, Shown::Rank(0), |row| of_lock(row, count(row.totals.acquisitions)),
        "successful takings, nested ones of recursive mutexes included"),
    column("acquisitions-error", ("", "±"), BOTH, Shown::IfAny(10), |row| of_count(row, &row.totals.errors.acquisitions, row.totals.acquisitions),
        "how much that may be off"),
    column("contended", ("", "contended"), BOTH, Shown::Rank(2), |row| of_lock(row, Cell::Share(row.totals.contended_millipercent())),
        "waits / acquisitions (both are estimates; where there are more waits than acquisitions, 100 %)"),
    column("waits", ("", "waits"), WAITING_AND_SYNC, Shown::Rank(0), |row| count(row.totals.waits),
        "acquisitions that had to wait; by sync, waits that neither ran out of time nor were interrupted"),
    column("waits-error", ("", "±"), WAITING_AND_SYNC, Shown::Never, |row| of_waits(row, &row.totals.errors.waits, row.totals.waits),
        "how much that may be off"),
    column("failed", ("", "failed"), WAITING, Shown::IfAny(1), |row| count(row.totals.failed),
        "attempts that did not get the lock; part of neither acquisitions nor waits"),
    column("timeouts", ("", "timeouts"), SYNC, Shown::IfAny(1), |row| count(row.totals.failed.saturating_sub(row.totals.interrupted)),
        "waits that ran out of time; no part of waits, and of no column but wait"),
    column("interrupted", ("", "interrupted"), SYNC, Shown::IfAny(1), |row| count(row.totals.interrupted),
        "waits that ended because a signal handler ran; no part of waits, and of no column but wait"),
    column("failed-error", ("", "±"), WAITING, Shown::Never, |row| of_count(row, &row.totals.errors.failed, row.totals.failed),
        "how much that may be off"),
    column("wait", ("wait", "total"), WAITING_AND_SYNC, Shown::Rank(0), |row| Cell::Time(Some(row.totals.wait_ns())),
        "waiting time, that of failed attempts included"),
    column("wait-error", ("", "±"), WAITING_AND_SYNC, Shown::IfAny(4), |row| of_time(row, &row.totals.errors.wait_ns, row.totals.wait_ns(), row.totals.waits.saturating_mul(WAIT_UNSEEN_NS)),
        "how much that may be off"),
    column("share", ("of all", "waiting"), EDGE_AND_SYNC, Shown::Rank(1), |row| Cell::Share(millipercent(row.totals.wait_ns(), row.whole.wait_ns)),
        "wait / all waiting"),
    column("wait-mean", ("wait", "mean"), WAITING_AND_SYNC, Shown::Rank(4), |row| Cell::Time(row.totals.wait_mean_ns()),
        "waiting time without that of failed attempts / waits"),
    column("wait-p50", ("wait", "p50"), WAITING_AND_SYNC, Shown::Never, |row| Cell::Time(row.totals.wait_percentile_ns(50)),
        "half of the waits were at most this long; percentiles are read between the powers of two that hold them as if waits were spread evenly, so they are right within a factor of two"),
    column("wait-p90", ("wait", "p90"), WAITING_AND_SYNC, Shown::Never, |row| Cell::Time(row.totals.wait_percentile_ns(90)),
        "90 of 100 waits were at most this long"),
    column("wait-p99", ("wait", "p99"), WAITING_AND_SYNC, Shown::Rank(3), |row| Cell::Time(row.totals.wait_percentile_ns(99)),
        "99 of 100 waits were at most this long"),
    column("wait-max", ("wait", "max"), WAITING_AND_SYNC, Shown::Rank(1), |row| Cell::Time(row.totals.wait_max_ns()),
        "longest wait that was sampled, without failed attempts"),
    column("queue-max", ("longest", "queue"), WAITING_AND_SYNC, Shown::IfAny(5), |row| Cell::Count(Some(row.totals.queue_max).filter(|queue| *queue > 0)),
        "most threads that waited at once for one lock, as seen by sampled waits"),
    column("failed-wait", ("failed", "wait"), WAITING, Shown::Never, |row| Cell::Time(Some(row.totals.failed_wait_ns)),
        "waiting time of failed attempts"),
    column("bound", ("at most", "to gain"), LOCKS, Shown::Rank(3), |row| of_lock(row, Cell::Share(millipercent(row.totals.wait_ns(), row.whole.threads_ns))),
        "wait / (threads × duration): an upper bound of the share of all threads' time that could be won if nobody ever waited for this lock; where the run waits for one thread, that one may win more than this average, and a thread that takes locks counts for the whole duration, however short it lived"),
    column("holds", ("", "holds"), HOLDING, Shown::Never, |row| of_lock(row, count(row.totals.holds)),
        "releases, nested ones of recursive mutexes not included"),
    column("holds-error", ("", "±"), HOLDING, Shown::Never, |row| of_count(row, &row.totals.errors.holds, row.totals.holds),
        "how much that may be off"),
    column("hold", ("hold", "total"), HOLDING, Shown::Rank(0), |row| of_lock(row, Cell::Time(Some(row.totals.hold_ns))),
        "time from taking to releasing, at the place and in the thread of the release"),
    column("hold-error", ("", "±"), HOLDING, Shown::IfAny(9), |row| of_time(row, &row.totals.errors.hold_ns, row.totals.hold_ns, row.totals.holds.saturating_mul(HOLD_UNSEEN_NS)),
        "how much that may be off"),
    column("hold-mean", ("hold", "mean"), HOLDING, Shown::Rank(5), |row| Cell::Time(row.totals.hold_mean_ns()),
        "hold / holds"),
    column("hold-p50", ("hold", "p50"), HOLDING, Shown::Never, |row| Cell::Time(row.totals.hold_percentile_ns(50)),
        "half of the holds were at most this long, read as the percentiles of waits are"),
    column("hold-p90", ("hold", "p90"), HOLDING, Shown::Never, |row| Cell::Time(row.totals.hold_percentile_ns(90)),
        "90 of 100 holds were at most this long"),
    column("hold-p99", ("hold", "p99"), HOLDING, Shown::Never, |row| Cell::Time(row.totals.hold_percentile_ns(99)),
        "99 of 100 holds were at most this long"),
    column("hold-max", ("hold", "max"), HOLDING, Shown::Rank(3), |row| Cell::Time(row.totals.hold_max_ns()),
        "longest hold that was sampled"),
    column("utilisation", ("", "in use"), HOLDING, Shown::Rank(2), |row| of_lock(row, Cell::Share(row.totals.utilisation_millipercent(row.whole.wall_ns))),
        "hold / duration of the profiles (the sum over all files)"),
    column("blocked", ("", "blocked"), HOLDING, Shown::IfAny(2), |row| of_lock(row, Cell::Time(Some(row.totals.blocked_ns))),
        "waiting that these holds caused to others"),
    column("blocked-error", ("", "±"), HOLDING, Shown::IfAny(9), |row| of_time(row, &row.totals.errors.blocked_ns, row.totals.blocked_ns, 0),
        "how much that may be off"),
    column("blame", ("of all", "waiting"), HOLDER, Shown::IfAny(1), |row| Cell::Share(millipercent(row.totals.blocked_ns, row.whole.wait_ns)),
        "blocked / all waiting; what is missing to 100 % is put down to no holder"),
    column("top-wait-site", ("most", "waiting"), NOT_AT_A_SITE, Shown::Rank(7), |row| Cell::Text(row.wait_site.as_ref().map(ToString::to_string)),
        "site with the most waiting time"),
    column("top-hold-site", ("most", "holding"), NOT_AT_A_SITE, Shown::Rank(8), |row| Cell::Text(row.hold_site.as_ref().map(ToString::to_string)),
        "site with the most hold time"),
    column("top-lock", ("most waited", "for"), SITES, Shown::Rank(7), |row| Cell::Text(row.lock.clone()),
        "lock with the most waiting time, caused or suffered, else the most acquisitions"),
];

/// Nothing where the row is about sync waits: they neither take nor hold a lock.
fn of_lock(row: &Row, cell: Cell) -> Cell {
    match cell {
        Cell::Count(_) if row.key.is_sync() => Cell::Count(None),
        Cell::Time(_) if row.key.is_sync() => Cell::Time(None),
        Cell::Share(_) if row.key.is_sync() => Cell::Share(None),
        cell => cell,
    }
}

/// Who is to blame for an edge; nothing of what ends for itself.
fn holder(key: &Key) -> Cell {
    match key {
        Key::Edge { holder, .. } => text(Some(&holder.to_string())),
        _ => Cell::Text(None),
    }
}

fn count(count: u64) -> Cell {
    Cell::Count(Some(count))
}

fn of_count(row: &Row, spread: &Spread, of: u64) -> Cell {
    error(row, spread.of_count(), of, false)
}

fn of_waits(row: &Row, spread: &Spread, of: u64) -> Cell {
    error(row, spread.of_lengths(), of, false)
}

/// What the library's clock may miss of one wait: the way in before it is read, and,
/// after the wait, handing it in with caches gone cold.
pub(crate) const WAIT_UNSEEN_NS: u64 = 4_000;
/// What it may see too much of one hold: the way out and in again.
pub(crate) const HOLD_UNSEEN_NS: u64 = 250;

/// Chance, and what the clock may have missed or seen too much; where everything was
/// sampled nothing is left to chance, and only that is said.
fn of_time(row: &Row, spread: &Spread, of: u64, unseen_ns: u64) -> Cell {
    let unseen_ns = if row.whole.is_exact { 0 } else { unseen_ns };
    let half_width = spread.of_lengths();
    let half_width = half_width.map(|chance_ns| chance_ns.saturating_add(unseen_ns));
    error(row, half_width, of, true)
}

fn error(row: &Row, half_width: Option<u64>, of: u64, is_time: bool) -> Cell {
    Cell::Error(Error {
        // Where everything was sampled even nothing is certain.
        half_width: half_width.or(row.whole.is_exact.then_some(0)),
        of,
        is_time,
    })
}

fn text(text: Option<&str>) -> Cell {
    Cell::Text(text.filter(|text| !text.is_empty()).map(str::to_owned))
}
