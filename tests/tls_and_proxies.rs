//! Receivers behind TLS, trusted or not, and behind a proxy.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use support::certificates::identity;
use support::receiver::{Act, Receiver};
use support::scratch::Scratch;
use support::sending::{expect_one_line_and_a_loss, losses, program};

#[test]
fn a_profile_arrives_in_secret_at_whoever_is_trusted() {
    let scratch = Scratch::new();
    let receiver = Receiver::tls(
        identity(scratch.path(), "localhost"),
        &[Act::Answer(200, "")],
    );
    let certificate = scratch.join("certificate.pem");
    let run = program(30, receiver.url())
        .env("SSL_CERT_FILE", certificate.to_str().unwrap())
        .compare();
    assert_eq!(receiver.requests().len(), 1);
    assert!(losses(&run).is_empty());
}

#[test]
fn whoever_is_not_trusted_hears_nothing() {
    let scratch = Scratch::new();
    let trusted = scratch.join("certificate.pem");
    let unknown = Scratch::new();
    let acts = [Act::Answer(200, "")];
    let another = Receiver::tls(identity(unknown.path(), "localhost"), &acts);
    let misnamed = Receiver::tls(identity(scratch.path(), "elsewhere.example"), &acts);
    for receiver in [another, misnamed] {
        let run = program(30, receiver.url())
            .env("SSL_CERT_FILE", trusted.to_str().unwrap())
            .run();
        expect_one_line_and_a_loss(&run, 30, "is not trusted", "it is not trusted");
        assert!(receiver.requests().is_empty());
        assert!(receiver.connections() > 0);
    }
}

#[test]
fn the_proxy_is_asked_for_hosts_that_only_it_knows() {
    let receiver = Receiver::tcp(&[Act::Answer(200, "")]);
    let proxy = receiver.url().replace("http://", "http://us%65r:word@");
    program(30, "http://receiver.invalid:8126")
        .env("http_proxy", &proxy)
        .compare();
    let requests = receiver.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        requests[0].line,
        "POST http://receiver.invalid:8126/profiling/v1/input HTTP/1.1"
    );
    assert_eq!(requests[0].header("Host"), Some("receiver.invalid:8126"));
    let user = requests[0].header("Proxy-Authorization");
    assert_eq!(user, Some("Basic dXNlcjp3b3Jk"));
}

/// A proxy that lets one connection through to this port, whatever host is asked for.
fn tunnel_to(port: u16) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let proxy = thread::spawn(move || {
        let (mut near, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            near.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let mut far = TcpStream::connect(("127.0.0.1", port)).unwrap();
        near.write_all(b"HTTP/1.1 200 go on\r\n\r\n").unwrap();
        let (mut from, mut to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
        thread::spawn(move || io::copy(&mut from, &mut to));
        let _ = io::copy(&mut far, &mut near);
        String::from_utf8(head).unwrap()
    });
    (url, proxy)
}

#[test]
fn secrets_go_through_a_proxy_that_cannot_read_them() {
    let scratch = Scratch::new();
    let config = identity(scratch.path(), "receiver.invalid");
    let receiver = Receiver::tls(config, &[Act::Answer(200, "")]);
    let (proxy, tunnel) = tunnel_to(receiver.port());
    let certificate = scratch.join("certificate.pem");
    program(30, "https://receiver.invalid:8126")
        .env("https_proxy", &proxy)
        .env("SSL_CERT_FILE", certificate.to_str().unwrap())
        .compare();
    let head = tunnel.join().unwrap();
    assert!(
        head.starts_with(
            "CONNECT receiver.invalid:8126 HTTP/1.1\r\nHost: receiver.invalid:8126\r\n"
        ),
        "{head}"
    );
    assert!(!head.contains("secret"), "{head}");
    let requests = receiver.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].line, "POST /profiling/v1/input HTTP/1.1");
}
