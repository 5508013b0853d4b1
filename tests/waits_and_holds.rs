//! Times in profiles, compared with those the programs measured themselves.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use contract::sample_type::{SampleType, label};
use support::profile::Rows;
use support::program::Program;

const MS: i64 = 1_000_000;

#[test]
fn holds_of_one_lock_add_up_to_at_most_the_wall_time() {
    let run = Program::exact("holds_add_up").compare();
    let rows = run.profile();
    let (seen, held, wall) = (rows.hold_ns(), run.truth("held_ns"), run.truth("wall_ns"));
    assert!(seen <= wall, "held {seen} ns within {wall} ns\n{rows}");
    assert!(
        seen * 100 >= held * 95,
        "held {seen} ns of {held} ns\n{rows}"
    );
    rows.expect_counts("in all", 40, 40);
}

#[test]
fn the_function_that_holds_longer_shows_it() {
    let run = Program::exact("two_holds").compare();
    let rows = run.profile();
    for (function, caller, truth, count) in [
        ("hold_short", "short_thread", "short_ns", 12),
        ("hold_long", "long_thread", "long_ns", 4),
    ] {
        let holds = rows.at(function);
        holds.expect_counts(&format!("of {function}"), count, count);
        let (mean, truth) = (holds.hold_ns() / count, run.truth(truth) / count);
        rows.expect_close(&format!("mean hold of {function}"), mean, truth, 10);
        for row in holds.rows() {
            assert_eq!(row.stack[1], caller, "{row}");
        }
    }
}

/// One thread's two short holds around a wait of 200 ms in a condition.
fn expect_split(rows: &Rows, thread: &str, [before, inside, after]: [&str; 3]) {
    let mine = rows.thread(thread);
    mine.through(before)
        .expect_counts(&format!("of {thread} before"), 1, 0);
    mine.through(inside)
        .expect_counts(&format!("of {thread} inside"), 1, 1);
    mine.through(after)
        .expect_counts(&format!("of {thread} after"), 0, 1);
    for function in [inside, after] {
        let hold = mine.through(function).hold_ns();
        assert!(
            (9 * MS..60 * MS).contains(&hold),
            "{thread} held {hold} ns before the end of {function}\n{mine}"
        );
    }
    let wait = mine.through(inside).wait_ns();
    assert!(
        wait < 50 * MS,
        "{thread} waited {wait} ns in a condition\n{mine}"
    );
    assert_eq!(mine.contentions(), 0, "{mine}");
}

#[test]
fn waiting_in_a_condition_splits_the_hold() {
    let rows = Program::exact("cond_splits_hold").compare().profile();
    expect_split(&rows, "Plain", ["first_piece", "wait_plain", "last_piece"]);
    expect_split(&rows, "Timed", ["first_piece", "wait_timed", "last_piece"]);
    expect_split(&rows, "Clock", ["first_piece", "wait_clock", "last_piece"]);
}

#[test]
fn pieces_of_a_split_hold_are_as_long_as_measured() {
    let run = Program::exact("cond_splits_hold").run();
    let rows = run.profile();
    let first: i64 = ["wait_plain", "wait_timed", "wait_clock"]
        .iter()
        .map(|function| rows.at(function).hold_ns())
        .sum();
    rows.expect_close("first pieces", first, run.truth("first_piece_ns"), 10);
    let last = rows.at("last_piece").hold_ns();
    rows.expect_close("last pieces", last, run.truth("last_piece_ns"), 10);
}

#[test]
fn conditions_of_c11_split_the_hold() {
    let rows = Program::exact("cnd_splits_hold").compare().profile();
    expect_split(&rows, "Plain", ["first_piece", "wait_cnd", "last_piece"]);
    expect_split(
        &rows,
        "Timed",
        ["first_piece", "wait_cnd_timed", "last_piece"],
    );
}

#[test]
fn wait_for_of_the_cxx_library_splits_the_hold() {
    let rows = Program::exact("condvar_wait_for").compare().profile();
    expect_split(&rows, "Waits", ["take", "wait_for_in_cxx", "drop"]);
}

#[test]
fn a_wait_says_how_long_where_and_for_whom() {
    let run = Program::exact("who_waits").compare();
    let rows = run.profile();
    let waits = rows
        .at("waiting_function")
        .filter(|row| row.sample.values[1] > 0);
    assert_eq!((waits.contentions(), waits.rows().len()), (1, 1), "{rows}");
    waits.expect_close("wait", waits.wait_ns(), run.truth("waited_ns"), 10);
    assert_eq!(waits.texts(label::THREAD_NAME), ["Waiter"], "{rows}");
    assert_eq!(
        waits.numbers(label::THREAD_NATIVE_ID),
        [run.truth("waiter_tid")],
        "{rows}"
    );
    assert_eq!(
        waits.numbers(label::THREAD_ID),
        [run.truth("waiter_self")],
        "{rows}"
    );
    assert_eq!(
        waits.texts(label::BLOCKING_THREAD_NAME),
        ["Holder"],
        "{rows}"
    );
    assert_eq!(
        waits.numbers(label::BLOCKING_THREAD_ID),
        [run.truth("holder_tid")],
        "{rows}"
    );
    assert_eq!(rows.at("waiting_function").acquires(), 1, "{rows}");
}

