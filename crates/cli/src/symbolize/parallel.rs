//! Work shared by a few threads, with somebody told how far it is.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// Each thread may have debug information in memory.
const MOST_THREADS: usize = 8;
/// Time between two looks at the clock.
const TICK: Duration = Duration::from_millis(100);

/// How many threads there are for so many jobs.
pub(super) fn threads(jobs: usize) -> usize {
    let available = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    available.min(MOST_THREADS).min(jobs)
}

/// Does all jobs and hands their results back in the same order; none for one that failed
/// by a panic. `tell` hears now and then how many are done.
pub(super) fn map<J: Sync, T: Send>(
    jobs: &[J],
    work: impl Fn(&J) -> T + Sync,
    mut tell: impl FnMut(usize),
) -> Vec<Option<T>> {
    let mut results: Vec<Option<T>> = jobs.iter().map(|_| None).collect();
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..threads(jobs.len()) {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || take_jobs(jobs, next, work, &sender));
        }
        drop(sender);
        let mut done = 0;
        loop {
            match receiver.recv_timeout(TICK) {
                Ok((index, result)) => {
                    done += 1;
                    if let Some(slot) = results.get_mut(index) {
                        *slot = result;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            tell(done);
        }
    });
    results
}

/// Does one job after the other until there is none left.
fn take_jobs<J, T>(
    jobs: &[J],
    next: &AtomicUsize,
    work: &impl Fn(&J) -> T,
    results: &Sender<(usize, Option<T>)>,
) {
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(job) = jobs.get(index) else { return };
        // Files may be damaged in ways that their readers did not think of.
        let result = panic::catch_unwind(AssertUnwindSafe(|| work(job)));
        if results.send((index, result.ok())).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_their_jobs() {
        let jobs: Vec<usize> = (0..100).collect();
        let mut most = 0;
        let results = map(&jobs, |job| job * 2, |done| most = most.max(done));
        let expected: Vec<_> = jobs.iter().map(|job| Some(job * 2)).collect();
        assert_eq!(results, expected);
        assert_eq!(most, 100);
    }

    #[test]
    fn without_jobs_nothing_is_done() {
        assert_eq!(map(&[] as &[u8], |_| (), |_| ()), [] as [Option<()>; 0]);
    }
}
