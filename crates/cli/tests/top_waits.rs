//! `lockprof top` of a process that answers late, in part, or not at all: this one, by a socket of ours.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a test fails by panicking, and no file of tests needs all that is shared"
)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

use contract::control::{self, Head, Queue, Request};
use support::encoded;
use support::screen::Terminal;

/// The control socket of this process.
struct Mock(UnixListener);

impl Mock {
    fn listen() -> Self {
        let link = fs::read_link("/proc/self/ns/pid").unwrap();
        let namespace = control::namespace(link.to_str().unwrap()).to_owned();
        let name = control::socket_name(std::process::id(), &namespace);
        let address = SocketAddr::from_abstract_name(name).unwrap();
        Self(UnixListener::bind_addr(&address).unwrap())
    }

    /// The next who asks, and for what.
    fn asked(&self) -> (UnixStream, Request) {
        let (stream, _) = self.0.accept().unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        (stream, Request::parse(line.trim_end()).unwrap())
    }

    /// Answers what belongs to one look, in which so many wait.
    fn look(&self, waiting: u32) {
        for _ in 0..3 {
            let (stream, request) = self.asked();
            send(stream, request, waiting);
        }
    }
}

fn answer(request: Request, waiting: u32) -> Vec<u8> {
    match request {
        Request::Waiters => {
            let queue = Queue {
                lock: "0x77".to_owned(),
                name: "kept".to_owned(),
                kind: "mutex".to_owned(),
                waiting,
                ..Queue::default()
            };
            control::encode_queues(&[queue]).into_bytes()
        }
        Request::Profile => encoded(),
        _ => b"state on\n".to_vec(),
    }
}

fn send(mut stream: UnixStream, request: Request, waiting: u32) {
    let body = answer(request, waiting);
    let head = Head::Ok(body.len()).line();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body).unwrap();
}

/// Whether a screen shows so many waiting for the lock.
fn has_waiting(screen: &str, waiting: &str) -> bool {
    let row = screen.lines().find(|line| line.starts_with("kept"));
    row.is_some_and(|row| row.split_whitespace().any(|word| word == waiting))
}

#[test]
fn figures_stay_while_there_is_no_answer_and_go_on_with_the_next() {
    let mock = Mock::listen();
    let pid = std::process::id().to_string();
    let terminal = Terminal::with_top("waits", &pid);
    mock.look(41);
    terminal.until(|screen| has_waiting(screen, "41"));

    // Late: asked for, and answered only when top has said that there is nothing.
    let (stream, request) = mock.asked();
    let silent = terminal.until_has("no answer for ");
    assert!(has_waiting(&silent, "41"), "{silent}");
    assert!(silent.contains("these figures are the last"), "{silent}");
    // Keys are obeyed all the same.
    terminal.keys(&["s"]);
    terminal.until_has("by contentions");
    send(stream, request, 42);
    for _ in 0..2 {
        let (stream, request) = mock.asked();
        send(stream, request, 42);
    }
    let screen = terminal.until(|screen| has_waiting(screen, "42"));
    assert!(!screen.contains("no answer"), "{screen}");

    // In part: the rest never comes, and the next attempt succeeds.
    let (mut stream, request) = mock.asked();
    let body = answer(request, 43);
    let head = Head::Ok(body.len()).line();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body[..body.len() / 2]).unwrap();
    drop(stream);
    let silent = terminal.until_has("closed the connection");
    assert!(has_waiting(&silent, "42"), "{silent}");
    mock.look(44);
    terminal.until(|screen| has_waiting(screen, "44"));

    // Never.
    let (_unanswered, _) = mock.asked();
    terminal.keys(&["q"]);
    terminal.expect_restored("status 0");
}
