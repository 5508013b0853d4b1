//! Flame graphs of a few stacks: who stands where, and what is safe in XML.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;
use crate::analyse::stacks::{Frame, Weighed};

fn frames(names: &[&str]) -> Vec<Frame> {
    let frame = |name: &&str| Frame {
        name: (*name).to_owned(),
        file: String::new(),
    };
    names.iter().map(frame).collect()
}

#[test]
fn equal_beginnings_are_merged_and_neighbours_are_in_alphabetical_order() {
    let frames = frames(&["main", "put", "get", "lock"]);
    let weighed = Weighed::from([
        (vec![0, 1, 3], 30),
        (vec![0, 2, 3], 50),
        (vec![0, 2], 10),
        (vec![3], 10),
    ]);
    let tree = Tree::new(&weighed, &frames);
    let mut found: Vec<(u32, String, &str, u64)> = tree
        .boxes(0.0)
        .iter()
        .map(|b| (b.depth, format!("{:.2}", b.begin), b.name, b.value))
        .collect();
    found.sort_unstable();
    let expected = [
        (0, "0.00", "all", 100),
        (1, "0.00", "lock", 10),
        (1, "0.10", "main", 90),
        (2, "0.10", "get", 60),
        (2, "0.70", "put", 30),
        (3, "0.10", "lock", 50),
        (3, "0.70", "lock", 30),
    ];
    assert_eq!(found, expected.map(|(d, x, n, v)| (d, x.to_owned(), n, v)));
    assert_eq!(tree.len(), expected.len());
}

#[test]
fn what_is_too_narrow_is_counted_and_not_drawn() {
    let frames = frames(&["wide", "narrow", "above"]);
    let weighed = Weighed::from([(vec![0], 999), (vec![1, 2], 1)]);
    let tree = Tree::new(&weighed, &frames);
    assert_eq!(tree.boxes(0.01).len(), 2);
    assert_eq!(tree.len(), 4);
}

#[test]
fn a_thousand_frames_are_no_crash() {
    let frames = frames(&["deep"]);
    let weighed = Weighed::from([(vec![0; 100_000], 1)]);
    assert_eq!(Tree::new(&weighed, &frames).boxes(0.0).len(), 100_001);
}

#[test]
fn names_are_cut_to_the_width_of_their_box() {
    assert_eq!(cut("lock", 100.0), "lock");
    assert_eq!(cut("a_rather_long_name", 100.0), "a_rather_l..");
    assert_eq!(cut("lock", 12.0), "");
    assert_eq!(cut("üüüüüüüü", 50.0), "üüüü..");
}

#[test]
fn nothing_in_a_name_is_taken_for_xml() {
    assert_eq!(escaped("operator<"), "operator&lt;");
    assert_eq!(
        escaped("f(int&&, \"x\")"),
        "f(int&amp;&amp;, &quot;x&quot;)"
    );
    assert_eq!(escaped("a\u{1b}b\u{ffff}]]>"), "a\\u{1b}b\\u{ffff}]]&gt;");
    // The script stands in a section that these characters would end.
    assert!(!SCRIPT.contains("]]>"));
    assert!(!STYLE.contains(['<', '&']));
}

#[test]
fn a_name_has_the_same_colour_everywhere_and_not_all_have_the_same() {
    let colours: std::collections::HashSet<u32> = [
        "main", "put", "get", "lock", "log", "flush", "read", "write",
    ]
    .map(colour)
    .into();
    assert!(colours.len() >= 4, "{colours:?}");
    assert!(colours.iter().all(|colour| *colour < COLOURS));
}
