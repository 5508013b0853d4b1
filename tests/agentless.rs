//! What Datadog gets past its Agent, from a receiver as strict as its intake, and what users are told when it gets nothing.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use support::datadog::Upload;
use support::datadog::expect::{self, ACQUIRE, RELEASE, sum};
use support::program::Program;

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A receiver on this machine that answers each request with what `judge` makes of
/// its head, and hands on head and body.
fn receiver(
    judge: impl Fn(&str) -> u16 + Send + 'static,
) -> (String, mpsc::Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, requests) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if stream.read_line(&mut head).unwrap_or(0) == 0 {
                    break;
                }
            }
            let length = head.to_lowercase();
            let length = length.split("content-length: ").nth(1).unwrap_or("0");
            let length = length.split("\r\n").next().unwrap().parse().unwrap();
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let answer = format!(
                "HTTP/1.1 {} Judged\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                judge(&head)
            );
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
            if sender.send((head, body)).is_err() {
                break;
            }
        }
    });
    (url, requests)
}

/// As the intake: it takes profiles in one place, and only with the key.
fn as_the_intake(head: &str) -> u16 {
    let lines: Vec<&str> = head.split("\r\n").collect();
    if lines[0] != "POST /api/v2/profile HTTP/1.1" {
        return 404;
    }
    let key = lines
        .iter()
        .find_map(|line| line.strip_prefix("dd-api-key: "));
    if key == Some(KEY) { 202 } else { 403 }
}

#[test]
fn past_the_agent_the_intake_gets_the_key_and_the_host() {
    let (url, requests) = receiver(as_the_intake);
    let run = Program::exact("recursive_exact")
        .env("LOCKPROF_SINK", "datadog")
        .env("LOCKPROF_DATADOG_INTAKE", &format!("{url}/api/v2/profile"))
        .env("DD_PROFILING_AGENTLESS", "1")
        .env("DD_API_KEY", KEY)
        .env("DD_HOSTNAME", "the-host")
        .run();
    run.expect_success();
    let said = format!(
        "lockprof: Datadog: profiles go past the Agent to {url}/api/v2/profile, \
         because DD_PROFILING_AGENTLESS is set\n"
    );
    assert_eq!(run.stderr, said);
    let (head, body) = requests.recv_timeout(Duration::from_secs(10)).unwrap();
    let upload = Upload::of_request(&head, &body);
    assert_eq!(upload.request, "POST /api/v2/profile");
    assert_eq!(upload.headers["dd-api-key"], KEY);
    assert_eq!(upload.tag("host"), Some("the-host"));
    assert_eq!(upload.tag("service"), Some("recursive_exact"));
    assert_eq!(upload.tag("env"), None);
    expect::expect_event(&upload);
    expect::expect_profile(&upload);
    let all = |column| sum(&upload.profile, column, |_| true);
    assert_eq!((all(ACQUIRE), all(RELEASE)), (1000, 1000));
    assert!(requests.recv_timeout(Duration::from_millis(100)).is_err());
}

#[test]
fn a_wrong_key_costs_one_line_that_names_it_but_does_not_show_it() {
    let (url, requests) = receiver(as_the_intake);
    let wrong = "ffffffffffffffffffffffffffffffff";
    let run = Program::exact("recursive_exact")
        .env("LOCKPROF_SINK", "datadog")
        .env("LOCKPROF_DATADOG_INTAKE", &format!("{url}/api/v2/profile"))
        .env("DD_PROFILING_AGENTLESS", "1")
        .env("DD_API_KEY", wrong)
        .run();
    run.expect_success();
    assert!(requests.recv_timeout(Duration::from_secs(10)).is_ok());
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.stderr);
    assert!(
        lines[1].contains("403") && lines[1].contains("DD_API_KEY"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains(wrong));
}

#[test]
fn an_agent_that_is_too_old_is_called_so() {
    let (url, _requests) = receiver(|_| 404);
    let run = Program::exact("recursive_exact")
        .env("LOCKPROF_SINK", "datadog")
        .env("DD_TRACE_AGENT_URL", &url)
        .run();
    run.expect_success();
    let last = run.stderr.lines().last().unwrap();
    assert!(
        last.contains("404") && last.contains("older than 7.20"),
        "{}",
        run.stderr
    );
}

#[test]
fn nobody_there_costs_two_lines_and_leaves_the_file() {
    let url = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let run = Program::exact("recursive_exact")
        .env("DD_TRACE_AGENT_URL", &url)
        .run();
    run.expect_success();
    assert_eq!(run.stderr.lines().count(), 2, "{}", run.stderr);
    run.profile().expect_counts("in the file", 1000, 1000);
}

#[test]
fn what_cannot_be_an_address_is_said_and_the_file_is_written() {
    for (name, value, word) in [
        ("DD_TRACE_AGENT_URL", "agent:8126", "agent:8126"),
        ("DD_PROFILING_AGENTLESS", "1", "DD_API_KEY"),
    ] {
        let run = Program::exact("recursive_exact").env(name, value).run();
        run.expect_success();
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        assert!(run.stderr.contains(word), "{}", run.stderr);
        run.profile().expect_counts("in the file", 1000, 1000);
    }
}
