//! Tests of what `lockprof top` shows, and of what keys do.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use contract::control::Queue;
use contract::profile::{Function, Label, LabelValue, Line, Location, Profile, Sample};
use contract::sample_type::label;

use super::*;
use crate::render::width::width as width_of;

/// So many seconds of two locks; all numbers grow with them.
fn profile(seconds: i64) -> Profile {
    let text = |key: &str, value: &str| Label {
        key: key.to_owned(),
        value: LabelValue::Text(value.to_owned()),
    };
    let sample = |place: usize, name: &str, address: &str, values: [i64; 6]| Sample {
        stack: vec![place, 0],
        values: std::array::from_fn(|at| values.get(at).map_or(0, |value| value * seconds)),
        labels: vec![
            text(label::LOCK_NAME, name),
            text(label::LOCK_KIND, "mutex"),
            text(label::LOCK, address),
        ],
    };
    let functions = ["main", "put", "get", "log"];
    Profile {
        duration_ns: seconds * 1_000_000_000,
        functions: functions
            .map(|name| Function {
                name: name.to_owned(),
                ..Function::default()
            })
            .to_vec(),
        locations: (0..functions.len())
            .map(|function| Location {
                lines: vec![Line { function, line: 0 }],
                ..Location::default()
            })
            .collect(),
        samples: vec![
            sample(1, "cache_mu", "0x10", [1000, 250_000_000, 0, 0, 50, 0]),
            sample(
                2,
                "cache_mu",
                "0x10",
                [0, 0, 1000, 400_000_000, 0, 250_000_000],
            ),
            sample(3, "log_mu", "0x20", [5000, 1_000_000, 0, 0, 10, 0]),
        ],
        ..Profile::default()
    }
}

fn look(seconds: i64, queues: Vec<Queue>) -> Look {
    let profile = profile(seconds);
    Look {
        sums: Sums::new(&profile),
        profile,
        queues,
        state: "on".to_owned(),
    }
}

fn queue(lock: &str, kind: &str, held_ns: u64) -> Queue {
    Queue {
        lock: lock.to_owned(),
        name: "q_mu".to_owned(),
        kind: kind.to_owned(),
        waiting: 3,
        waited_ns: 5_000_000,
        holder: 77,
        holder_name: "Holder".to_owned(),
        held_ns,
        ..Queue::default()
    }
}

fn top() -> Top {
    let mut top = Top::new("app (42)".to_owned(), Sort::Wait);
    top.learn(look(10, Vec::new()));
    top.learn(look(
        12,
        vec![queue("0x10", "mutex", 0), queue("0x99", "cond", 0)],
    ));
    top
}

fn press(top: &mut Top, codes: &[KeyCode]) -> After {
    let presses = codes
        .iter()
        .map(|code| top.press(KeyEvent::new(*code, KeyModifiers::NONE), 24));
    presses.last().unwrap()
}

