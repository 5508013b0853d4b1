//! Tables at full and at narrow width.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::rc::Rc;

use super::*;
use crate::analyse::frames::Site;
use crate::analyse::key::Lock;
use crate::analyse::totals::Totals;
use crate::analyse::{By, Key, Whole};
use crate::columns;

fn row(name: &str) -> Row {
    let site = Site {
        function: "bank::Account::withdraw".to_owned(),
        file: "/src/account.cc".to_owned(),
        line: 42,
    };
    let mut totals = Totals::default();
    totals.acquisitions = 12_345_678;
    totals.waits = 1_234;
    totals.waited_ns = 1_234_000_000;
    totals.wait_max_ns = 20_000_000;
    totals.holds = 12_345_678;
    totals.hold_ns = 5_000_000_000;
    totals.hold_max_ns = 7_000_000;
    Row {
        key: Key::Lock(Lock {
            name: name.to_owned(),
            kind: "mutex".to_owned(),
            address: "0x7f01".to_owned(),
        }),
        is_namesake: false,
        totals,
        whole: Whole {
            wall_ns: 10_000_000_000,
            ..Whole::default()
        },
        wait_site: Some(Rc::new(site)),
        hold_site: None,
        lock: None,
        locks: 1,
        root_site: None,
        holder_thread: None,
        culprit: None,
    }
}

fn table(rows: &[Row], width: Option<usize>) -> String {
    let rows: Vec<&Row> = rows.iter().collect();
    render(&columns::of(By::Lock), &rows, width)
}

fn widest(text: &str) -> usize {
    text.lines().map(crate::render::width::width).max().unwrap()
}

#[test]
fn numbers_stand_to_the_right_and_names_to_the_left() {
    let text = table(&[row("cache_mu"), row("mu")], None);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(
        lines[2].starts_with("cache_mu  mutex     12.3M  -  "),
        "{text}"
    );
    assert!(
        lines[3].starts_with("mu        mutex     12.3M  -  "),
        "{text}"
    );
    assert!(lines[3].contains("1,234  1.23 s  -  1.00 ms"), "{text}");
    assert!(
        lines[3].ends_with("bank::Account::withdraw (account.cc:42)  -"),
        "{text}"
    );
}

#[test]
fn without_a_terminal_nothing_is_cut() {
    let name = "x".repeat(500);
    let text = table(&[row(&name)], None);
    assert!(text.contains(&name));
    assert!(!text.contains("hidden"));
}

#[test]
fn any_terminal_width_is_kept_as_long_as_something_remains() {
    let rows = [row(&"very_long_lock_name_".repeat(10)), row("mu")];
    for width in 60..250 {
        let text = table(&rows, Some(width));
        assert!(widest(&text) <= width, "{width}:\n{text}");
        for column in ["lock", "acquired", "waits", "total"] {
            assert!(text.contains(column), "{width}:\n{text}");
        }
    }
    let _ = table(&rows, Some(1));
    let _ = table(&rows, Some(0));
}

#[test]
fn what_is_hidden_is_said() {
    let text = table(&[row("mu")], Some(80));
    assert!(text.contains(" columns hidden; "), "{text}");
    assert!(!text.contains("holding"), "{text}");
}

#[test]
fn long_names_are_shortened_in_the_middle() {
    assert_eq!(shortened("abcdefghij", 10), "abcdefghij");
    assert_eq!(shortened("abcdefghijk", 10), "abcd…ghijk");
    assert_eq!(shortened("üüüüüü", 5), "üü…üü");
    assert_eq!(shortened("abc", 1), "…");
    assert_eq!(shortened("abc", 0), "");
}

#[test]
fn namesakes_are_told_apart_by_their_address() {
    let mut one = row("mu");
    one.is_namesake = true;
    assert!(table(&[one], None).contains("mu 0x7f01  mutex"));
    assert!(!table(&[row("mu")], None).contains("0x7f01"));
}

#[test]
fn failures_and_blame_are_shown_only_where_there_are_any() {
    assert!(!table(&[row("mu")], None).contains("failed"));
    let mut failed = row("mu");
    failed.totals.failed = 3;
    failed.totals.blocked_ns = 5_000;
    let text = table(&[failed], None);
    assert!(
        text.contains("failed") && text.contains("blocked"),
        "{text}"
    );
    assert!(text.contains("5.00 µs"), "{text}");
}

#[test]
fn how_sure_numbers_are_stands_beside_them_unless_all_are_exact() {
    let mut exact = row("mu");
    exact.whole.is_exact = true;
    assert!(!table(&[exact.clone()], None).contains('±'));
    let mut sampled = row("log");
    sampled.totals.errors.wait_ns.add(10.0, 100.0, 1e6);
    let text = table(&[sampled, exact], None);
    // 10 for 100 each of 1 ms: 1.3 times 835 ms, of 1,234 ms; and 4 µs of each wait.
    assert!(text.contains("1.23 s   ±89%  1.00 ms"), "{text}");
    assert!(text.contains("1.23 s  exact  1.00 ms"), "{text}");
    assert!(text.contains("12.3M  exact  "), "{text}");
}

#[test]
fn names_cannot_move_the_cursor_or_turn_the_line() {
    let text = table(&[row("a\u{1b}[2Jb\nc"), row("a\u{202e}b")], None);
    assert!(text.contains("a\\u{1b}[2Jb\\nc"), "{text}");
    assert!(text.contains("a\\u{202e}b"), "{text}");
}
