//! Whether profiles arrive where they are sent to, and what a host notices when they do not.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use support::receiver::{Act, Receiver};
use support::scratch::Scratch;
use support::sending::{
    EXIT_LIMIT, SLACK, expect_one_line_and_a_loss, losses, nobodys_url, program, sending,
};

/// Runs a program that has a profile only at its end, against one fault.
fn expect_fault_at_exit(act: Act, words: &str, reason: &str) {
    let receiver = Receiver::tcp(&[act]);
    let run = program(30, receiver.url()).run();
    expect_one_line_and_a_loss(&run, 30, words, reason);
    assert!(receiver.connections() > 0);
}

#[test]
fn a_profile_arrives_over_tcp_and_over_a_unix_socket() {
    let scratch = Scratch::new();
    let act = [Act::Answer(200, "")];
    let socket = scratch.join("apm.socket");
    for receiver in [Receiver::tcp(&act), Receiver::unix(&socket, &act)] {
        let run = program(30, receiver.url()).compare();
        let requests = receiver.requests();
        assert_eq!(requests.len(), 1, "{requests:#?}");
        assert_eq!(requests[0].line, "POST /profiling/v1/input HTTP/1.1");
        assert!(!requests[0].body.is_empty());
        assert!(losses(&run).is_empty());
    }
}

#[test]
fn a_profile_comes_each_interval_and_at_the_end() {
    let receiver = Receiver::tcp(&[Act::Answer(202, "")]);
    program(2600, receiver.url()).compare();
    let requests = receiver.requests();
    assert!((3..=4).contains(&requests.len()), "{}", requests.len());
    let between = requests[1].at - requests[0].at;
    assert!(between > Duration::from_millis(700), "{between:?}");
}

#[test]
fn nothing_is_sent_that_was_not_asked_for() {
    let receiver = Receiver::tcp(&[Act::Answer(200, "")]);
    program(30, receiver.url())
        .env("LOCKPROF_SINK", "file")
        .compare();
    assert_eq!(receiver.connections(), 0);
}

#[test]
fn nobody_listening_costs_one_line() {
    let run = program(30, &nobodys_url()).run();
    expect_one_line_and_a_loss(&run, 30, "Connection refused", "it was not reached");
    assert!(
        run.elapsed < EXIT_LIMIT,
        "it was waited for: {:?}",
        run.elapsed
    );
}

#[test]
fn a_socket_that_is_not_there_costs_one_line() {
    let run = program(30, "unix:///nowhere/apm.socket").run();
    expect_one_line_and_a_loss(&run, 30, "/nowhere/apm.socket", "it was not reached");
}

#[test]
fn an_unknown_host_costs_one_line() {
    let run = program(30, "http://receiver.invalid:8126").run();
    // A resolver that nobody answers takes longer than the end may.
    let in_time = run.stderr.contains("cannot be found");
    let (words, reason) = if in_time {
        ("receiver.invalid", "host was not found")
    } else {
        ("before the program ended", "the program ended first")
    };
    expect_one_line_and_a_loss(&run, 30, words, reason);
}

#[test]
fn an_address_that_is_none_costs_one_line() {
    let run = program(30, "htp://somewhere").run();
    run.expect_success();
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert!(
        lines.len() == 1 && lines[0].contains("htp://somewhere"),
        "{lines:#?}"
    );
    // Nothing was to be sent, so nothing was lost.
    assert!(losses(&run).is_empty(), "{:?}", losses(&run));
}

#[test]
fn connections_that_break_cost_one_line() {
    expect_fault_at_exit(Act::Reset, "cannot be reached", "it was not reached");
    expect_fault_at_exit(Act::Close, "closed without an answer", "it was not reached");
}

#[test]
fn a_receiver_that_hangs_does_not_hold_up_the_end() {
    expect_fault_at_exit(
        Act::Hang,
        "before the program ended",
        "the program ended first",
    );
}

#[test]
fn a_receiver_that_drips_does_not_hold_up_the_end() {
    expect_fault_at_exit(
        Act::Drip,
        "before the program ended",
        "the program ended first",
    );
}

#[test]
fn answers_are_explained_in_words() {
    for (status, words) in [
        (400, "answered 400"),
        (401, "answered 401; the Agent's own api_key"),
        (403, "answered 403; the Agent's own api_key"),
        (404, "answered 404; "),
        (413, "answered 413; the profile is too large"),
        (429, "answered 429; "),
        (500, "answered 500"),
        (503, "answered 503"),
    ] {
        let reason = format!("it answered {status}");
        expect_fault_at_exit(Act::Answer(status, ""), words, &reason);
    }
    expect_fault_at_exit(
        Act::Answer(308, "Location: http://elsewhere.example/\r\n"),
        "answered 308 (http://elsewhere.example/); redirects are not followed",
        "it answered 308",
    );
    expect_fault_at_exit(
        Act::Garbage,
        "does not answer in HTTP",
        "does not answer in HTTP",
    );
    expect_fault_at_exit(
        Act::Answer(503, "Retry-After: 30\r\n"),
        "answered 503",
        "it answered 503",
    );
}

