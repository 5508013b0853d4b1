//! Stacks in the profile are those of the program, through whatever kind of code they lead, and end cleanly where they must.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::path::PathBuf;
use std::process::Command;

use support::build;
use support::profile::Rows;
use support::program::Program;
use support::scratch::Scratch;

/// Calls of `stack_calls`, innermost first.
const CALLS: [&str; 6] = [
    "take_at_the_end",
    "keep_much",
    "keep_array",
    "call_twice",
    "begin",
    "main",
];

/// A program built in a way of its own; the directory must outlive it.
fn build_as(name: &str, flags: &[&str]) -> (Scratch, PathBuf) {
    let home = Scratch::new();
    let program = home.join(name);
    let usual = ["-O2", "-g", "-fno-optimize-sibling-calls"];
    build::run(
        Command::new("gcc")
            .args(usual)
            .args(flags)
            .arg("-I")
            .arg(build::root().join("include"))
            .arg("-o")
            .arg(&program)
            .arg(build::root().join("c-tests").join(name).with_extension("c"))
            .arg("-lpthread"),
    );
    (home, program)
}

/// The profile of a program built in a way of its own.
fn profile_as(name: &str, flags: &[&str]) -> Rows {
    let (_home, program) = build_as(name, flags);
    Program::at(program).sample("1").compare().profile()
}

/// Fails unless there are acquisitions by the first of these functions, and all
/// its rows come from the others, in this order and with nobody between.
fn expect_calls(rows: &Rows, calls: &[&str]) {
    let rows = rows.at(calls[0]);
    assert!(rows.acquires() > 0, "none by {}\n{rows}", calls[0]);
    for row in rows.rows() {
        assert!(
            row.stack.len() >= calls.len() && row.stack.iter().zip(calls).all(|(a, b)| a == b),
            "not {calls:?}: {row}"
        );
    }
}

/// Fails unless the functions stand in each stack in this order, perhaps with
/// others between.
fn expect_order(rows: &Rows, functions: &[&str]) {
    assert!(rows.acquires() > 0, "{functions:?}\n{rows}");
    for row in rows.rows() {
        let mut stack = row.stack.iter();
        let all = functions
            .iter()
            .all(|function| stack.any(|name| name == function));
        assert!(all, "not {functions:?}: {row}");
    }
}

/// Fails unless the stacks of `stack_calls` end cleanly: what they name is right.
fn expect_beginning_of_calls(rows: &Rows) {
    assert!(rows.at(CALLS[0]).acquires() > 0, "{rows}");
    for row in rows.rows() {
        let named = row
            .stack
            .iter()
            .filter(|name| CALLS.contains(&name.as_str()));
        assert!(
            named.eq(&CALLS[..row.stack.len().min(CALLS.len())]),
            "{row}"
        );
    }
}

#[test]
fn stacks_are_whole_however_the_compiler_was_asked() {
    for flags in [
        &["-O0"][..],
        &["-O3", "-fno-inline"],
        &["-Os"],
        &["-fomit-frame-pointer"],
        &["-fno-omit-frame-pointer"],
        &["-mno-red-zone", "-fstack-protector-all"],
        &["-fstack-clash-protection", "-fcf-protection=full"],
        &["-no-pie"],
        &["-no-pie", "-Wl,-z,noseparate-code"],
        &["-pie", "-Wl,-z,separate-code"],
    ] {
        let rows = profile_as("stack_calls", flags);
        expect_calls(&rows.with("thread name", "stack_calls"), &CALLS);
        let in_thread = [&CALLS[..5], &["begin_thread", "named_thread"]].concat();
        expect_calls(&rows.thread("Calls"), &in_thread);
        rows.expect_counts(&format!("with {flags:?}"), 400, 400);
    }
}

