//! `lockprof serve`: who is answered, with what, and what happens when files change.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "a test fails by panicking, says what it measured, and no file of tests needs all that is shared"
)]

#[path = "page/profiles.rs"]
mod profiles;
mod support;

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use contract::pprof;
use profiles::{fought_for, node, write};
use support::{Scratch, encoded, gzip, lockprof, stderr};

/// A server that is ended with the test.
struct Served {
    child: Child,
    address: String,
}

impl Served {
    fn new(path: &Path) -> Self {
        let mut child = lockprof()
            .arg("serve")
            .arg(path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").unwrap();
        let address = address.trim_end_matches('/').to_owned();
        Self { child, address }
    }

    /// A connection on which this much was sent.
    fn connect(&self, sent: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let limit = Some(Duration::from_secs(60));
        stream.set_read_timeout(limit).unwrap();
        stream.write_all(sent.as_bytes()).unwrap();
        stream
    }

    /// Status line and body of an answer.
    fn ask(&self, request: &str) -> (String, String) {
        let mut answer = String::new();
        self.connect(request).read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }

    fn get(&self, path: &str, host: &str) -> (String, String) {
        self.ask(&format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        ))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_server_answers_only_this_machine_and_only_for_the_page() {
    let scratch = Scratch::new("serve-asked");
    scratch.file("p.pb.gz", &encoded());
    let served = Served::new(scratch.path());
    assert!(
        served.address.starts_with("127.0.0.1:"),
        "{}",
        served.address
    );
    let own = served.address.clone();
    let (status, body) = served.get("/", &own);
    assert!(
        status.contains("200") && body.contains("cache_mu"),
        "{status}"
    );
    assert!(served.get("/p.pb.gz", &own).0.contains("404"));
    assert!(served.get("/../../etc/passwd", &own).0.contains("404"));
    let (status, body) = served.get("/", "evil.example:80");
    assert!(
        status.contains("403") && !body.contains("cache_mu"),
        "{status}"
    );
    let post =
        format!("POST / HTTP/1.1\r\nHost: {own}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert!(served.ask(&post).0.contains("405"));
}

#[test]
fn requests_that_are_none_are_refused_and_harm_nobody() {
    let scratch = Scratch::new("serve-refused");
    scratch.file("p.pb.gz", &encoded());
    let served = Served::new(scratch.path());
    let own = served.address.clone();
    let long = "x".repeat(64 << 10);
    let many = "X: y\r\n".repeat(100);
    for (request, status) in [
        (
            format!("GET / HTTP/1.1\r\nHost: {own}\r\nX: {long}\r\n\r\n"),
            "431",
        ),
        (
            format!("GET / HTTP/1.1\r\nHost: {own}\r\n{many}\r\n"),
            "431",
        ),
        (
            format!("GET / HTTP/1.1\r\nHost: {own}\r\nHost: {own}\r\n\r\n"),
            "403",
        ),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "403"),
        (
            "GET / HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n".to_owned(),
            "403",
        ),
        ("\u{1}\u{2}\r\n\r\n".to_owned(), "400"),
        (
            format!("GET http://{own}/ HTTP/1.1\r\nHost: {own}\r\n\r\n"),
            "404",
        ),
        (format!("DELETE / HTTP/1.1\r\nHost: {own}\r\n\r\n"), "405"),
    ] {
        let (said, body) = served.ask(&request);
        assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{said}");
        assert!(!body.contains("cache_mu"), "{said}");
    }
    // A half one, whose sender is gone.
    drop(served.connect("GET / HT"));
    let head = format!("HEAD / HTTP/1.1\r\nHost: {own}\r\n\r\n");
    let (said, body) = served.ask(&head);
    assert!(said.contains("200") && body.is_empty(), "{said} {body}");
    assert!(served.get("/", &own).1.contains("cache_mu"));
}

#[test]
fn a_slow_client_holds_up_nobody() {
    let scratch = Scratch::new("serve-slow");
    let mut large = fought_for(1_700_000_000);
    for function in large.functions.iter_mut().take(1) {
        // A page that no buffer between two sockets holds.
        function.name = "f".repeat(8 << 20);
    }
    write(&scratch, "p.pb.gz", &large);
    let served = Served::new(scratch.path());
    let own = served.address.clone();
    let asking = format!("GET / HTTP/1.1\r\nHost: {own}\r\n\r\n");
    let mut unread = served.connect(&asking);
    // Its answer has begun to come, and cannot end.
    unread.read_exact(&mut [0; 12]).unwrap();
    let half = served.connect("GET / HTTP/1.1\r\nHos");
    assert!(served.get("/version", &own).0.contains("200"));
    // More that ask for nothing than are let in at once: they make way.
    let idle: Vec<_> = (0..100).map(|_| served.connect("")).collect();
    assert!(served.get("/version", &own).0.contains("200"));
    let mut rest = Vec::new();
    unread.read_to_end(&mut rest).unwrap();
    assert!(rest.ends_with(b"</html>\n"), "the whole page");
    drop((half, idle));
}

#[test]
fn the_version_changes_with_the_files() {
    let scratch = Scratch::new("serve-version");
    let file = scratch.file("p.pb.gz", &encoded());
    let served = Served::new(scratch.path());
    let version = || served.get("/version", &served.address).1;
    let first = version();
    assert_eq!(version(), first, "nothing has changed");
    scratch.file("notes.txt", b"no profile");
    assert_eq!(version(), first, "nothing that is shown");
    write(&scratch, "p.pb.gz", &fought_for(1_700_000_000));
    let second = version();
    assert_ne!(second, first);
    scratch.file("q.pb.gz", &encoded());
    let third = version();
    assert_ne!(third, second);
    fs::remove_file(file).unwrap();
    assert_ne!(version(), third);
}

#[test]
fn an_open_page_loads_itself_again_when_a_file_changes() {
    let scratch = Scratch::new("serve-browser");
    let shown = scratch.file("p.pb.gz", &encoded());
    let next = scratch.file("next", &gzip(&pprof::encode(&fought_for(1_700_000_000))));
    let served = Served::new(&shown);
    node(
        &["serve.test.mjs"],
        &[
            ("SERVED", &format!("http://{}/", served.address)),
            ("SHOWN", shown.to_str().unwrap()),
            ("NEXT", next.to_str().unwrap()),
        ],
    );
}

#[test]
fn what_cannot_be_served_is_said_in_a_line() {
    let scratch = Scratch::new("serve-wrong");
    let file = scratch.file("p.pb.gz", &encoded());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let missing = scratch.join("missing");
    for (arguments, reason) in [
        (
            [missing.as_os_str(), OsStr::new("--port=0")],
            "no such file",
        ),
        (
            [file.as_os_str(), OsStr::new(&format!("--port={port}"))],
            "cannot serve on 127.0.0.1",
        ),
    ] {
        let output = lockprof().arg("serve").args(arguments).output().unwrap();
        assert!(!output.status.success());
        let said = stderr(&output);
        assert!(
            said.starts_with("lockprof: ") && said.contains(reason),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}
