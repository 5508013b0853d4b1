//! Tests of what is said over the control socket.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;

#[test]
fn every_request_is_read_back() {
    for (request, word) in WORDS {
        assert_eq!(request.word(), word);
        assert_eq!(Request::parse(word), Some(request));
        assert!(word.len() < REQUEST_MAX);
    }
    for line in ["", "Status", "off ", "profile x"] {
        assert_eq!(Request::parse(line), None, "{line}");
    }
}

#[test]
fn heads_are_read_back_and_other_lines_are_not() {
    let reason = "no such thing\nlockprof 1 OK 5".to_owned();
    for head in [Head::Ok(0), Head::Ok(4711), Head::Error(reason)] {
        let line = head.line();
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        let read = Head::parse(line.strip_suffix('\n').unwrap()).unwrap();
        assert_eq!(read.line(), line);
    }
    let long = Head::Error("ä".repeat(10_000)).line();
    assert!(long.len() <= HEAD_MAX, "{}", long.len());
    for line in [
        "",
        "HTTP/1.1 200 OK",
        "lockprof 2 OK 5",
        "lockprof 1 OK -5",
        "lockprof 1 OK 99999999999",
    ] {
        assert_eq!(Head::parse(line), None, "{line}");
    }
}

#[test]
fn a_socket_is_called_by_process_and_namespace() {
    let name = socket_name(42, namespace("pid:[4026531836]"));
    assert_eq!(name, "lockprof.42.4026531836");
    for link in ["", "pid:", "pid:[]", "pid:[x]", "pid:[1"] {
        assert_eq!(namespace(link), "0", "{link}");
    }
}

#[test]
fn values_are_found_by_their_whole_key() {
    let answer = "off_ns 5\noff 2\nstate on\n";
    assert_eq!(value(answer, "off"), Some("2"));
    assert_eq!(value(answer, "state"), Some("on"));
    assert_eq!(value(answer, "pid"), None);
}

#[test]
fn queues_are_read_back_whatever_their_names_are() {
    let queue = Queue {
        lock: "0x5010#2".to_owned(),
        name: "a\tname\nof two lines".to_owned(),
        kind: "mutex".to_owned(),
        waiting: 3,
        waited_ns: 12,
        holder: 4711,
        holder_name: "Worker 1".to_owned(),
        held_ns: 500,
        taken_in: String::new(),
    };
    let text = encode_queues(&[queue.clone(), Queue::default()]);
    let read = decode_queues(&text).unwrap();
    let named = Queue {
        name: "a?name?of two lines".to_owned(),
        ..queue
    };
    assert_eq!(read, [named, Queue::default()]);
    assert_eq!(decode_queues(""), Some(vec![]));
    for text in [
        "x",
        "0x10\ta\tmutex\t1\t2\t3\tx\t4",
        "0\t0\t0\tx\t0\t0\t0\t0\t0",
    ] {
        assert_eq!(decode_queues(text), None, "{text}");
    }
}