#[test]
fn without_tables_stacks_go_on_by_frame_pointers() {
    let none = ["-fno-asynchronous-unwind-tables", "-fno-unwind-tables"];
    let rows = profile_as(
        "stack_calls",
        &[&none[..], &["-fno-omit-frame-pointer"]].concat(),
    );
    expect_calls(&rows.thread("stack_calls"), &CALLS);
    let rows = profile_as(
        "stack_calls",
        &["-Wl,--no-eh-frame-hdr", "-fno-omit-frame-pointer"],
    );
    expect_calls(&rows.thread("stack_calls"), &CALLS);
}

#[test]
fn without_tables_and_frame_pointers_stacks_end_cleanly() {
    let none = ["-fno-asynchronous-unwind-tables", "-fno-unwind-tables"];
    for flags in [&none[..], &["-Wl,--no-eh-frame-hdr"]] {
        let rows = profile_as("stack_calls", &[flags, &["-fomit-frame-pointer"]].concat());
        expect_beginning_of_calls(&rows);
        rows.expect_counts(&format!("with {flags:?}"), 400, 400);
    }
}

#[test]
fn a_single_function_without_tables_is_passed_by_its_frame_pointer_or_ends_the_stack() {
    let rows = Program::exact("stack_without_tables").compare().profile();
    expect_calls(
        &rows,
        &["take_below_pointer", "with_pointer", "call_both", "main"],
    );
    expect_calls(&rows, &["take_below_nothing", "without_pointer"]);
    for row in rows.at("take_below_nothing").rows() {
        assert_eq!(row.stack.len(), 2, "{row}");
    }
}

#[test]
fn a_handler_on_its_own_stack_shows_what_it_interrupted() {
    let rows = Program::exact("stack_signal").compare().profile();
    expect_calls(&rows, &["take_in_handler", "handle"]);
    for interrupted in [
        "be_interrupted_by_raise",
        "be_interrupted_anywhere",
        "call_what_is_interrupted",
    ] {
        let rows = rows.through(interrupted);
        expect_order(&rows, &["take_in_handler", "handle", interrupted, "main"]);
        rows.expect_counts(interrupted, 10, 10);
    }
    rows.expect_counts("in all", 30, 30);
}

#[test]
fn a_handler_shows_what_it_interrupted_at_every_instruction() {
    // The PLT is gone through only where calls are not bound at the start.
    for flags in [
        &["-Wl,-z,lazy"][..],
        &["-Wl,-z,now"],
        &["-no-pie", "-Wl,-z,lazy"],
    ] {
        let (_home, program) = build_as("stack_every_instruction", flags);
        let run = Program::at(program).sample("1").compare();
        let (rows, steps) = (run.profile(), run.truth("steps"));
        assert!(steps > 200, "only {steps} steps");
        rows.expect_counts(&format!("with {flags:?}"), steps, steps);
        expect_order(&rows, &["take_at_instruction", "step_through", "main"]);
        let within = ["save_registers", "keep_frame_pointer", "return_early"];
        expect_order(
            &rows.through("random"),
            &[&["random", "call_library"], &within[..], &["step_through"]].concat(),
        );
    }
}

#[test]
fn coroutines_have_stacks_of_their_own() {
    let rows = Program::exact("stack_coroutines").compare().profile();
    expect_calls(
        &rows,
        &["take_in_coroutine", "coroutine_inner", "coroutine_body"],
    );
    rows.expect_counts("of three coroutines", 150, 150);
    // Where they were switched to is not what called them; one frame below the
    // body is the C library's.
    assert!(rows.through("schedule").is_empty(), "{rows}");
    for row in rows.rows() {
        assert!(row.stack.len() <= 4, "{row}");
    }
}

