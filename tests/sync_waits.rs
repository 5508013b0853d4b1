//! Waiting that is not for a lock: for signals, at barriers, for initialisers, for the end of threads.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use contract::sample_type::{SampleType, label};
use support::profile::Rows;
use support::program::Program;
use support::scratch::Scratch;

const MS: i64 = 1_000_000;

fn waits(rows: &Rows) -> i64 {
    rows.sum(SampleType::SyncWaits)
}

fn wait_ns(rows: &Rows) -> i64 {
    rows.sum(SampleType::SyncWait)
}

/// So many waits, together as long as the program says. Its clock stands outside ours.
fn expect_waits(rows: &Rows, count: i64, truth_ns: i64) {
    assert_eq!(waits(rows), count, "{rows}");
    let seen_ns = wait_ns(rows);
    assert!(
        (truth_ns - truth_ns / 20 - count * MS / 2..=truth_ns).contains(&seen_ns),
        "{seen_ns} ns instead of {truth_ns} ns\n{rows}"
    );
}

/// All are put down to this place in this thread.
fn expect_blame(rows: &Rows, site: &str, thread: &str) {
    assert_eq!(rows.texts(label::BLOCKING_SITE), [site], "{rows}");
    assert_eq!(rows.texts(label::BLOCKING_THREAD_NAME), [thread], "{rows}");
    assert_eq!(waits(&rows.with(label::BLOCKING_SITE, site)), waits(rows));
}

#[test]
fn a_wait_in_a_condition_says_who_signalled() {
    let run = Program::exact("sync_waits").compare();
    let all = run.profile().sync("cond");
    assert_eq!(waits(&all), 6, "{all}");
    assert_eq!(all.texts(label::LOCK_NAME), ["queue_filled"], "{all}");
    let jobs = all.at("wait_for_job");
    expect_waits(&jobs, 5, run.truth("cond_ns"));
    for (site, count) in [("submit_rarely", 4), ("submit_last", 1)] {
        let woken = jobs.with(label::BLOCKING_SITE, site);
        assert_eq!(waits(&woken), count, "{jobs}");
        expect_blame(&woken, site, "sync_waits");
    }
    let late = all.at("run_out_of_time").result("timeout");
    expect_waits(&late, 1, run.truth("cond_in_vain_ns"));
    assert!(late.texts(label::BLOCKING_SITE).is_empty(), "{late}");
}

#[test]
fn a_wait_at_a_barrier_says_who_came_last() {
    let run = Program::exact("sync_waits").compare();
    let all = run.profile().sync("barrier");
    expect_waits(&all, 10, run.truth("barrier_ns"));
    assert_eq!(all.texts(label::LOCK_NAME), ["meeting"], "{all}");
    for thread in ["Early-0", "Early-1"] {
        assert_eq!(waits(&all.thread(thread)), 5, "{all}");
    }
    expect_blame(&all, "come_last", "Straggler");
}

#[test]
fn who_waits_for_an_initialiser_is_seen_and_so_are_the_locks_in_it() {
    let run = Program::exact("sync_waits").compare();
    let rows = run.profile();
    let all = rows.sync("once");
    expect_waits(&all, 2, run.truth("once_ns"));
    assert_eq!(all.texts(label::THREAD_NAME), ["Second"], "{all}");
    assert_eq!(all.texts(label::LOCK_NAME), ["flag", "once"], "{all}");
    for (name, site) in [("once", "need_it"), ("flag", "need_it_in_c11")] {
        expect_blame(&all.with(label::LOCK_NAME, name), site, "First");
    }
    let inside = rows.lock("inside_lock");
    inside.expect_counts("in the initialisers", 2, 2);
    assert_eq!(inside.texts(label::THREAD_NAME), ["First"], "{inside}");
}

#[test]
fn waiting_for_the_end_of_threads_is_told_by_place() {
    let run = Program::exact("sync_waits").compare();
    let all = run.profile().sync("join");
    // Of every call, also where the thread had ended before.
    assert_eq!(waits(&all), 10, "{all}");
    assert_eq!(all.texts(label::LOCK_NAME), ["[threads]"], "{all}");
    let too_soon = all.at("join_too_soon").result("timeout");
    expect_waits(&too_soon, 1, run.truth("join_too_soon"));
    for place in ["join_plain", "join_by_clock", "join_in_c11"] {
        expect_waits(&all.through("ends").at(place), 1, run.truth(place));
    }
}