#[test]
fn what_passes_by_the_next_try_needs_no_words() {
    for act in [
        Act::Answer(503, ""),
        Act::Reset,
        Act::Answer(429, "Retry-After: 1\r\n"),
    ] {
        let receiver = Receiver::tcp(&[act.clone(), Act::Answer(200, "")]);
        let run = program(30, receiver.url()).compare();
        let arrived = receiver.requests().len() - usize::from(!matches!(act, Act::Reset));
        assert_eq!(arrived, 1, "{act:?}");
        assert!(losses(&run).is_empty(), "{act:?}");
        assert_eq!(receiver.connections(), 2);
    }
}

#[test]
fn a_receiver_is_left_alone_as_long_as_it_asks() {
    let busy = Act::Answer(503, "Retry-After: 1\r\n");
    let receiver = Receiver::tcp(&[busy, Act::Answer(200, "")]);
    program(2600, receiver.url()).compare();
    let requests = receiver.requests();
    let between = requests[1].at - requests[0].at;
    assert!(between >= Duration::from_millis(950), "{between:?}");
    assert_eq!(requests[0].body, requests[1].body);
}

#[test]
fn what_no_try_can_change_is_said_once_and_tried_once_an_interval() {
    let receiver = Receiver::tcp(&[Act::Answer(403, "")]);
    let run = program(2600, receiver.url()).run();
    expect_one_line_and_a_loss(&run, 2600, "api_key is wrong", "it answered 403");
    let requests = receiver.requests();
    assert!((3..=4).contains(&requests.len()), "{}", requests.len());
    let lost = format!("lost: {} uploads to Datadog Agent", requests.len());
    assert!(losses(&run)[0].starts_with(&lost), "{:?}", losses(&run));
}

#[test]
fn it_is_said_when_it_works_again() {
    let receiver = Receiver::tcp(&[Act::Answer(403, ""), Act::Answer(200, "")]);
    let run = program(2600, receiver.url()).run();
    run.expect_success();
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].contains("answered 403"), "{lines:#?}");
    assert!(lines[1].ends_with("takes profiles again"), "{lines:#?}");
    assert!(
        losses(&run)[0].starts_with("lost: 1 uploads"),
        "{:?}",
        losses(&run)
    );
}

#[test]
fn a_hanging_receiver_delays_neither_file_nor_host() {
    let receiver = Receiver::tcp(&[Act::Hang]);
    let begin = Instant::now();
    let started = program(2600, receiver.url()).start(true);
    let directory = started.profiles();
    let written = loop {
        if let Some(path) = support::program::files_in(&directory).pop() {
            break path;
        }
        assert!(begin.elapsed() < Duration::from_secs(8), "no file by now");
        std::thread::sleep(Duration::from_millis(20));
    };
    let first = fs::metadata(&written).unwrap().modified().unwrap();
    let run = started.wait(Duration::from_secs(20));
    expect_one_line_and_a_loss(
        &run,
        2600,
        "before the program ended",
        "the program ended first",
    );
    let last = fs::metadata(&run.files()[0]).unwrap().modified().unwrap();
    assert!(last > first, "the file was written once");
    let rows = run.profile();
    assert!(rows.at("work_for_a_while").acquires() > 200, "{rows}");
    // The first one hangs; the others wait behind it.
    assert_eq!(receiver.connections(), 1);
}

#[test]
fn a_hanging_receiver_delays_no_other() {
    let hanging = Receiver::tcp(&[Act::Hang]);
    let store = Receiver::tcp(&[Act::Answer(200, "")]);
    let run = program(2600, hanging.url())
        .env("LOCKPROF_SINK", "file,datadog,pyroscope")
        .env("LOCKPROF_PYROSCOPE_URL", store.url())
        .run();
    run.expect_success();
    assert!(
        run.elapsed < Duration::from_millis(2600) + EXIT_LIMIT + SLACK,
        "{:?}",
        run.elapsed
    );
    // One after each second, and the last one.
    let requests = store.requests();
    assert!(requests.len() >= 3, "{}", requests.len());
    let between = requests[1].at - requests[0].at;
    assert!(between < Duration::from_millis(2000), "{between:?}");
    let lost = losses(&run);
    assert!(
        lost.len() == 1 && lost[0].contains("Datadog Agent"),
        "{lost:?}"
    );
}