fn texts(top: &Top) -> Vec<String> {
    let lines = top.lines(80, 24);
    assert_eq!(lines.len(), 24);
    for line in &lines {
        assert!(line.text.chars().count() <= 80, "{}", line.text);
    }
    lines.into_iter().map(|line| line.text).collect()
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

#[test]
fn rates_are_those_of_the_time_between_two_looks() {
    let texts = texts(&top());
    assert_eq!(texts[0], "lockprof top: app (42), profiling is on, by wait");
    assert_eq!(
        texts[1],
        "3 wait now; per second 251 ms of waiting, 60 contentions, 6,000 acquisitions"
    );
    let cache = [
        "cache_mu", "250", "ms", "50", "1,000", "40.0%", "3", "Holder", ">5.00", "ms",
    ];
    assert_eq!(words(&texts[4]), cache);
    assert_eq!(words(&texts[5]), ["log_mu", "1.00", "ms", "10", "5,000"]);
    // What is waited for and is no lock has no row.
    assert_eq!(texts[6], "");
}

#[test]
fn a_lock_that_nobody_ever_got_is_shown_too() {
    let mut top = top();
    top.learn(look(13, vec![queue("0x50", "mutex", 2_000_000_000)]));
    let texts = texts(&top);
    let row = texts.iter().find(|text| text.starts_with("q_mu")).unwrap();
    assert_eq!(words(row), ["q_mu", "3", "Holder", "2.00", "s"]);
}

#[test]
fn a_wide_screen_has_the_place_and_a_small_one_still_works() {
    let top = top();
    assert!(top.plain(120).lines().any(|line| line.ends_with("  put")));
    for (width, height) in [(1, 2), (20, 3), (20, 5), (79, 6), (300, 100)] {
        let lines = top.lines(width, height);
        assert_eq!(lines.len(), height);
        for line in &lines {
            assert!(width_of(&line.text) <= width, "{}", line.text);
        }
        let is_row = |line: &screen::Line| line.style == screen::Style::Chosen;
        assert!(lines.iter().any(is_row), "{width}x{height}");
    }
}

#[test]
fn figures_that_are_old_are_said_to_be_and_stay() {
    let mut top = top();
    let before = texts(&top);
    top.miss("no answer for 9 s".to_owned());
    let silent = texts(&top);
    assert_eq!(silent[..23], before[..23]);
    assert_eq!(silent[23], "no answer for 9 s");
    press(&mut top, &[KeyCode::Enter]);
    assert_eq!(texts(&top)[23], "no answer for 9 s");
    press(&mut top, &[KeyCode::Esc]);
    top.learn(look(14, Vec::new()));
    assert_eq!(texts(&top)[23], before[23]);
}

#[test]
fn names_neither_hide_nor_push_columns_aside() {
    let mut top = top();
    let mut odd = queue("0x50", "mutex", 2_000_000_000);
    odd.name = "缓存\u{202e}🔒e\u{301}".to_owned();
    odd.holder_name = "写\u{1b}[2J".to_owned();
    top.learn(look(13, vec![odd]));
    let lines = top.lines(110, 24);
    let row = lines.iter().find(|line| line.text.starts_with("缓存"));
    let row = &row.unwrap().text;
    assert!(row.starts_with("缓存\\u{202e}🔒e\u{301} "), "{row}");
    assert!(row.contains(" 写\\u{1b}[2J "), "{row}");
    let end_of = |text: &str, word: &str| {
        let end = text.find(word).unwrap() + word.len();
        width_of(&text[..end])
    };
    assert_eq!(end_of(row, "2.00 s"), end_of(&lines[3].text, "SINCE"));
}

#[test]
fn keys_choose_sort_and_filter() {
    let mut top = top();
    let chosen = |top: &Top| {
        let lines = top.lines(80, 24);
        let line = lines
            .iter()
            .find(|line| line.style == screen::Style::Chosen);
        words(&line.unwrap().text)[0].to_owned()
    };
    assert_eq!(chosen(&top), "cache_mu");
    press(&mut top, &[KeyCode::Down, KeyCode::Down]);
    assert_eq!(chosen(&top), "log_mu");
    // By acquisitions it comes first, and stays chosen.
    press(&mut top, &[KeyCode::Char('s'), KeyCode::Char('s')]);
    assert!(texts(&top)[4].starts_with("log_mu"));
    assert_eq!(chosen(&top), "log_mu");
    press(
        &mut top,
        &[KeyCode::Char('/'), KeyCode::Char('q'), KeyCode::Backspace],
    );
    press(
        &mut top,
        &[KeyCode::Char('C'), KeyCode::Char('a'), KeyCode::Enter],
    );
    assert_eq!(chosen(&top), "cache_mu");
    assert_eq!(texts(&top)[5], "");
    press(&mut top, &[KeyCode::Esc]);
    assert!(texts(&top)[5].starts_with("cache_mu"));
}

#[test]
fn a_page_shows_where_a_lock_is_waited_for_and_held() {
    let mut top = top();
    assert_eq!(press(&mut top, &[KeyCode::Enter]), After::Nothing);
    let shown = texts(&top);
    assert_eq!(
        shown[0],
        "cache_mu (mutex at 0x10), since the program began"
    );
    let has = |text: &str| shown.iter().any(|line| line.trim() == text);
    assert!(
        has("waited for: 3.00 s in all") && has("held: 4.80 s in all"),
        "{shown:?}"
    );
    assert!(
        has("put") && has("get") && has("main") && !has("log"),
        "{shown:?}"
    );
    press(&mut top, &[KeyCode::Down]);
    assert_eq!(texts(&top)[0], "");
    press(
        &mut top,
        &[KeyCode::PageDown, KeyCode::PageDown, KeyCode::Esc],
    );
    assert!(texts(&top)[0].starts_with("lockprof top"));
}

#[test]
fn pause_off_and_quit_lead_outside() {
    let mut top = top();
    assert_eq!(
        press(&mut top, &[KeyCode::Char('p')]),
        After::Wish(Wish::Pause)
    );
    let before = texts(&top);
    assert!(before[0].contains("paused"));
    top.learn(look(20, Vec::new()));
    assert_eq!(texts(&top), before);
    assert_eq!(
        press(&mut top, &[KeyCode::Char('p')]),
        After::Wish(Wish::Resume)
    );
    let wish = press(&mut top, &[KeyCode::Char('o')]);
    assert_eq!(wish, After::Wish(Wish::Switch(false)));
    assert_eq!(press(&mut top, &[KeyCode::Char('q')]), After::Quit);
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(top.press(control_c, 24), After::Quit);
}

#[test]
fn numbers_that_shrink_count_as_nothing() {
    let (now, before) = (Sums::new(&profile(5)), Sums::new(&profile(9)));
    let rows = rates::between(&before, &now, &[]);
    assert!(rows.iter().all(|row| !row.is_active()), "{rows:?}");
}

#[test]
fn on_a_narrow_screen_columns_go_before_the_name_of_the_lock() {
    let mut top = Top::new("app (1)".to_owned(), Sort::Wait);
    top.learn(look(1, vec![]));
    top.learn(look(2, vec![queue("0x10", "mutex", 7_000)]));
    for (width, has) in [(80, "ACQ/s"), (60, "NOW"), (40, "WAIT/s")] {
        let lines = top.lines(width, 10);
        let titles = &lines[3].text;
        assert!(titles.contains(has), "{width}: {titles}");
        assert_eq!(titles.contains("ACQ/s"), width == 80, "{titles}");
        assert!(
            lines[4].text.starts_with("cache_mu "),
            "{width}: {}",
            lines[4].text
        );
    }
}