#[test]
fn conditions_of_c11_are_counted_once() {
    let run = Program::exact("cnd_splits_hold").compare();
    let all = run.profile().sync("cond");
    assert_eq!(waits(&all), 2, "{all}");
    assert_eq!(all.texts(label::LOCK_NAME).len(), 2, "{all}");
    let plain = all.thread("Plain");
    expect_waits(&plain, 1, run.truth("plain_ns"));
    expect_blame(&plain, "wake", "cnd_splits_hold");
    let timed = all.thread("Timed").result("timeout");
    expect_waits(&timed, 1, run.truth("timed_ns"));
}

#[test]
fn what_cxx_makes_of_them_is_seen() {
    let run = Program::exact("sync_waits_cxx").compare();
    let rows = run.profile();
    let conditions = rows.sync("cond");
    let waited = conditions.through("wait_in_cxx");
    expect_waits(&waited, 1, run.truth("cond_ns"));
    expect_blame(&conditions, "notify_in_cxx", "sync_waits_cxx");
    // Of three calls one failed, one ran it, and one waited.
    let once = rows.sync("once");
    expect_waits(&once.through("need_in_cxx"), 1, run.truth("once_ns"));
    assert_eq!(once.texts(label::BLOCKING_SITE).len(), 1, "{once}");
    assert_eq!(waits(&rows.sync("join").through("join_in_cxx")), 2);
}

#[test]
fn to_take_the_mutex_again_after_a_signal_is_waiting_for_the_mutex() {
    let run = Program::exact("cond_retaking").compare();
    let rows = run.profile();
    let kept = rows.lock("kept_lock");
    let waited = kept.at("wait_for_turn");
    assert_eq!(waited.contentions(), 10, "{waited}");
    let retaking_ns = run.truth("kept_retaking_ns");
    rows.expect_close("retaking", waited.wait_ns(), retaking_ns, 5);
    let asleep = rows.sync("cond").at("wait_for_turn");
    assert_eq!(waits(&asleep), 10, "{asleep}");
    rows.expect_close("asleep", wait_ns(&asleep), run.truth("kept_asleep_ns"), 5);
    // Who signalled is to blame twice: for the signal, and for what it did then.
    assert_eq!(waited.texts(label::BLOCKING_SITE), ["signal_and_keep"]);
    expect_blame(&asleep, "signal_and_keep", "cond_retaking");
    let blocked_ns = kept.at("signal_and_keep").sum(SampleType::Blocked);
    rows.expect_close("blocked", blocked_ns, retaking_ns, 5);
}

#[test]
fn who_is_woken_with_others_waits_for_those_before_it() {
    let run = Program::exact("cond_retaking").compare();
    let rows = run.profile();
    let waited = rows.lock("gate_lock").at("wait_for_gate");
    let truth_ns = run.truth("herd_retaking_ns");
    rows.expect_close("retaking", waited.wait_ns(), truth_ns, 20);
    let blamed = |site| waited.with(label::BLOCKING_SITE, site).wait_ns();
    // Whoever opens the gate may itself be slow to let go, on a busy machine.
    let both = blamed("go_through") + blamed("open_gate");
    assert_eq!(both, waited.wait_ns(), "{waited}");
    assert!(blamed("go_through") > both / 2, "{waited}");
}

#[test]
fn who_finds_the_mutex_free_after_a_signal_has_not_waited_for_it() {
    let run = Program::exact("cond_retaking").compare();
    let waited = run.profile().lock("ball_lock").at("wait_for_ball");
    assert!(waited.acquires() > 0, "{waited}");
    let slow = run.truth("slow_passes");
    assert!(waited.contentions() <= slow, "{slow}\n{waited}");
}