#[test]
fn the_holder_shows_how_long_it_held() {
    let run = Program::exact("who_waits").run();
    let rows = run.profile();
    let holds = rows.at("holding_function").thread("Holder");
    holds.expect_counts("of the holder", 1, 1);
    holds.expect_close("hold", holds.hold_ns(), run.truth("held_ns"), 10);
    assert_eq!(
        holds.numbers(label::THREAD_NATIVE_ID),
        [run.truth("holder_tid")],
        "{rows}"
    );
}

#[test]
fn a_failed_attempt_is_a_contention_and_no_acquisition() {
    let run = Program::exact("failed_attempts").compare();
    let rows = run.profile();
    let busy = rows.at("try_busy");
    assert_eq!(busy.result("busy").contentions(), 10, "{rows}");
    let late = rows.at("run_out_of_time").result("timeout");
    assert_eq!(late.contentions(), 1, "{rows}");
    late.expect_close(
        "wait until the time",
        late.wait_ns(),
        run.truth("timed_ns"),
        10,
    );
    let later = rows.at("run_out_of_clock").result("timeout");
    assert_eq!(later.contentions(), 1, "{rows}");
    later.expect_close(
        "wait until the clock",
        later.wait_ns(),
        run.truth("clock_ns"),
        10,
    );
    for function in [
        "try_busy",
        "run_out_of_time",
        "run_out_of_clock",
        "ask_with_bad_time",
        "unlock_foreign",
    ] {
        rows.at(function)
            .expect_counts(&format!("of {function}"), 0, 0);
    }
    let twice = rows.at("lock_twice");
    twice.expect_counts("of lock_twice", 1, 1);
    assert_eq!(twice.result("deadlock").contentions(), 1, "{rows}");
}

#[test]
fn a_failed_attempt_leaves_the_holders_hold_alone() {
    let run = Program::exact("failed_attempts").run();
    let rows = run.profile();
    let holds = rows.at("hold").thread("Holder");
    holds.expect_counts("of the holder", 2, 2);
    holds.expect_close("two holds", holds.hold_ns(), 2 * run.truth("held_ns"), 10);
}

#[test]
fn a_robust_mutex_survives_its_owner() {
    let rows = Program::exact("robust_owner_dies").compare().profile();
    rows.at("die_with_it")
        .expect_counts("of owners that ended", 4, 0);
    rows.at("take_after_death")
        .expect_counts("after their end", 5, 0);
    rows.at("release_after_death")
        .expect_counts("released after their end", 0, 5);
    rows.at("take_lost")
        .expect_counts("of what was given up", 0, 0);
}

#[test]
fn cancellation_inside_a_condition_leaves_locks_and_counts_right() {
    let rows = Program::exact("cond_cancelled").compare().profile();
    rows.at("lock_afterwards").expect_counts("afterwards", 2, 2);
    for thread in ["Deferred", "Asynchronous"] {
        let mine = rows.thread(thread);
        mine.expect_counts(&format!("of {thread}"), 2, 2);
        let hold = mine.through("unlock_in_handler").hold_ns();
        assert!(
            hold < 50 * MS,
            "{thread} held {hold} ns in its handler\n{mine}"
        );
        mine.through("unlock_in_handler")
            .expect_counts("of the handler", 0, 1);
    }
}

#[test]
fn cancellation_inside_a_condition_unwinds_cxx() {
    let rows = Program::exact("cond_cancelled_unwinds").compare().profile();
    rows.through("lock_afterwards")
        .expect_counts("afterwards", 2, 2);
    for thread in ["Deferred", "Asynchronous"] {
        let mine = rows.thread(thread);
        mine.expect_counts(&format!("of {thread}"), 2, 2);
    }
}

#[test]
fn sampled_acquisitions_of_a_contended_lock_add_up() {
    let run = Program::sampled("contended").compare();
    let rows = run.profile();
    rows.expect_close("acquisitions", rows.acquires(), run.truth("taken"), 10);
    rows.expect_close("releases", rows.releases(), run.truth("taken"), 10);
}

#[test]
fn sampled_waits_of_a_contended_lock_add_up() {
    let run = Program::sampled("contended").run();
    let rows = run.profile();
    rows.expect_close("waiting", rows.wait_ns(), run.truth("waited_ns"), 15);
}

#[test]
fn what_holders_caused_is_never_more_than_what_was_waited() {
    let rows = Program::exact("holds_add_up").run().profile();
    assert!(rows.sum(SampleType::Blocked) <= rows.wait_ns(), "{rows}");
}

#[test]
fn mutexes_with_odd_lives_are_counted_as_far_as_they_can_be() {
    let rows = Program::exact("odd_lives").compare().profile();
    rows.lock("checked_lock")
        .expect_counts("of the one released twice", 10, 10);
    // Of the two takings in each round one ends with its lock.
    rows.lock("remade_lock")
        .expect_counts("of the one made anew", 20, 10);
    // The first hold of each round ends at another address: it is not measured,
    // and said to be lost when the next taking shows that it is over.
    rows.lock("before_move")
        .expect_counts("of the one moved away", 20, 10);
    assert_eq!(rows.lost("released by another thread"), 10, "{rows}");
    let longest = rows.lock("before_move").hold_ns() / 10;
    assert!(longest < 1_000_000, "a hold of {longest} ns");
}
