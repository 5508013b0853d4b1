//! What the program we are loaded into must not notice, and what it may do to us.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::time::Duration;

use contract::comment::{NOT_HOOKED, OFF};
use contract::sample_type::label;
use support::build;
use support::profile::Rows;
use support::program::{Program, files_in};
use support::scratch::Scratch;

#[test]
fn errno_and_the_signal_mask_stay_as_they_were() {
    for program in [Program::exact("errno_kept"), Program::sampled("errno_kept")] {
        let rows = program.compare().profile();
        assert!(rows.acquires() > 0, "{rows}");
    }
}

#[test]
fn signals_timers_threads_and_descriptors_stay_as_they_were() {
    let rows = Program::exact("host_untouched").compare().profile();
    rows.expect_counts("in all", 2000, 2000);
}

#[test]
fn a_program_of_one_thread_stays_so_and_is_counted_exactly() {
    let run = Program::exact("single_thread").compare();
    assert_eq!(run.truth("threads_at_start"), 1);
    assert_eq!(run.truth("threads_at_end"), 1);
    let rows = run.profile();
    rows.at("take_alone")
        .expect_counts("of take_alone", 200_000, 200_000);
    rows.expect_counts("in all", 200_000, 200_000);
}

#[test]
fn a_sampled_program_of_one_thread_is_counted_nearly() {
    // Without the limit: so short a program is too short for estimates within it.
    let rows = Program::sampled("single_thread")
        .env("LOCKPROF_CPU_LIMIT", "0")
        .compare()
        .profile();
    rows.expect_close("acquisitions", rows.acquires(), 200_000, 15);
    rows.expect_close("releases", rows.releases(), 200_000, 15);
}

#[test]
fn our_thread_in_the_constructor_gives_a_profile_too() {
    let run = Program::exact("single_thread")
        .env("LOCKPROF_EXPORTER", "constructor")
        .run();
    run.expect_success();
    assert_eq!(run.truth("threads_at_end"), 2);
    // One thread can fill the queue faster than ours empties it; that is said then.
    let rows = run.profile();
    let (seen, lost) = (rows.acquires() + rows.releases(), rows.lost("queue full"));
    assert_eq!(seen + lost, 400_000, "{seen} and {lost} lost\n{rows}");
    assert!(rows.acquires() > 0, "{rows}");
}

#[test]
fn a_program_without_locks_leaves_no_file() {
    let run = Program::exact("no_locks").compare();
    assert!(run.files().is_empty(), "{:?}", run.files());
}

#[test]
fn memory_may_be_unmapped_as_soon_as_it_is_unlocked() {
    for program in [
        Program::exact("free_after_unlock"),
        Program::sampled("free_after_unlock"),
    ] {
        let run = program.compare();
        let rows = run.profile();
        assert!(rows.acquires() > 0, "{rows}");
    }
    let rows = Program::exact("free_after_unlock").run().profile();
    rows.at("give_up").expect_counts("of give_up", 6000, 6000);
}

#[test]
fn locks_before_every_constructor_and_after_every_destructor_work() {
    let library = build::shared_library("early_library");
    let program = build::program_with("early_locks", &[&library]);
    let run = Program::at(program).sample("1").compare();
    let rows = run.profile();
    rows.at("take_in_main").expect_counts("in main", 10, 10);
}

#[test]
fn locks_while_threads_and_the_program_end_are_counted() {
    let rows = Program::exact("late_locks").compare().profile();
    rows.at("destroy_key")
        .expect_counts("of the key's destructor", 3, 3);
    rows.at("OfThread::~OfThread")
        .thread("Worker")
        .expect_counts("of the thread's object", 1, 1);
    rows.at("handler_at_exit")
        .expect_counts("of the handler at exit", 1, 1);
    rows.at("AtExit::~AtExit")
        .expect_counts("of the static object", 1, 1);
}

#[test]
fn a_signal_handler_may_lock_in_the_middle_of_everything() {
    let run = Program::exact("signal_handler_locks").compare();
    let rows = run.profile();
    let (seen, lost) = (rows.acquires(), rows.lost(" acquisitions"));
    let truth = run.truth("taken_in_main") + run.truth("taken_in_handler");
    assert!(seen <= truth, "{seen} of {truth} acquisitions\n{rows}");
    assert!(
        (seen + lost) * 100 >= truth * 95,
        "{seen} and {lost} lost of {truth}\n{rows}"
    );
    // What the handler took while its thread was inside us is a loss of its own kind.
    let (handled, truth) = (rows.at("take_in_handler"), run.truth("taken_in_handler"));
    let passed_by = lost - rows.lost(" acquisitions (queue full");
    assert!(
        handled.acquires() <= truth,
        "{truth} by the handler\n{handled}"
    );
    assert!(
        (handled.acquires() + passed_by) * 100 >= truth * 90,
        "{} of the handler's {truth}, {passed_by} said to be lost\n{handled}",
        handled.acquires()
    );
}

