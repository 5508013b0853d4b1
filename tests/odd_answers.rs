//! Receivers that answer nonsense, or without end, to every sink there is.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use chance::Chance;
use support::program::{Program, Run};
use support::receiver::{Act, Receiver};
use support::sending;

/// Those that send, and the option with their address.
const SINKS: [(&str, &str); 4] = [
    ("datadog", "DD_TRACE_AGENT_URL"),
    ("pyroscope", "LOCKPROF_PYROSCOPE_URL"),
    ("parca", "LOCKPROF_PARCA_URL"),
    ("otlp", "LOCKPROF_OTLP_URL"),
];

/// Sends for so long to one receiver for each sink.
fn sending_to(receivers: &[Receiver], milliseconds: u32) -> Program {
    let sinks: Vec<&str> = SINKS.iter().map(|(sink, _)| *sink).collect();
    let program = sending::program(milliseconds, receivers[0].url())
        .env("LOCKPROF_SINK", &format!("file,{}", sinks.join(",")));
    let addresses = SINKS.iter().zip(receivers);
    addresses.fold(program, |program, ((_, option), receiver)| {
        program.env(option, receiver.url())
    })
}

/// The program ended well, its file is there, and what was said is short and ours.
fn expect_unhurt(run: &Run, receivers: &[Receiver]) {
    run.expect_success();
    assert_eq!(run.stdout, "EXIT-SUCCESS\n");
    let lines: Vec<&str> = run.stderr.lines().collect();
    // Of each receiver once for each kind of fault, and when it works again.
    assert!(lines.len() <= 20, "{lines:#?}");
    for line in lines {
        let is_plain = line.starts_with("lockprof: ") && !line.contains(char::is_control);
        assert!(is_plain && line.len() <= 512, "{line:?}");
    }
    assert!(run.profile().at("work_for_a_while").acquires() > 0);
    for receiver in receivers {
        assert!(!receiver.requests().is_empty());
    }
}

/// An answer of some receiver, damaged.
fn odd(chance: &Chance) -> Act {
    const ANSWERS: [&[u8]; 6] = [
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"partial\":{}}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n\x08\x96\x01\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nRetry-After: 0\r\n\r\nbusy",
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 30\r\n\r\n{\"code\":3,\"message\":\"\\u001b[2J\"}",
        b"HTTP/1.1 429 x\r\nRetry-After: 1\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n",
    ];
    let mut answer = chance.one_of(&ANSWERS).to_vec();
    if !chance.is_one_in(5) {
        chance.damage(&mut answer);
    }
    Act::Says(answer)
}

#[test]
fn whatever_receivers_answer_the_program_goes_on_and_hears_of_it_in_single_lines() {
    chance::rounds(2, |chance| {
        let script = || -> Vec<Act> { (0..12).map(|_| odd(chance)).collect() };
        let receivers = SINKS.map(|_| Receiver::tcp(&script()));
        let run = sending_to(&receivers, 2300).run();
        expect_unhurt(&run, &receivers);
    });
}

#[test]
fn of_an_answer_without_end_only_the_beginning_is_read() {
    // What the kernel takes for a connection, both ways; we read 16 KiB of it.
    const PER_CONNECTION: usize = 16 << 20;
    const FLOODS: [(&[u8], &[u8]); 4] = [
        (b"HTTP/1.1 200 OK\r\n", &[b'A'; 4096]),
        (b"HTTP/1.1 200 OK\r\n\r\n", &[b'B'; 4096]),
        (b"HTTP/1.1 503 Busy\r\n\r\n", &[b'C'; 4096]),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ];
    let receivers = FLOODS.map(|(first, then)| Receiver::tcp(&[Act::Floods(first, then)]));
    let run = sending_to(&receivers, 2300).run();
    expect_unhurt(&run, &receivers);
    for receiver in &receivers {
        let (flooded, connections) = (receiver.flooded(), receiver.connections());
        assert!(
            flooded < connections * PER_CONNECTION,
            "{flooded} in {connections}"
        );
    }
}
