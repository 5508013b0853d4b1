//! OpenMP's locks and critical sections: C programs compared with their profiles.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::path::Path;

use contract::sample_type::{SampleType, label};
use support::build;
use support::profile::Rows;
use support::program::Program;

fn openmp(rows: &Rows) -> Rows {
    rows.with(label::LOCK_KIND, "openmp")
}

#[test]
fn locks_and_critical_sections_have_exact_counts() {
    let rows = openmp(&Program::exact("openmp_locks").compare().profile());
    for (function, name) in [
        ("in_lock", "plain_lock"),
        ("in_critical", "critical"),
        ("in_named", "critical(orders)"),
        ("in_fortran", "fortran_lock"),
    ] {
        let calls = rows.at(function);
        calls.expect_counts(function, 400, 400);
        assert_eq!(calls.texts(label::LOCK_NAME), [name], "{rows}");
        assert!(calls.numbers(label::DEPTH).is_empty(), "{rows}");
    }
    let nested = rows.lock("nest_lock");
    nested
        .at("nest_outer")
        .depth(1)
        .expect_counts("of the outer ones", 400, 400);
    for function in ["nest_inner", "nest_tested"] {
        let inner = nested.at(function);
        inner.depth(2).expect_counts(function, 400, 400);
        assert_eq!((inner.acquires(), inner.hold_ns()), (400, 0), "{rows}");
    }
    let fortran = rows.at("in_fortran_nest");
    for depth in [1, 2] {
        let turns = fortran.depth(depth);
        turns.expect_counts("of Fortran's", 400, 400);
    }
    assert_eq!(rows.lost("for"), 0, "{rows}");
}

#[test]
fn who_waits_waits_for_the_one_inside() {
    for (is_exact, program) in [
        (true, Program::exact("openmp_locks")),
        (false, Program::sampled("openmp_locks")),
    ] {
        let run = program.compare();
        let rows = openmp(&run.profile());
        let truths = run.truths("wait_ns").into_iter().zip(run.truths("held_ns"));
        let names = ["lock", "nest", "critical", "named"];
        for (name, (wait_ns, held_ns)) in names.into_iter().zip(truths) {
            let holder = format!("hold_{name}");
            let waited = rows.at(&format!("wait_for_{name}")).thread("Waiter");
            let waited = waited.filter(|row| row.sample.text(label::RESULT).is_none());
            assert_eq!(waited.contentions(), 1, "{name}\n{rows}");
            waited.expect_close("wait", waited.wait_ns(), wait_ns, 5);
            let site = waited.texts(label::BLOCKING_SITE);
            assert_eq!(site, [holder.as_str()], "{rows}");
            let thread = waited.texts(label::BLOCKING_THREAD_NAME);
            assert_eq!(thread, ["Holder"], "{rows}");
            let held = rows.at(&holder);
            let blamed = held.sum(SampleType::Blocked);
            // The wait goes on until who was woken runs; that is not the holder's fault.
            assert!((1..=waited.wait_ns()).contains(&blamed), "{blamed}\n{rows}");
            if is_exact {
                held.expect_counts(&holder, 1, 1);
                held.expect_close("hold", held.hold_ns(), held_ns, 5);
            }
        }
        if is_exact {
            for name in ["lock", "nest"] {
                let busy = rows.at(&format!("wait_for_{name}")).result("busy");
                assert_eq!((busy.contentions(), busy.wait_ns()), (1, 0), "{rows}");
            }
        }
    }
}

#[test]
fn llvms_library_is_counted_and_blamed_as_gnus_is() {
    // In place of GNU's, whose functions it has too: they lead to its own.
    let program = Program::exact("openmp_locks").preload_after(Path::new("libomp.so.5"));
    let rows = openmp(&program.compare().profile());
    let section = rows.at("in_critical").texts(label::LOCK_NAME);
    let is_llvms = section.iter().all(|name| name.starts_with("libomp.so"));
    assert!(
        is_llvms,
        "{section:?}: libomp.so.5 comes with the package libomp5-14\n{rows}"
    );
    for function in ["in_lock", "in_critical", "in_named", "in_fortran"] {
        rows.at(function).expect_counts(function, 400, 400);
    }
    for name in ["lock", "nest", "critical", "named"] {
        let waited = rows.at(&format!("wait_for_{name}")).thread("Waiter");
        let site = waited.texts(label::BLOCKING_SITE);
        assert_eq!(site, [format!("hold_{name}")], "{rows}");
    }
}

#[test]
fn a_lock_is_taken_also_where_its_library_has_no_test_for_it() {
    let library = build::shared_library("openmp_untested_library");
    let path = build::program_with("openmp_untested", &[&library]);
    for sample in ["1", "1000000"] {
        Program::at(&path).sample(sample).compare();
    }
}

#[test]
fn openmp_is_left_alone_when_it_is_not_asked_for() {
    let run = Program::exact("openmp_locks").env("LOCKPROF_LOCKS", "-openmp");
    assert!(run.compare().files().is_empty());
}

#[test]
fn each_library_opened_late_gets_its_own_openmp() {
    let libraries = ["openmp_library", "openmp_foreign_library"].map(build::shared_library);
    let program = || Program::exact("openmp_opened_late").args(&libraries);
    let rows = openmp(&program().compare().profile());
    for function in ["take_in_library", "nest_in_library", "section_in_library"] {
        rows.at(function).expect_counts(function, 8000, 8000);
    }
    rows.at("take_foreign")
        .expect_counts("of the other", 100, 100);
    assert_eq!(rows.acquires(), 24_100, "{rows}");
    // They lock as well when nobody looks.
    program().env("LOCKPROF_LOCKS", "mutex").compare();
    program().env("LOCKPROF_ENABLED", "0").compare();
}
