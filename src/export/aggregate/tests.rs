//! How records add up to rows.

use super::*;
use crate::record::{self, Loss, Lost};

fn record(role: Role, frames: &[u64]) -> Record {
    let mut record = Record::new(role, Kind::Mutex, 0x1000);
    record.frames = frames.iter().copied().collect();
    record.weight = 100.0;
    record
}

#[test]
fn equal_stacks_share_a_row_and_add_up() {
    let mut aggregate = Aggregate::default();
    for hold_ns in [1000, 1023, 1024] {
        let mut release = record(Role::Release, &[1, 2, 3]);
        release.duration_ns = hold_ns;
        aggregate.add(&release, 0x1000);
    }
    let rows = aggregate.rows();
    let buckets: Vec<_> = rows
        .iter()
        .map(|row| (row.key.bucket_ns(), row.totals.events, row.totals.max_ns))
        .collect();
    assert_eq!(
        buckets,
        [(Some(512), 200.0, 1023), (Some(1024), 100.0, 1024)]
    );
}

#[test]
fn samples_are_counted_as_if_each_stood_for_equally_many() {
    let samples = |weights: &[f64]| {
        let mut aggregate = Aggregate::default();
        for weight in weights {
            let mut taken = record(Role::Acquire, &[1]);
            taken.weight = *weight;
            aggregate.add(&taken, 0x1000);
        }
        let row = aggregate.rows()[0];
        row.totals.samples(row.key)
    };
    assert!((samples(&[100.0; 10]) - 10.0).abs() < 1e-9);
    // 1,000² / (5 · 100² + 500²): a half of it rests on a single sample.
    assert!((samples(&[100.0, 100.0, 100.0, 100.0, 100.0, 500.0]) - 10.0 / 3.0).abs() < 1e-9);
    // One that is taken back was never there.
    assert!((samples(&[100.0, 500.0, 100.0, -500.0]) - 2.0).abs() < 1e-9);
    // Nothing is known of what rests on nothing.
    assert!(samples(&[100.0, -100.0]).abs() < 1e-9);
}

#[test]
fn a_failed_attempt_is_a_contention_and_no_acquisition() {
    let mut aggregate = Aggregate::default();
    let mut failed = record(Role::Acquire, &[7]);
    failed.error = libc::EBUSY;
    aggregate.add(&failed, 0x1000);
    let totals = *aggregate.rows()[0].totals;
    assert_eq!((totals.events, totals.contention), (0.0, 100.0));
}

// One after the other, since what is lost is counted for the whole process.
#[test]
fn a_full_table_loses_details_only_and_counts_them() {
    stacks_fill_the_table();
    threads_fill_the_table_and_places_and_locks_are_still_told_apart();
    locks_fill_the_table_and_places_are_still_told_apart();
}

fn stacks_fill_the_table() {
    let mut aggregate = Aggregate::default();
    let deep: Vec<u64> = (0..64).collect();
    for number in 0..(FRAMES_MAX as u64 / 64 + 10) {
        let mut stack = deep.clone();
        stack[0] = number;
        aggregate.add(&record(Role::Acquire, &stack), 0x1000);
    }
    assert_eq!(
        record::lost(Loss::TableFull, Lost::Acquisitions),
        (10, 1000)
    );
    aggregate.add(&record(Role::Acquire, &deep), 0x1000);
    assert_eq!(
        record::lost(Loss::TableFull, Lost::Acquisitions),
        (10, 1000)
    );
    let rows = aggregate.rows();
    let total: f64 = rows.iter().map(|row| row.totals.events).sum();
    assert_eq!(total, 100.0 * (FRAMES_MAX as f64 / 64.0 + 11.0));
    assert!(
        rows.iter()
            .any(|row| row.key.is_of_others() && row.totals.events == 1000.0)
    );
}

fn threads_fill_the_table_and_places_and_locks_are_still_told_apart() {
    let mut aggregate = Aggregate::default();
    let (lost_before, _) = record::lost(Loss::TableFull, Lost::Acquisitions);
    let threads = u32::try_from(ROWS_MAX).unwrap_or(u32::MAX) * 2;
    for thread in 0..threads {
        for (stack, lock) in [(1, 0x1000), (2, 0x2000)] {
            let mut taken = record(Role::Acquire, &[stack]);
            taken.thread_id = thread;
            aggregate.add(&taken, lock);
        }
    }
    let rows = aggregate.rows();
    let taken = |lock| {
        let of_lock = rows.iter().filter(|row| row.key.lock == lock);
        of_lock.map(|row| row.totals.events).sum::<f64>()
    };
    let all = 100.0 * f64::from(threads);
    assert_eq!((taken(0x1000), taken(0x2000)), (all, all));
    assert!(rows.len() <= ROWS_OF_LOCKS, "{}", rows.len());
    // One of each lock and thread has a row of its own; all others lack their thread.
    let (lost, _) = record::lost(Loss::TableFull, Lost::Acquisitions);
    let kept = rows.iter().filter(|row| !row.key.lacks_details()).count() as u64;
    assert_eq!(lost - lost_before, 2 * u64::from(threads) - kept);
}

