//! Whatever both sides read: damaged profiles, symbols, names of files and answers of the control socket.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::thread;
use std::time::{Duration, Instant};

use contract::control::{self, Head, Queue};
use contract::profile::{Function, Label, LabelValue, Line, Location, Mapping, Profile, Sample};
use contract::{demangle, file_name, pprof};

fn label(key: &str, value: LabelValue) -> Label {
    Label {
        key: key.into(),
        value,
    }
}

fn profile() -> Profile {
    Profile {
        start_unix_ns: 1_700_000_000_000_000_000,
        duration_ns: 10_000_000_000,
        mappings: vec![Mapping {
            start: 0x1000,
            limit: 0x9000,
            file: "/bin/app".into(),
            ..Mapping::default()
        }],
        functions: (0..4)
            .map(|i| Function {
                name: format!("f{i}"),
                ..Function::default()
            })
            .collect(),
        locations: (0..4)
            .map(|function| Location {
                address: 0x1100,
                mapping: Some(0),
                lines: vec![Line { function, line: 7 }],
            })
            .collect(),
        samples: (0..4)
            .map(|place| Sample {
                stack: vec![place, 0],
                values: [3, 100, 3, 50, 1, 7, 2, 0, 0],
                labels: vec![
                    label("lock name", LabelValue::Text("cache".into())),
                    label("thread id", LabelValue::Number(7, String::new())),
                ],
            })
            .collect(),
        comments: vec![
            "lockprof 0.1.0".into(),
            "lost: 3 acquisitions (queue full)".into(),
        ],
    }
}

#[test]
fn what_is_read_of_a_damaged_profile_is_read_again_when_it_was_written() {
    let whole = pprof::encode(&profile());
    let (mut read, mut refused) = (0, 0);
    let is_enough = chance::rounds(5_000, |chance| {
        let mut bytes = whole.clone();
        chance.damage(&mut bytes);
        match pprof::decode(&bytes) {
            Ok(profile) => {
                read += 1;
                // Rows without any value are not written, nor are texts that are empty.
                let written = pprof::decode(&pprof::encode(&profile)).unwrap();
                let again = pprof::decode(&pprof::encode(&written)).unwrap();
                assert_eq!(again, written);
                assert_eq!(written.locations, profile.locations);
            }
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().contains('\n'));
            }
        }
    });
    if is_enough {
        assert!(
            read > 300 && refused > 300,
            "{read} read, {refused} refused"
        );
    }
}

/// Symbols of all sorts, some of which refer to themselves again and again.
const SYMBOLS: [&str; 8] = [
    "_ZN4core3fmt9Formatter3pad17h0123456789abcdefE",
    "_RNvMs_Cs4fqI2P2rA04_13const_genericsINtB5_4CharKc0_E3foo",
    "_ZNSt10lock_guardISt5mutexEC1ERS0_",
    "_ZNKSt8functionIFvRN3app6ServerESt10shared_ptrINS0_7RequestEEEEclES2_S5_",
    "_ZZN5cache3getEvENKUlT_E_clIiEEDaS0_",
    "_Z1fI1AIS_IS_IS_IiEEEEEvT_DpT0_",
    "_ZN1AIXadL_Z1bvEEEE",
    "memcpy@@GLIBC_2.14",
];

#[test]
fn any_symbol_becomes_a_name_in_little_time_and_on_a_small_stack() {
    let names = || {
        chance::rounds(5_000, |chance| {
            let mut symbol = chance.one_of(&SYMBOLS).as_bytes().to_vec();
            if chance.is_one_in(20) {
                let begin = 2.min(symbol.len());
                let piece = symbol.split_off(begin);
                symbol.extend(piece.repeat(1 << chance.below(8)));
            }
            chance.damage(&mut symbol);
            let symbol = String::from_utf8_lossy(&symbol);
            let begin = Instant::now();
            let name = demangle::demangle(&symbol);
            // Even of hundreds of kilobytes. That takes milliseconds.
            assert!(begin.elapsed() < Duration::from_secs(10), "{symbol}");
            assert!(name.len() < 4 << 20, "{} of {}", name.len(), symbol.len());
        });
    };
    // Our thread in a program has 512 KiB, and code that was made smaller and faster.
    let thread = thread::Builder::new().stack_size(2 << 20).spawn(names);
    thread.unwrap().join().unwrap();
}

#[test]
fn any_names_of_files_and_answers_are_understood_or_declined() {
    let queue = Queue {
        lock: "0x10#2".into(),
        name: "a".into(),
        waiting: 3,
        ..Queue::default()
    };
    let said = [
        Head::Ok(77).line(),
        Head::Error("no".into()).line(),
        control::encode_queues(&[queue.clone(), queue]),
        "lockprof.app.123.1700000000000.pb.gz".to_owned(),
    ];
    chance::rounds(5_000, |chance| {
        let mut bytes = said[chance.below(said.len())].clone().into_bytes();
        chance.damage(&mut bytes);
        let text = String::from_utf8_lossy(&bytes);
        if let Some(Head::Ok(len)) = Head::parse(text.trim_end_matches('\n')) {
            assert!(len <= control::ANSWER_MAX);
        }
        if let Some(queues) = control::decode_queues(&text) {
            assert_eq!(queues.len(), text.lines().count());
        }
        if let Some(name) = file_name::parse(&text) {
            assert!(!name.executable.contains('/'), "{name:?}");
        }
        let _ = control::value(&text, "state");
        let _ = control::namespace(&text);
    });
}
