//! Requests as they stand on the wire, and receivers that answer oddly.

use std::net::TcpListener;
use std::thread;

use super::*;

/// Sends a request to somebody who reads it all and writes these.
fn told(answer: &'static [u8]) -> (Result<(), Fault>, String) {
    static NETWORK: Network = Network {
        http_proxy: None,
        https_proxy: None,
        no_proxy: String::new(),
        certificate_file: None,
        limit: Duration::from_secs(10),
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let receiver = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut heard = Vec::new();
        let mut piece = [0; 1024];
        while !heard.ends_with(b"\r\n\r\nbody") {
            let len = stream.read(&mut piece).unwrap();
            assert!(len > 0, "it ended too early");
            heard.extend_from_slice(&piece[..len]);
        }
        stream.write_all(answer).unwrap();
        String::from_utf8_lossy(&heard).into_owned()
    });
    let address = Address::parse(&format!("http://127.0.0.1:{port}/in")).unwrap();
    let headers = [("A", "b"), ("C", "d\r\nevil: 1")];
    let result = Client::new(&NETWORK).post(&address, headers.into_iter(), b"body");
    let heard = receiver.join().unwrap();
    (result, heard.replace(&port.to_string(), "PORT"))
}

#[test]
fn a_request_has_all_it_needs_and_no_header_more_than_it_was_given() {
    let (result, heard) = told(b"HTTP/1.1 202 Accepted\r\n\r\n");
    assert_eq!(result, Ok(()));
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "POST /in HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nUser-Agent: liblockprof/{version}\r\n\
         Content-Length: 4\r\nConnection: close\r\nA: b\r\nC: devil: 1\r\n\r\nbody"
    );
    assert_eq!(heard, expected);
}

#[test]
fn a_provisional_answer_is_not_the_answer() {
    let (result, _) = told(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 x\r\n\r\n");
    assert_eq!(result, Ok(()));
}

#[test]
fn a_reason_is_heard_too() {
    let answer = b"HTTP/1.1 413 x\r\nRetry-After: 100000\r\nContent-Length: 9\r\n\r\ntoo large";
    let (result, _) = told(answer);
    let Err(Fault::Refused(answer)) = result else {
        panic!("{result:?}")
    };
    assert_eq!((answer.status, answer.text.as_str()), (413, "too large"));
    assert_eq!(answer.retry_after, Some(RETRY_AFTER_MAX));
}

#[test]
fn an_answer_that_is_none_is_known() {
    assert_eq!(told(b"SSH-2.0-x\r\n").0, Err(Fault::NotHttp));
    for cut in [&b""[..], b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nA: b\r\n"] {
        let (result, _) = told(cut);
        assert!(
            matches!(result, Err(Fault::Connection(_))),
            "{cut:?}: {result:?}"
        );
    }
}
