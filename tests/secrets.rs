//! Keys, passwords and tokens: that they stand in nothing we say or write, whatever becomes of what is sent, and how often in memory.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use std::io::Read;
use support::program::{Program, Run};
use support::receiver::{Act, Receiver};
use support::scratch::Scratch;
use support::sending::nobodys_url;

/// What every receiver wants to be told, and nobody else may read.
const SECRET: &str = "5ec7e75ec7e75ec7e75ec7e75ec7e75e";
/// "user:" and the secret, as basic authentication has it.
const ENCODED: &str = "dXNlcjo1ZWM3ZTc1ZWM3ZTc1ZWM3ZTc1ZWM3ZTc1ZWM3ZTc1ZQ==";

/// A sink, the variable of its address, and those that have the secret in them.
type Sink = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// Those that are told it.
const SINKS: [Sink; 5] = [
    (
        "datadog",
        "LOCKPROF_DATADOG_INTAKE",
        &[("DD_API_KEY", SECRET), ("DD_PROFILING_AGENTLESS", "1")],
    ),
    (
        "pyroscope",
        "LOCKPROF_PYROSCOPE_URL",
        &[
            ("LOCKPROF_PYROSCOPE_USER", "user"),
            ("LOCKPROF_PYROSCOPE_PASSWORD", SECRET),
        ],
    ),
    (
        "pyroscope",
        "LOCKPROF_PYROSCOPE_URL",
        &[("LOCKPROF_PYROSCOPE_TOKEN", SECRET)],
    ),
    (
        "parca",
        "LOCKPROF_PARCA_URL",
        &[("LOCKPROF_PARCA_TOKEN", SECRET)],
    ),
    (
        "otlp",
        "LOCKPROF_OTLP_URL",
        &[(
            "LOCKPROF_OTLP_HEADERS",
            "x-key=5ec7e75ec7e75ec7e75ec7e75ec7e75e",
        )],
    ),
];
/// One whose header is not understood, which is said.
const MISUNDERSTOOD: Sink = (
    "otlp",
    "LOCKPROF_OTLP_URL",
    &[("LOCKPROF_OTLP_HEADERS", "5ec7e75ec7e75ec7e75ec7e75ec7e75e")],
);

/// A receiver that says again what it was told, and one that sends elsewhere with it.
const ECHOES: &str = "Location: http://elsewhere/?key=5ec7e75ec7e75ec7e75ec7e75ec7e75e\r\n";

fn sending((name, address, secrets): Sink, url: &str, spool: &Path) -> Program {
    let program = Program::exact("recursive_exact")
        .env("LOCKPROF_SINK", &format!("file,prometheus,{name}"))
        .env("LOCKPROF_PROMETHEUS_FILE", spool.to_str().unwrap())
        .env("LOCKPROF_SPOOL", spool.to_str().unwrap())
        .env(address, url);
    let set = |program: Program, (name, value): &(&str, &str)| program.env(name, value);
    secrets.iter().fold(program, set)
}

/// Fails when the secret stands in something that was said or written.
fn expect_no_secret(run: &Run, spool: &Path, what: &str) {
    run.expect_success();
    let mut seen = vec![
        run.stdout.clone().into_bytes(),
        run.stderr.clone().into_bytes(),
    ];
    let mut folders = vec![run.home().to_owned(), spool.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            let mut plain = Vec::new();
            // What is no such file is looked at as it is.
            let _ = MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain);
            // Of an upload that was kept, the profile begins somewhere.
            let gzips = bytes.windows(2).enumerate();
            let gzips = gzips
                .filter(|(_, two)| *two == [0x1f, 0x8b])
                .map(|(at, _)| at);
            for begin in gzips {
                let mut part = Vec::new();
                let _ = MultiGzDecoder::new(&bytes[begin..]).read_to_end(&mut part);
                plain.extend(part);
            }
            seen.extend([
                path.to_string_lossy().into_owned().into_bytes(),
                bytes,
                plain,
            ]);
        }
    }
    for text in seen {
        for secret in [SECRET, ENCODED] {
            let found = text
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            let text = String::from_utf8_lossy(&text);
            assert!(!found, "{what}: {text}");
        }
    }
}

/// What is sent when a receiver does this, and that nothing else tells of it: how often the
/// receiver was told the secret.
fn tell(sink: Sink, act: Act) -> usize {
    let spool = Scratch::new();
    let what = format!("{} and {act:?}", sink.0);
    let receiver = Receiver::tcp(&[act]);
    let run = sending(sink, receiver.url(), spool.path()).run();
    expect_no_secret(&run, spool.path(), &what);
    let requests = receiver.requests();
    let headers = requests.iter().flat_map(|request| &request.headers);
    let is_told = |value: &str| value.contains(SECRET) || value.contains(ENCODED);
    headers.filter(|(_, value)| is_told(value)).count()
}

#[test]
fn no_secret_stands_in_what_is_said_or_written_whatever_the_receiver_does() {
    let scratch = Scratch::new();
    for sink in SINKS {
        for act in [
            Act::Answer(200, ""),
            Act::Answer(403, ECHOES),
            Act::Answer(308, ECHOES),
        ] {
            assert_eq!(tell(sink, act), 1, "{sink:?}");
        }
        // Somebody who puts it where it does not belong.
        let odd = format!("http://user:{SECRET}@localhost:port");
        let run = sending(sink, &odd, scratch.path()).run();
        expect_no_secret(&run, scratch.path(), &format!("{} and no address", sink.0));
    }
    // These are tried until the end.
    for act in [Act::Answer(503, ECHOES), Act::Garbage, Act::Close] {
        assert!(tell(SINKS[0], act) > 0);
    }
    let run = sending(SINKS[0], &nobodys_url(), scratch.path()).run();
    expect_no_secret(&run, scratch.path(), "nobody");
    // No header that could be sent.
    assert_eq!(tell(MISUNDERSTOOD, Act::Answer(200, "")), 0);
}

#[test]
fn uploads_leave_no_more_and_more_copies_of_a_key_in_memory() {
    let copies = |milliseconds: &str, preload: bool| {
        let receiver = Receiver::tcp(&[Act::Answer(200, "")]);
        let program = Program::exact("holds_secrets")
            .env("LOCKPROF_SINK", "datadog")
            .env("LOCKPROF_INTERVAL", "1s")
            .env("LOCKPROF_DATADOG_INTAKE", receiver.url())
            .env("DD_API_KEY", SECRET)
            .env("DD_PROFILING_AGENTLESS", "1")
            .args(["DD_API_KEY", milliseconds]);
        let run = if preload {
            program.run()
        } else {
            program.run_alone()
        };
        run.expect_success();
        (run.truth("copies"), receiver.requests().len())
    };
    // The environment's own.
    assert_eq!(copies("0", false).0, 1);
    let (copies, uploads) = copies("3500", true);
    assert!(uploads >= 3, "{uploads}");
    // As an option, as a header, and where requests were put together.
    assert!(
        (2..=8).contains(&copies),
        "{copies} copies after {uploads} uploads"
    );
}