#[test]
fn functions_that_align_their_stack_are_passed() {
    for flags in [
        &[][..],
        &["-mstackrealign"],
        &["-fno-omit-frame-pointer"],
        &["-O1", "-mincoming-stack-boundary=4"],
    ] {
        let (_home, program) = build_as("stack_realigned", flags);
        let tables = build::tool(
            "binutils",
            Command::new("readelf")
                .arg("--debug-dump=frames")
                .arg(&program),
        );
        assert!(
            tables.contains("DW_CFA_def_cfa_expression (DW_OP_breg6"),
            "{flags:?} left nothing to test"
        );
        let rows = Program::at(program).sample("1").compare().profile();
        expect_calls(
            &rows,
            &[
                "take_realigned",
                "align_only",
                "align_and_allocate",
                "align_forced",
                "do_all",
                "main",
            ],
        );
        rows.expect_counts(&format!("with {flags:?}"), 10, 10);
    }
}

#[test]
fn huge_frames_are_passed() {
    let rows = Program::exact("stack_huge_frames").compare().profile();
    let calls = [
        "take_below_huge_frames",
        "frame_of_a_size",
        "frame_of_100_kib",
        "frame_of_1_mib",
        "do_all",
    ];
    expect_calls(
        &rows.thread("Huge"),
        &[&calls[..], &["named_thread"]].concat(),
    );
    expect_calls(
        &rows.thread("stack_huge_fram"),
        &[&calls[..], &["main"]].concat(),
    );
    rows.expect_counts("in both threads", 20, 20);
}

#[test]
fn code_made_at_run_time_is_passed_by_its_frame_pointer_or_ends_the_stack() {
    let rows = Program::exact("stack_generated_code").compare().profile();
    let with = rows.at("take_with_frame_pointer");
    expect_order(
        &with.thread("Generated"),
        &["run_generated", "do_all", "work"],
    );
    expect_order(
        &with.thread("stack_generated"),
        &["run_generated", "do_all", "main"],
    );
    with.expect_counts("with a frame pointer", 2, 2);
    let without = rows.at("take_without_frame_pointer");
    without.expect_counts("without", 2, 2);
    let nonsense = rows.at("take_with_nonsense");
    nonsense.expect_counts("with nonsense", 24, 24);
    // Whatever stood in the register, the stack goes on right or not at all.
    for row in [without, nonsense].iter().flat_map(|rows| rows.rows()) {
        assert!(
            row.stack.len() == 2 || row.stack[2] == "run_generated",
            "{row}"
        );
    }
}

#[test]
fn a_library_that_comes_to_the_place_of_another_has_its_own_stacks() {
    let first = build::shared_library("stack_first_library");
    let second = build::shared_library("stack_second_library");
    let run = Program::exact("stack_library_replaced")
        .args([first, second])
        .compare();
    assert_eq!(run.truth("at_the_same_place"), 1);
    let rows = run.profile();
    let calls = ["second_inner", "take_in_library", "use_library", "main"];
    expect_calls(&rows.lock("second_lock"), &calls);
    rows.lock("second_lock")
        .expect_counts("of the second", 10, 10);
    // The first one's names are gone with it; its callers are not.
    let first = rows.lock("first_lock");
    expect_order(&first, &["use_library", "main"]);
    first.expect_counts("of the first", 10, 10);
}

#[test]
fn a_call_that_ends_a_function_belongs_to_it() {
    let rows = Program::exact("stack_last_call").compare().profile();
    expect_calls(
        &rows,
        &["take_and_never_return", "ends_in_call", "call_it", "main"],
    );
    rows.expect_counts("in all", 10, 10);
}

#[test]
fn functions_that_end_in_a_jump_leave_no_frame() {
    let rows = Program::exact("stack_tail_calls").compare().profile();
    expect_calls(&rows, &["take_by_jumps", "main"]);
    rows.at("take_by_jumps").expect_counts("in all", 10, 10);
}

#[test]
fn a_damaged_stack_ends_the_stack_and_not_the_program() {
    let run = Program::exact("stack_damaged").compare();
    let rows = run.profile();
    let taken = run.truth("taken");
    expect_calls(&rows, &["take_damaged", "damage_and_take"]);
    rows.expect_counts("in all", taken, taken);
}