#[test]
fn a_sampled_signal_handler_may_lock_too() {
    let run = Program::sampled("signal_handler_locks")
        .env("LOCKPROF_CPU_LIMIT", "0")
        .compare();
    let rows = run.profile();
    let truth = run.truth("taken_in_main") + run.truth("taken_in_handler");
    rows.expect_close("acquisitions", rows.acquires(), truth, 15);
}

#[test]
fn five_hundred_short_threads_are_all_counted() {
    let rows = Program::exact("many_threads").compare().profile();
    rows.at("take_briefly")
        .thread("Short")
        .expect_counts("of all threads", 1500, 1500);
    assert_eq!(
        rows.numbers(label::THREAD_NATIVE_ID).len(),
        500,
        "threads\n{rows}"
    );
}

#[test]
fn the_smallest_stack_is_large_enough() {
    let run = Program::exact("smallest_stack").compare();
    let rows = run.profile();
    rows.at("take_on_small_stack")
        .expect_counts("of four threads", 400, 400);
    rows.at("wait_on_small_stack")
        .expect_counts("with a condition", 8, 8);
}

#[test]
fn a_malloc_that_locks_is_never_entered_from_a_lock() {
    for program in [
        Program::exact("malloc_takes_a_lock"),
        Program::sampled("malloc_takes_a_lock"),
    ] {
        let rows = program.compare().profile();
        assert!(rows.acquires() > 0, "{rows}");
    }
    let rows = Program::exact("malloc_takes_a_lock").run().profile();
    rows.at("take_and_allocate")
        .expect_counts("of take_and_allocate", 400, 400);
}

#[test]
fn no_lock_call_enters_the_allocator_or_looks_up_thread_local_storage() {
    for program in [
        Program::exact("lock_calls_stay_inside"),
        Program::sampled("lock_calls_stay_inside"),
    ] {
        let run = program.compare();
        let line = "allocator entered 0, thread-local storage looked up 0";
        assert!(run.stdout.contains(line), "{}", run.stdout);
        assert!(run.profile().acquires() > 0);
    }
}

#[test]
fn a_sandboxed_thread_locks_as_before() {
    let rows = Program::exact("sandboxed").compare().profile();
    rows.at("take_in_sandbox")
        .expect_counts("of two threads", 400, 400);
    rows.at("wait_in_sandbox")
        .expect_counts("with waits", 10, 10);
}

#[test]
fn a_sandboxed_program_locks_as_before() {
    let program = Program::exact("sandboxed").args(["whole"]);
    let (alone, run) = (program.run_alone(), program.run());
    run.expect_success();
    assert_eq!(run.stdout, alone.stdout);
    // No file can be made any more; that may be said, once.
    assert!(run.stderr.lines().count() <= 1, "{}", run.stderr);
    assert!(
        run.stderr.is_empty() || run.stderr.starts_with("lockprof: "),
        "{}",
        run.stderr
    );
}

#[test]
fn forty_libraries_with_thread_local_storage_do_not_disturb_a_thread() {
    let one = build::shared_library("tls_library");
    let many = Scratch::new();
    let copies: Vec<_> = (0..40).map(|i| many.join(&format!("tls{i}.so"))).collect();
    for copy in &copies {
        fs::copy(&one, copy).unwrap();
    }
    let rows = Program::exact("tls_libraries")
        .args(&copies)
        .compare()
        .profile();
    rows.at("take_after_loading")
        .thread("Older")
        .expect_counts("of the thread", 200, 200);
}

#[test]
fn a_library_whose_calls_are_bound_past_us_is_named() {
    let library = build::shared_library("deep_library");
    let run = Program::exact("deep_binding").args([&library]).compare();
    let rows = run.profile();
    rows.at("take_in_program").expect_counts("seen", 10, 10);
    rows.at("take_in_library").expect_counts("not seen", 0, 0);
    let named: Vec<_> = rows
        .comments
        .iter()
        .filter_map(|comment| comment.strip_prefix(NOT_HOOKED))
        .collect();
    assert_eq!(named, [library.to_str().unwrap()]);
}

#[test]
fn closed_descriptors_and_another_directory_do_not_lose_the_profile() {
    let program = Program::exact("closes_descriptors").output("profiles");
    let run = program.compare();
    run.profile()
        .at("take_afterwards")
        .expect_counts("afterwards", 20, 20);
}

#[test]
fn main_may_end_before_its_threads() {
    let run = Program::exact("main_exits_early")
        .within(Duration::from_secs(10))
        .compare();
    assert!(
        run.elapsed < Duration::from_secs(2),
        "it took {:?}",
        run.elapsed
    );
    run.profile()
        .at("work_alone")
        .expect_counts("of the worker", 20, 20);
}

