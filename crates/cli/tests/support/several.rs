//! A profile of several locks, kinds and threads, with names that are hard on formats.
#![allow(dead_code, reason = "no file of tests needs all of this")]

use contract::pprof;
use contract::profile::{Function, Label, Line, Location, Profile, Sample};
use contract::sample_type::label;

use super::{gzip, number, text};

/// Threads with rows about locks.
pub(crate) const THREADS: u64 = 3;

/// Functions and their files; the numbers below are places in this list.
const FUNCTIONS: [(&str, &str); 7] = [
    ("main", "/src/main.cc"),
    ("Store::put", "/src/store.cc"),
    ("Store::get", "/src/main.cc"),
    ("flush", "/src/main.cc"),
    ("operator<", ""),
    ("log & \"say\"", ""),
    ("std::mutex::lock", ""),
];
const MAIN: usize = 0;
const PUT: usize = 1;
const GET: usize = 2;
const FLUSH: usize = 3;
const LESS: usize = 4;
const SAY: usize = 5;
const LOCK: usize = 6;

type Values = [i64; 9];

/// Ten seconds of three threads; all of 100 acquisitions are sampled once.
pub(crate) fn profile() -> Profile {
    let functions = FUNCTIONS.iter().map(|(name, file)| Function {
        name: (*name).to_owned(),
        file: (*file).to_owned(),
        ..Function::default()
    });
    let locations = (0..FUNCTIONS.len()).map(|function| Location {
        address: address(function).cast_unsigned(),
        lines: vec![Line { function, line: 7 }],
        ..Location::default()
    });
    Profile {
        start_unix_ns: 1_700_000_000_000_000_000,
        duration_ns: 10_000_000_000,
        functions: functions.collect(),
        locations: locations.collect(),
        samples: samples(),
        comments: vec!["sample: one acquisition in 100".to_owned()],
        ..Profile::default()
    }
}

/// Of the call in a function.
fn address(function: usize) -> i64 {
    0x1000 + i64::try_from(function).unwrap_or(0)
}

/// The profile above as a file.
pub(crate) fn encoded() -> Vec<u8> {
    gzip(&pprof::encode(&profile()))
}

fn samples() -> Vec<Sample> {
    let cache = ("cache_mu", "mutex", "0x5010");
    let table = ("table_rw", "rwlock-read", "0x6000");
    let log = ("log<1>", "mutex", "0x7000");
    let condition = ("work_cv", "cond", "0x8000");
    let writer = ("writer", 12);
    let reader = ("reader-1", 13);
    let idle = ("flusher", 14);
    let by_flush = [
        text(label::BLOCKING_SITE, "flush"),
        number(label::BLOCKING_ADDRESS, address(FLUSH)),
        text(label::BLOCKING_THREAD_NAME, "flusher"),
    ];
    let by_less = [text(label::BLOCKING_SITE, "operator<")];
    vec![
        of(
            &[LOCK, PUT, MAIN],
            [1_000, 1_200_000_000, 0, 0, 1_200, 0, 1_200, 0, 0],
            cache,
            writer,
            &by_flush,
        ),
        of(
            &[LOCK, GET, MAIN],
            [0, 300_000_000, 0, 0, 300, 0, 30, 0, 0],
            cache,
            reader,
            &[],
        ),
        of(
            &[FLUSH, MAIN],
            [0, 0, 1_000, 4_000_000_000, 0, 1_200_000_000, 10, 0, 0],
            cache,
            idle,
            &[],
        ),
        of(
            &[GET, MAIN],
            [100, 300_000_000, 0, 0, 30, 0, 3, 0, 0],
            table,
            reader,
            &by_less,
        ),
        of(
            &[SAY, LESS, MAIN],
            [10, 50_000_000, 0, 0, 10, 0, 10, 0, 0],
            log,
            writer,
            &by_flush,
        ),
        of(
            &[PUT, MAIN],
            [0, 0, 0, 0, 0, 0, 50, 50, 5_000_000_000],
            condition,
            idle,
            &by_flush,
        ),
    ]
}

fn of(
    stack: &[usize],
    values: Values,
    (name, kind, address): (&str, &str, &str),
    (thread, id): (&str, i64),
    more: &[Label],
) -> Sample {
    let mut labels = vec![
        text(label::LOCK_NAME, name),
        text(label::LOCK_KIND, kind),
        text(label::LOCK, address),
        text(label::THREAD_NAME, thread),
        number(label::THREAD_NATIVE_ID, id),
    ];
    labels.extend_from_slice(more);
    Sample {
        stack: stack.to_vec(),
        values,
        labels,
    }
}