fn locks_fill_the_table_and_places_are_still_told_apart() {
    let mut aggregate = Aggregate::default();
    let locks = ROWS_MAX as u64 * 2;
    for lock in 1..=locks {
        aggregate.add(&record(Role::Acquire, &[1]), lock);
        aggregate.add(&record(Role::Acquire, &[2]), lock);
    }
    let rows = aggregate.rows();
    for place in [1, 2] {
        let at_place = rows
            .iter()
            .filter(|row| aggregate.stack(row.key) == [place]);
        let taken: f64 = at_place.map(|row| row.totals.events).sum();
        assert_eq!(taken, 100.0 * locks as f64);
    }
    assert!(rows.len() <= ROWS_MAX, "{}", rows.len());
}

#[test]
fn a_wait_is_put_down_to_its_release_whichever_comes_first() {
    let mut aggregate = Aggregate::default();
    let mut wait = record(Role::Acquire, &[1]);
    (wait.charge, wait.wait_weight, wait.duration_ns) = (7, 1.0, 5_000);
    aggregate.add(&wait, 0x1000);
    aggregate.settle(false);
    assert_eq!(aggregate.rows().len(), 0);
    let mut release = record(Role::Release, &[9]);
    (release.charge, release.blocked_weight, release.blocked_ns) = (7, 1.0, 4_000);
    release.weight = 0.0;
    aggregate.add(&release, 0x1000);
    aggregate.settle(false);
    aggregate.add(&wait, 0x1000);
    let rows = aggregate.rows();
    let (waited, released) = (rows[0], rows[1]);
    assert_eq!(aggregate.holder_stack(waited.key), [9]);
    assert_eq!(
        (waited.totals.time_ns, waited.totals.samples),
        (10_000.0, 2)
    );
    assert_eq!(
        (
            released.totals.events,
            released.totals.contention,
            released.key.bucket_ns()
        ),
        (0.0, 4_000.0, None)
    );
}

#[test]
fn a_sync_wait_is_put_down_to_its_wake_which_makes_no_row() {
    let mut aggregate = Aggregate::default();
    let mut wait = Record::new(Role::Sync, Kind::Cond, 0x1000);
    wait.frames = std::iter::once(1).collect();
    (wait.charge, wait.wait_weight, wait.duration_ns) = (7, 2.0, 5_000);
    aggregate.add(&wait, 0x1000);
    aggregate.settle(false);
    let mut wake = Record::new(Role::Wake, Kind::Cond, 0x1000);
    wake.frames = std::iter::once(9).collect();
    (wake.charge, wake.thread_id) = (7, 33);
    assert!(aggregate.add(&wake, 0x1000), "its stack is new");
    aggregate.settle(false);
    let rows = aggregate.rows();
    assert_eq!(rows.len(), 1);
    assert_eq!(aggregate.holder_stack(rows[0].key), [9]);
    assert_eq!(rows[0].key.blocker, 33);
    let totals = rows[0].totals;
    assert_eq!((totals.events, totals.time_ns), (2.0, 10_000.0));
    assert_eq!(totals.contention, 0.0);
    assert_eq!(aggregate.waits(Kind::Cond), (2.0, 10_000.0));
    assert_eq!(aggregate.waits(Kind::Mutex), (0.0, 0.0));
}

#[test]
fn a_wait_whose_release_was_lost_counts_without_a_holder() {
    let mut aggregate = Aggregate::default();
    let mut wait = record(Role::Acquire, &[1]);
    (wait.charge, wait.wait_weight, wait.duration_ns) = (7, 1.0, 5_000);
    aggregate.add(&wait, 0x1000);
    aggregate.settle(false);
    aggregate.settle(false);
    let rows = aggregate.rows();
    assert_eq!(rows[0].totals.time_ns, 5_000.0);
    assert!(aggregate.holder_stack(rows[0].key).is_empty());
}