#[test]
fn foreign_allocators_work_in_either_order() {
    let cache = build::tool("libc-bin", std::process::Command::new("ldconfig").arg("-p"));
    for (file, package) in [
        ("libjemalloc.so.2", "libjemalloc2"),
        ("libtcmalloc.so.4", "libgoogle-perftools4"),
        ("libtcmalloc_minimal.so.4", "libtcmalloc-minimal4"),
    ] {
        let allocator = cache
            .lines()
            .filter(|line| line.trim_start().starts_with(&format!("{file} ")))
            .find_map(|line| line.split("=> ").nth(1))
            .unwrap_or_else(|| panic!("{file} is missing; it comes with the package {package}"));
        for sample in ["1", "100"] {
            let program = || Program::at(build::program("allocating_threads")).sample(sample);
            let before = program().preload_before(allocator.as_ref()).compare();
            let after = program().preload_after(allocator.as_ref()).compare();
            for run in [before, after] {
                let rows = run.profile();
                if sample == "1" {
                    rows.lock("map_lock")
                        .expect_counts(&format!("with {file}"), 200, 200);
                    let deep = rows.lock("depth_lock");
                    deep.depth(2)
                        .expect_counts(&format!("nested with {file}"), 200, 200);
                }
            }
        }
    }
}

#[test]
fn the_c_api_names_locks_and_stops_and_starts() {
    let run = Program::exact("api_names_lock").compare();
    for call in ["flushed", "stopped", "started"] {
        assert_eq!(run.truth(call), 0, "{call}");
    }
    let rows = run.profile();
    rows.at("take_named")
        .lock("accounts")
        .expect_counts("while started", 20, 20);
    rows.at("take_unseen").expect_counts("while stopped", 0, 0);
}

#[test]
fn the_c_api_starts_what_was_switched_off() {
    let run = Program::exact("api_starts_late")
        .env("LOCKPROF_ENABLED", "0")
        .compare();
    assert_eq!(run.truth("started"), 0);
    assert_eq!(run.truth("flushed"), 0);
    assert!(run.truth("nameless") < 0 && run.truth("lockless") < 0);
    let rows = run.profile();
    rows.lock("late")
        .at("take_after")
        .expect_counts("afterwards", 20, 20);
    assert!(rows.at("take_before").is_empty(), "{rows}");
}

#[test]
fn a_program_sets_its_own_options_before_its_first_thread() {
    let run = Program::sampled("api_sets_options")
        .sample("1000000000")
        .env("LOCKPROF_INTERVAL", "never")
        .args(["many"])
        .run();
    run.expect_success();
    assert_eq!(run.truth("started"), 0);
    // What cannot be understood is said once, though it was read twice.
    let said: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(said.len(), 2, "{}", run.stderr);
    assert!(said[0].contains("LOCKPROF_INTERVAL"), "{}", run.stderr);
    assert!(said[1].contains("LOCKPROF_MAX_FRAMES"), "{}", run.stderr);
    let files = files_in(run.home());
    let own = files
        .iter()
        .find(|file| file.to_string_lossy().contains("own-name"));
    let rows = Rows::read(own.unwrap_or_else(|| panic!("not the program's file: {files:?}")));
    rows.lock("known before").at("take_after").expect_counts(
        "by the program's own options",
        20,
        20,
    );
    assert!(rows.at("wait_for_lock").is_empty(), "{rows}");
    // It stops once; taking options anew is no time without profiling.
    let off: Vec<&str> = rows
        .comments
        .iter()
        .filter_map(|line| line.strip_prefix(OFF))
        .collect();
    assert!(
        matches!(off[..], [line] if line.starts_with("1 times,")),
        "{off:?}"
    );
}

#[test]
fn a_program_with_threads_does_not_set_its_own_options() {
    let run = Program::sampled("api_sets_too_late")
        .sample("1000000000")
        .compare();
    assert_eq!(run.truth("started"), 0);
    let rows = run.profile();
    assert!(!rows.at("take_long").is_empty(), "{rows}");
    assert!(rows.at("take_after").is_empty(), "{rows}");
}

#[test]
fn what_was_recorded_before_a_stop_is_written_at_the_end() {
    let rows = Program::exact("api_stops_early").compare().profile();
    rows.at("take_before")
        .expect_counts("before the stop", 10, 10);
    assert!(rows.at("take_after").is_empty(), "{rows}");
}

#[test]
fn the_c_api_is_harmless_without_the_library() {
    let alone = Program::exact("api_names_lock").run_alone();
    alone.expect_success();
    for call in ["flushed", "stopped", "started"] {
        assert!(alone.truth(call) < 0, "{call} without the library");
    }
}
