//! The library as other processors get it, without assembler: the same counts, stacks, depths and waits.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use contract::sample_type::{SampleType, label};
use support::build;
use support::program::{Program, Run};

/// `liblockprof.so` with the portable gates. Not optimised and without TLS, which takes
/// half the time to build, leaves every frame of ours on the stack and checks arithmetic.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .parent()
            .unwrap()
            .join("portable");
        build::run(
            Command::new(env!("CARGO"))
                .args(["rustc", "-p", "liblockprof", "--lib"])
                .args(["--no-default-features", "--target-dir"])
                .arg(&target)
                .args(["--", "--cfg", "lockprof_portable"])
                .current_dir(build::root()),
        );
        target.join("debug/liblockprof.so")
    })
}

/// Runs a program alone and under this library: both must succeed and print the same.
fn compare(program: Program) -> Run {
    let alone = program.run_alone();
    alone.expect_success();
    // "Alone" is without the library that ships.
    let profiled = program.preload_before(library()).run_alone();
    profiled.expect_same(&alone);
    profiled
}

#[test]
fn the_library_under_test_is_the_portable_one() {
    let mut nm = Command::new("nm");
    let names = build::tool("binutils", nm.arg("--demangle").arg(library()));
    assert!(names.contains("arch::portable::"), "{names}");
    assert!(!names.contains("lockprof_thread"), "{names}");
}

#[test]
fn portable_gates_count_every_acquisition_with_its_depth() {
    let rows = compare(Program::exact("recursive_exact")).profile();
    rows.expect_counts("in all", 1000, 1000);
    rows.depth(1).expect_counts("at depth 1", 750, 750);
    rows.depth(2).expect_counts("at depth 2", 250, 250);
    rows.at("take_outer")
        .depth(1)
        .expect_counts("of take_outer", 250, 250);
    rows.at("take_inner")
        .depth(2)
        .expect_counts("of take_inner", 250, 250);
    assert_eq!(rows.texts(label::LOCK_KIND), ["recursive"], "{rows}");
}

#[test]
fn portable_stacks_begin_at_the_caller_of_each_call() {
    let program = Program::exact("every_call");
    // Frames of ours would take up the room of those that count.
    let program = program.env("LOCKPROF_MAX_FRAMES", "5");
    let rows = compare(program).profile();
    for function in ["by_lock", "by_trylock", "by_timedlock", "by_clocklock"] {
        let calls = rows.at(function);
        calls.expect_counts(&format!("of {function}"), 100, 0);
        for row in calls.rows() {
            let path = [function, "deeper", "deeper", "deeper", "main"];
            assert_eq!(row.stack, path, "{row}");
        }
    }
    rows.at("release").expect_counts("of release", 0, 400);
    assert_eq!(rows.contentions(), 0, "{rows}");
}

#[test]
fn portable_gates_know_where_a_lock_was_initialised() {
    let rows = compare(Program::exact("lock_names")).profile();
    for name in ["make_thing (init)", "use_zeroed (first lock)"] {
        rows.lock(name).expect_counts(&format!("of {name}"), 10, 10);
    }
}

#[test]
fn portable_gates_measure_waits_and_holds() {
    let run = compare(Program::exact("who_waits"));
    let rows = run.profile();
    let waits = rows.at("waiting_function").thread("Waiter");
    waits.expect_counts("of the waiter", 1, 1);
    assert_eq!(waits.contentions(), 1, "{rows}");
    waits.expect_close("wait", waits.wait_ns(), run.truth("waited_ns"), 10);
    assert_eq!(
        waits.numbers(label::BLOCKING_THREAD_ID),
        [run.truth("holder_tid")],
        "{rows}"
    );
    let holds = rows.at("holding_function").thread("Holder");
    holds.expect_counts("of the holder", 1, 1);
    holds.expect_close("hold", holds.hold_ns(), run.truth("held_ns"), 10);
}

#[test]
fn cancellation_unwinds_through_portable_gates() {
    let rows = compare(Program::exact("cond_cancelled_unwinds")).profile();
    rows.through("lock_afterwards")
        .expect_counts("afterwards", 2, 2);
    for thread in ["Deferred", "Asynchronous"] {
        rows.thread(thread)
            .expect_counts(&format!("of {thread}"), 2, 2);
    }
}

#[test]
fn portable_gates_take_and_post_semaphores() {
    let rows = compare(Program::exact("sem_as_lock")).profile();
    let threads = rows.thread("First").acquires() + rows.thread("Second").acquires();
    assert_eq!(threads, 800, "{rows}");
    rows.at("give_back").expect_counts("of give_back", 0, 800);
    let waits = rows.at("wait_long").filter(|row| row.sample.values[1] > 0);
    assert_eq!(waits.texts(label::BLOCKING_SITE), ["hold_long"], "{rows}");
    compare(Program::exact("sem_failures"));
    compare(Program::exact("sem_cancelled"));
}

#[test]
fn portable_gates_let_calls_through_before_the_constructor() {
    let early = build::shared_library("early_library");
    let program = build::program_with("early_locks", &[&early]);
    let rows = compare(Program::at(program).sample("1")).profile();
    rows.at("take_in_main").expect_counts("in main", 10, 10);
}

#[test]
fn portable_gates_hand_on_whatever_the_system_is_asked_for() {
    let program = |name| Program::exact(name).env("LOCKPROF_LOCKS", "+futex,+file");
    let rows = compare(program("futex_waits")).profile().sync("futex");
    let caught = rows.at("wait_for_ball");
    assert_eq!(caught.sum(SampleType::SyncWaits), 5, "{rows}");
    assert_eq!(caught.texts(label::BLOCKING_SITE), ["throw_ball"], "{rows}");
    compare(program("futex_cancelled"));
    compare(program("file_locks"));
}

#[test]
fn portable_gates_count_in_openmp() {
    let rows = compare(Program::exact("openmp_locks")).profile();
    for function in ["in_lock", "in_critical", "in_named"] {
        rows.at(function).expect_counts(function, 400, 400);
    }
    let inner = rows.at("nest_inner").depth(2);
    inner.expect_counts("of the inner ones", 400, 400);
    let waits = rows.at("wait_for_critical");
    assert_eq!(
        waits.texts(label::BLOCKING_SITE),
        ["hold_critical"],
        "{rows}"
    );
}
