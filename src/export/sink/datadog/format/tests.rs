//! What a request consists of, and when there are several.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io::Read as _;

use contract::profile::{Function, Label, LabelValue, Line, Location};
use contract::sample_type::label;
use flate2::read::GzDecoder;

use super::*;

fn format() -> ProfileFormat {
    let (options, _) = contract::options::resolve(|_| None);
    ProfileFormat::new(Event::new("service:app".to_owned(), &options))
}

fn tables() -> Profile {
    Profile {
        start_unix_ns: 5_000_000_000,
        duration_ns: 2_000_000_000,
        functions: vec![Function {
            name: "main".to_owned(),
            ..Function::default()
        }],
        locations: vec![Location {
            address: 0x1000,
            mapping: None,
            lines: vec![Line {
                function: 0,
                line: 0,
            }],
        }],
        comments: vec!["pid: 42".to_owned()],
        ..Profile::default()
    }
}

/// A row of its own lock.
fn row(number: i64) -> Sample {
    Sample {
        stack: vec![0],
        values: [1, 1000 + number, 0, 0, 1, 0, 1, 0, 0],
        labels: vec![Label {
            key: label::LOCK_NAME.to_owned(),
            value: LabelValue::Text(format!("lock {number}")),
        }],
    }
}

/// The contents of the two parts of a body.
fn parts(request: &Request) -> (String, Vec<u8>) {
    let [(name, content_type)] = request.headers.as_slice() else {
        panic!("{:?}", request.headers);
    };
    assert_eq!(*name, "content-type");
    let boundary = content_type.split("boundary=").nth(1).unwrap();
    let separator = format!("\r\n--{boundary}");
    let mut body = b"\r\n".to_vec();
    body.extend_from_slice(&request.body);
    let find = |from: usize, what: &[u8]| {
        let windows = body[from..].windows(what.len());
        from + windows.into_iter().position(|at| at == what).unwrap()
    };
    let mut contents = Vec::new();
    let mut from = find(0, separator.as_bytes());
    assert_eq!(from, 0);
    for _ in 0..2 {
        let begin = find(from, b"\r\n\r\n") + 4;
        from = find(begin, separator.as_bytes());
        contents.push(body[begin..from].to_vec());
    }
    assert_eq!(&body[from..], format!("{separator}--\r\n").as_bytes());
    let profile = contents.pop().unwrap();
    (String::from_utf8(contents.pop().unwrap()).unwrap(), profile)
}

fn plain(profile: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(profile).read_to_end(&mut plain).unwrap();
    plain
}

#[test]
fn nothing_new_is_no_request() {
    let mut format = format();
    assert_eq!(format.finish(&tables()), []);
    format.add(&row(1), &tables());
    assert_eq!(format.finish(&tables()).len(), 1);
    assert_eq!(format.finish(&tables()), []);
}

#[test]
fn a_request_is_an_event_and_a_profile() {
    let mut format = format();
    for sequence in 0..2 {
        format.add(&row(1), &tables());
        let requests = format.finish(&tables());
        assert_eq!(requests.len(), 1);
        let (event, profile) = parts(&requests[0]);
        assert!(
            event.contains(
                r#""start":"1970-01-01T00:00:05.000000000Z","end":"1970-01-01T00:00:07.000000000Z""#
            ),
            "{event}"
        );
        assert!(
            event.contains(&format!(",profile_seq:{sequence},")),
            "{event}"
        );
        let plain = plain(&profile);
        let says = |text: &str| plain.windows(text.len()).any(|at| at == text.as_bytes());
        for text in [
            "lock-acquire-wait",
            "lock-release-hold",
            "lock 1",
            "main",
            "pid: 42",
        ] {
            assert!(says(text), "{text}");
        }
        assert!(!says("lock-contention") && !says("lock-samples"));
    }
}

#[test]
fn what_is_too_long_becomes_several_profiles_that_add_up() {
    let mut format = format();
    let tables = tables();
    format.profile_len_max = 20_000;
    for number in 0..3000 {
        format.add(&row(number), &tables);
    }
    let requests = format.finish(&tables);
    assert!((5..50).contains(&requests.len()), "{}", requests.len());
    let mut locks = 0;
    for (sequence, request) in requests.iter().enumerate() {
        let (event, profile) = parts(request);
        assert!(
            event.contains(&format!(",profile_seq:{sequence},")),
            "{event}"
        );
        let plain = plain(&profile);
        assert!(plain.len() < 20_000, "{}", plain.len());
        assert!(plain.windows(4).any(|at| at == b"main"));
        locks += plain.windows(5).filter(|at| at == b"lock ").count();
    }
    // Each text once, and one key in every part.
    assert_eq!(locks, 3000 + requests.len());
}

#[test]
fn tables_that_fill_a_profile_still_leave_room_for_rows() {
    let mut format = format();
    let mut tables = tables();
    tables.functions[0].name = "x".repeat(30_000);
    format.profile_len_max = 20_000;
    for number in 0..1000 {
        format.add(&row(number), &tables);
    }
    let requests = format.finish(&tables);
    assert!((2..20).contains(&requests.len()), "{}", requests.len());
}
