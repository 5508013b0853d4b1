//! Semaphores as locks and as events: C programs compared with their profiles.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use contract::comment;
use contract::sample_type::{SampleType, label};
use support::program::Program;

const MS: i64 = 1_000_000;

#[test]
fn a_semaphore_used_as_a_lock_has_exact_counts_and_holds() {
    let rows = Program::exact("sem_as_lock").compare().profile();
    let takers = rows.thread("First").acquires() + rows.thread("Second").acquires();
    assert_eq!(takers, 800, "{rows}");
    for function in ["by_wait", "by_trywait", "by_timedwait", "by_clockwait"] {
        rows.at(function)
            .expect_counts(&format!("of {function}"), 200, 0);
    }
    rows.at("give_back").expect_counts("of give_back", 0, 800);
    assert_eq!(rows.texts(label::LOCK_KIND), ["semaphore"], "{rows}");
    assert_eq!(rows.texts(label::LOCK_NAME), ["lock"], "{rows}");
    assert_eq!(rows.lost("for"), 0, "{rows}");
    assert!(rows.numbers(label::DEPTH).is_empty(), "{rows}");
}

#[test]
fn whoever_waits_for_a_semaphore_knows_who_held_it() {
    let run = Program::exact("sem_as_lock").run();
    let rows = run.profile();
    let waits = rows.at("wait_long").filter(|row| row.sample.values[1] > 0);
    waits.expect_close("wait", waits.wait_ns(), run.truth("waited_ns"), 10);
    assert_eq!(waits.contentions(), 1, "{rows}");
    assert_eq!(waits.texts(label::BLOCKING_SITE), ["hold_long"], "{rows}");
    let holder = waits.texts(label::BLOCKING_THREAD_NAME);
    assert_eq!(holder, ["Holder"], "{rows}");
    let holds = rows.at("hold_long");
    holds.expect_counts("of the holder", 1, 1);
    holds.expect_close("hold", holds.hold_ns(), run.truth("held_ns"), 10);
    let blocked = holds.sum(SampleType::Blocked);
    holds.expect_close("blame", blocked, waits.wait_ns(), 10);
}

#[test]
fn an_event_has_waits_and_charges_but_neither_holds_nor_losses() {
    for program in [
        Program::exact("sem_as_event"),
        Program::exact("sem_as_event").env("LOCKPROF_LOCKS", "semaphore"),
    ] {
        let run = program.compare();
        let rows = run.profile();
        let rows = rows.with(label::LOCK_KIND, "semaphore");
        rows.lock("items").expect_counts("of the items", 600, 0);
        rows.lock("places").expect_counts("of the places", 600, 0);
        assert_eq!((rows.hold_ns(), rows.lost("for")), (0, 0), "{rows}");
        assert!(rows.numbers(label::DEPTH).is_empty(), "{rows}");
        let open = comment::find(&rows.comments, comment::OPEN_HOLDS);
        assert!(open.is_none(), "{open:?}");
        // The consumer waits six times for 5 ms.
        let waits = rows.lock("items").at("consume");
        assert!(waits.wait_ns() >= 25 * MS, "{rows}");
        let late = waits.with(label::BLOCKING_SITE, "produce");
        assert!(late.wait_ns() * 10 >= waits.wait_ns() * 9, "{rows}");
    }
}

#[test]
fn the_profile_of_a_semaphore_is_switched_off_by_leaving_it_out() {
    let run = Program::exact("sem_as_event").env("LOCKPROF_LOCKS", "mutex");
    let kinds = run.compare().profile().texts(label::LOCK_KIND);
    assert_eq!(kinds, ["mutex"]);
}

#[test]
fn a_semaphore_that_is_not_had_says_why_and_errno_is_as_without_us() {
    let run = Program::exact("sem_failures").compare();
    let rows = run.profile();
    let busy = rows.at("try_empty").result("busy");
    assert_eq!((busy.contentions(), busy.wait_ns()), (10, 0), "{rows}");
    for (function, truth) in [
        ("run_out_of_time", "timed_ns"),
        ("run_out_of_clock", "clock_ns"),
    ] {
        let late = rows.at(function).result("timeout");
        assert_eq!(late.contentions(), 1, "{rows}");
        late.expect_close("wait", late.wait_ns(), run.truth(truth), 10);
    }
    let interrupted = rows.at("be_interrupted").result("interrupted");
    assert_eq!(interrupted.contentions(), 1, "{rows}");
    interrupted.expect_close(
        "interrupted wait",
        interrupted.wait_ns(),
        run.truth("interrupted_ns"),
        10,
    );
    for function in ["ask_with_bad_time", "ask_with_bad_clock"] {
        let invalid = rows.at(function).result("invalid");
        assert_eq!((invalid.contentions(), invalid.wait_ns()), (2, 0), "{rows}");
    }
    // All posts come before the takings.
    rows.at("succeed").expect_counts("of succeed", 4, 0);
    assert_eq!((rows.acquires(), rows.lost("for")), (5, 0), "{rows}");
}

