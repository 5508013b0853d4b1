//! What locks and threads are called, however odd their names and whatever has become of them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use contract::sample_type::label;
use support::build;
use support::program::Program;

#[test]
fn names_of_locks_are_kept_as_they_are_but_for_their_length() {
    let rows = Program::exact("odd_names").compare().profile();
    let names = [
        "\"quoted\"; <b>&amp;\\ 'x'".to_owned(),
        "two\nlines\tand a tab\r".to_owned(),
        "锁 замок".to_owned(),
        // Without a name of its own it is called as others are.
        "locks+0x78".to_owned(),
        "x".repeat(200),
        // Never half of a character.
        format!("a{}", "é".repeat(99)),
        "no \u{fffd} text".to_owned(),
        "after".to_owned(),
    ];
    for (name, times) in names.iter().zip(10..) {
        let before = i64::from(name == "after");
        let lock = rows.lock(name);
        lock.expect_counts(&format!("of {name:?}"), times + before, times + before);
    }
}

#[test]
fn threads_are_called_as_they_were_last_known() {
    let run = Program::exact("thread_names").compare();
    let rows = run.profile();
    for (name, taken) in [
        ("Before", 10),
        ("After", 10),
        ("By prctl, and t", 10),
        ("\"a;b\"\né", 10),
        ("Name 1000", 1000),
        ("By another", 10),
    ] {
        let thread = rows.thread(name);
        thread.expect_counts(&format!("of {name:?}"), taken, taken);
        assert_eq!(thread.numbers(label::THREAD_NATIVE_ID).len(), 1, "{thread}");
    }
    // The main thread, and one that has its name.
    let inherited = rows.thread("thread_names");
    inherited.expect_counts("of those named by none", 20, 20);
    assert_eq!(inherited.numbers(label::THREAD_NATIVE_ID).len(), 2);
    let nameless = rows.thread(&run.truth("nameless").to_string());
    nameless.expect_counts("of the nameless", 10, 10);
}

#[test]
fn a_lock_keeps_its_name_when_the_library_it_comes_from_has_gone() {
    let library = build::shared_library("lock_library");
    let other = library.with_file_name("liblock_library_copy.so");
    std::fs::copy(&library, &other).unwrap();
    let rows = Program::exact("library_goes")
        .args([&library, &other])
        .compare()
        .profile();
    let made = rows.lock("lock_library_make (init)");
    made.expect_counts("of the lock it made", 20, 20);
    assert_eq!(made.texts(label::LOCK).len(), 1, "{made}");
    rows.lock("lock_of_library")
        .expect_counts("of its own lock", 10, 10);
    rows.expect_counts("in all", 30, 30);
}