#[test]
fn an_upload_takes_no_longer_than_it_may() {
    let hanging = Receiver::tcp(&[Act::Hang]);
    let run = program(2600, hanging.url())
        .env("DD_PROFILING_API_TIMEOUT_MS", "300")
        .run();
    run.expect_success();
    assert!(
        run.stderr.contains("was too slow to answer"),
        "{}",
        run.stderr
    );
    // Each was given up in time for the next try.
    assert!(hanging.connections() >= 3, "{}", hanging.connections());
}

#[test]
fn when_main_has_left_a_hanging_receiver_does_not_keep_the_process() {
    let receiver = Receiver::tcp(&[Act::Hang]);
    for interval in ["1s", "60s"] {
        let run = sending("main_exits_early", receiver.url())
            .env("LOCKPROF_INTERVAL", interval)
            .run();
        expect_one_line_and_a_loss(
            &run,
            300,
            "before the program ended",
            "the program ended first",
        );
    }
    assert_eq!(receiver.connections(), 2);
}

#[test]
fn a_forked_child_leaves_the_deliveries_of_its_parent_behind() {
    for (act, lines) in [(Act::Hang, 2), (Act::Answer(200, ""), 0)] {
        let receiver = Receiver::tcp(&[act]);
        let run = sending("fork_child_goes_on", receiver.url()).run();
        run.expect_success();
        assert_eq!(run.stderr.lines().count(), lines, "{}", run.stderr);
        assert!(run.elapsed < 2 * (EXIT_LIMIT + SLACK), "{:?}", run.elapsed);
        assert_eq!(run.profiles().len(), 2);
        assert_eq!(
            receiver.connections(),
            2,
            "one of the child, one of the parent"
        );
        for (_, rows) in run.profiles() {
            let lost = rows
                .comments
                .iter()
                .filter(|comment| comment.contains("uploads to"));
            assert_eq!(lost.count(), lines / 2);
        }
    }
}

#[test]
fn a_fork_while_a_request_is_under_way_harms_neither() {
    let receiver = Receiver::tcp(&[Act::Hang]);
    let run = sending("forks_while_sending", receiver.url()).run();
    run.expect_success();
    let limit = Duration::from_millis(1500) + 2 * (EXIT_LIMIT + SLACK);
    assert!(run.elapsed < limit, "{:?}", run.elapsed);
    // One that was under way at the fork, and the child's own; the parent's last one
    // waits behind the first.
    assert_eq!(receiver.connections(), 2);
    let profiles = run.profiles();
    assert_eq!(profiles.len(), 2);
    let mut lost: Vec<u64> = profiles
        .iter()
        .flat_map(|(_, rows)| &rows.comments)
        .filter(|comment| comment.contains(" uploads to "))
        .map(|comment| {
            let (count, cause) = comment.split_once(" uploads to ").expect("as filtered");
            assert_eq!(cause, "Datadog Agent (the program ended first)");
            let count = count.strip_prefix("lost: ").expect("a loss");
            count.parse().expect("a count")
        })
        .collect();
    lost.sort_unstable();
    // One each second and one at the end: two and one, more if the machine is slow.
    let [of_child, of_parent] = lost[..] else {
        panic!("{lost:?}");
    };
    let most = run.elapsed.as_secs() + 1;
    assert!((1..=most).contains(&of_child), "{lost:?}");
    assert!((2..=most).contains(&of_parent), "{lost:?}");
}

#[test]
fn a_host_that_closes_every_descriptor_keeps_what_it_opens_instead() {
    let receiver = Receiver::tcp(&[Act::Drip]);
    let run = sending("takes_all_numbers", receiver.url()).run();
    run.expect_success();
    // The connection that was closed, and one that came after it.
    assert!(receiver.connections() >= 2);
}

#[test]
fn locks_on_our_own_threads_are_never_seen() {
    let receiver = Receiver::tcp(&[Act::Answer(200, "")]);
    let jemalloc = Path::new("/usr/lib/x86_64-linux-gnu/libjemalloc.so.2");
    assert!(jemalloc.is_file(), "please install libjemalloc2");
    let run = program(1300, receiver.url())
        .preload_after(jemalloc)
        .compare();
    assert!(receiver.requests().len() >= 2);
    let rows = run.profile();
    let threads = rows.texts(contract::sample_type::label::THREAD_NAME);
    assert!(
        !threads.iter().any(|name| name.starts_with("lockprof")),
        "{threads:?}"
    );
    let ours = rows.at("work_for_a_while");
    assert!(ours.acquires() > 100, "{rows}");
}