#[test]
fn errno_and_results_are_the_same_when_hardly_anything_is_sampled() {
    Program::sampled("sem_failures").compare();
}

#[test]
fn cancellation_in_a_semaphore_unwinds_and_takes_nothing() {
    let rows = Program::exact("sem_cancelled").compare().profile();
    rows.at("use_afterwards")
        .filter(|row| row.sample.values[0] > 0)
        .expect_counts("afterwards", 2, 0);
    assert_eq!(rows.acquires(), 2, "{rows}");
    // Nobody waits any more, so the post afterwards is to blame for nothing.
    assert_eq!(rows.sum(SampleType::Blocked), 0, "{rows}");
}

#[test]
fn shared_and_named_semaphores_are_counted_in_each_process() {
    let run = Program::exact("sem_shared").compare();
    let profiles = run.profiles();
    assert_eq!(profiles.len(), 2, "{:?}", run.files());
    for (_, rows) in &profiles {
        rows.at("take_shared").expect_counts("shared", 100, 100);
        let named = rows.at("take_named");
        named.expect_counts("named", 100, 100);
        let names = named.texts(label::LOCK_NAME);
        assert!(
            names.len() == 1 && names[0].starts_with("/lockprof-test-"),
            "{names:?}"
        );
    }
}

#[test]
fn signal_handlers_post_while_their_thread_is_anywhere() {
    let run = Program::exact("sem_posted_in_handler").compare();
    let rows = run.profile();
    let own = rows.at("take_own");
    let taken = run.truth("own_taken");
    own.expect_counts("of the lock", taken, taken);
    assert_eq!(rows.lock("ticks").acquires(), run.truth("taken"), "{rows}");
    assert_eq!(rows.lost("for"), 0, "{rows}");
}

#[test]
fn nothing_of_a_semaphore_is_touched_after_its_post() {
    let rows = Program::exact("sem_freed_after_post").compare().profile();
    rows.at("wait_for_job").expect_counts("of jobs", 300, 0);
    assert_eq!(rows.lost("for"), 0, "{rows}");
}

#[test]
fn a_counting_semaphore_has_depths_and_memory_used_again_another_use() {
    let rows = Program::exact("sem_counting").compare().profile();
    let three = rows.lock("three");
    three.depth(1).expect_counts("outside", 20, 20);
    three.depth(2).expect_counts("within", 10, 10);
    three.depth(3).expect_counts("within that", 10, 10);
    let hold = three.hold_ns();
    assert!((100 * MS..300 * MS).contains(&hold), "{hold}\n{rows}");
    let as_lock = rows.through("use_as_lock");
    as_lock.expect_counts("as a lock", 21, 20);
    assert_eq!(rows.through("use_as_event").acquires(), 20, "{rows}");
    rows.lock("reused").expect_counts("in all", 41, 20);
    assert_eq!(rows.lost("for"), 0, "{rows}");
}

#[test]
fn sampled_semaphores_add_up_as_locks_do() {
    let run = Program::sampled("sem_contended").compare();
    let rows = run.profile();
    let taken = run.truth("taken");
    rows.expect_close("acquisitions", rows.acquires(), taken, 10);
    rows.expect_close("releases", rows.releases(), taken, 10);
    assert!(rows.hold_ns() > 0, "{rows}");
    // What is taken between the look at a semaphore and the call is waited for unseen.
    rows.expect_close("waiting", rows.wait_ns(), run.truth("waited_ns"), 25);
}

#[test]
fn only_a_proven_lock_is_said_to_be_held_at_the_end() {
    let rows = Program::exact("sem_left_taken").compare().profile();
    let all = comment::find(&rows.comments, comment::OPEN_HOLDS).unwrap();
    assert!(all.starts_with("1 for 1, "), "{all}");
    let mut lines = rows.comments.iter();
    let one = lines.find_map(|line| line.strip_prefix(comment::OPEN_HOLD));
    let (_, one) = one.unwrap().split_once(" ns, ").unwrap();
    assert!(one.starts_with("lock kept at 0x"), "{one}");
    assert!(
        one.ends_with("thread Keeper, taken in take_and_keep"),
        "{one}"
    );
}