#[test]
fn what_holders_are_charged_with_is_what_was_waited_where_processors_are_scarce() {
    let run = Program::exact("many_hand_over").compare();
    let rows = run.profile();
    let lock = rows.lock("queue_lock");
    assert_eq!(
        lock.acquires() + rows.lost(" acquisitions"),
        run.truth("acquired"),
        "{lock}"
    );
    let (waited, charged) = (lock.wait_ns(), lock.sum(SampleType::Blocked));
    // Who was woken and waits for a processor is no holder's fault.
    assert!(charged <= waited + waited / 20, "{charged} of {waited}");
    assert!(charged >= waited / 2, "{charged} of {waited}");
}

#[test]
fn many_waits_in_conditions_leave_time_for_samples_of_acquisitions() {
    let run = Program::sampled("many_hand_over").compare();
    let rows = run.profile();
    let lock = rows.lock("queue_lock");
    rows.expect_close("acquisitions", lock.acquires(), run.truth("acquired"), 30);
    // Holders and waiters keep the same ones, so that mostly both are known.
    rows.expect_close("charged", lock.sum(SampleType::Blocked), lock.wait_ns(), 35);
}

#[test]
fn idle_workers_are_no_waiting_for_locks() {
    for program in [
        Program::exact("idle_workers"),
        Program::sampled("idle_workers"),
    ] {
        let run = program.compare();
        let rows = run.profile();
        let idle = rows.sync("cond").thread("Idle");
        expect_waits(&idle, 8, run.truth("idle_ns"));
        expect_blame(&idle, "stop_all", "idle_workers");
        // All waiting for locks is that of the two who fight, but for who comes or leaves.
        let pool_ns = rows.lock("pool_lock").wait_ns();
        assert!(pool_ns <= run.truth("pool_wait_ns"), "{rows}");
        let fight_ns = rows.lock("fought_for").wait_ns();
        assert_eq!(rows.wait_ns(), pool_ns + fight_ns, "{rows}");
        rows.expect_close("waits", fight_ns, run.truth("wait_ns"), 10);
    }
}

#[test]
fn a_thread_cancelled_in_a_sync_wait_leaves_nothing_behind() {
    let rows = Program::exact("sync_cancelled").compare().profile();
    rows.at("lock_afterwards").expect_counts("afterwards", 4, 4);
    // What was cancelled has not ended.
    assert_eq!(waits(&rows.sync("join").at("wait_to_join")), 1, "{rows}");
    for kind in ["barrier", "once"] {
        assert_eq!(waits(&rows.sync(kind)), 0, "{kind}\n{rows}");
    }
}

#[test]
fn receivers_are_told_of_locks_alone() {
    let folder = Scratch::new();
    let place = folder.join("a.prom");
    Program::exact("sync_waits")
        .env("LOCKPROF_SINK", "prometheus")
        .env("LOCKPROF_PROMETHEUS_FILE", place.to_str().unwrap())
        .compare();
    let page = std::fs::read_to_string(place).unwrap();
    assert!(page.contains("queue_lock"), "{page}");
    for other in ["queue_filled", "meeting", "[threads]"] {
        assert!(!page.contains(other), "{page}");
    }
}

#[test]
fn that_a_program_waits_for_its_threads_is_no_reason_for_a_profile() {
    let program = || Program::exact("no_locks");
    assert!(program().compare().files().is_empty());
    let asked = program().env("LOCKPROF_LOCKS", "join").compare();
    assert!(waits(&asked.profile().sync("join")) > 0);
}

#[test]
fn only_the_kinds_that_are_asked_for_are_seen() {
    let only = |locks| {
        let program = Program::exact("sync_waits").env("LOCKPROF_LOCKS", locks);
        program.compare().profile()
    };
    let rows = only("cond");
    assert_eq!(waits(&rows.sync("cond")), 6, "{rows}");
    assert!(rows.is_empty(), "{rows}");
    assert!(rows.sync("join").is_empty(), "{rows}");
    let rows = only("mutex,once,barrier");
    assert!(rows.sync("cond").is_empty(), "{rows}");
    assert_eq!(waits(&rows.sync("once")), 2, "{rows}");
    assert_eq!(waits(&rows.sync("barrier")), 10, "{rows}");
    assert!(rows.lock("queue_lock").acquires() > 10, "{rows}");
}
