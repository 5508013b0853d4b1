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

/// A receiver that says these bytes, in pieces by chance, and then goes, hangs, or says them again.
struct Odd<'a> {
    says: Vec<u8>,
    at: usize,
    chance: &'a chance::Chance,
    end: usize,
    heard: usize,
}

impl Read for Odd<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.says.len() {
            match self.end {
                0 => return Ok(0),
                1 => return Err(io::ErrorKind::TimedOut.into()),
                2 => return Err(io::ErrorKind::UnexpectedEof.into()),
                3 => return Err(io::ErrorKind::ConnectionReset.into()),
                _ => self.at = 0,
            }
        }
        let left = &self.says[self.at..];
        let len = left.len().min(into.len());
        let len = if self.chance.is_one_in(3) {
            len.min(40)
        } else {
            len
        };
        into[..len].copy_from_slice(&left[..len]);
        self.at += len;
        self.heard += len;
        Ok(len)
    }
}

impl Write for Odd<'_> {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        Ok(from.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Each provisional answer may be as long as one that counts.
const MOST_HEARD: usize = (PROVISIONAL_MAX as usize + 2) * (HEAD_MAX + 2048);

/// What receivers say, sound but odd.
const SAID: [&[u8]; 7] = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 503 Busy\r\nRetry-After: 18446744073709551615\r\n\r\n1a\r\ntry again\r\n0\r\n\r\n",
    b"HTTP/1.0 308 Gone\r\nLocation: http://\xff\xfe/\r\n\r\n<html>",
    b"HTTP/1.1 413 \r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\ntoo large",
    b"X: y\r\n",
];

#[test]
fn whatever_a_receiver_says_is_an_answer_or_a_fault_after_a_bounded_part_of_it() {
    let (mut answers, mut faults) = (0, 0);
    let is_enough = chance::rounds(2_000, |chance| {
        let mut says = chance.one_of(&SAID).to_vec();
        if chance.is_one_in(4) {
            says.splice(
                17.min(says.len() - 1)..,
                b"A: ".repeat(1 << chance.below(14)),
            );
        }
        if !chance.is_one_in(8) {
            chance.damage(&mut says);
        }
        says.push(b'\n');
        let end = chance.below(6);
        let mut odd = Odd {
            says,
            at: 0,
            chance,
            end,
            heard: 0,
        };
        match exchange(&mut odd, "POST", b"body") {
            Ok(answer) => {
                answers += 1;
                assert!(answer.text.len() < 1000 && !(100..200).contains(&answer.status));
                assert!(
                    answer
                        .retry_after
                        .is_none_or(|time| time <= RETRY_AFTER_MAX)
                );
                let said = Fault::Refused(answer).explained(None).to_string();
                assert!(
                    said.len() < 2000 && !said.contains(['\n', '\r', '\0']),
                    "{said:?}"
                );
            }
            Err(_) => faults += 1,
        }
        assert!(odd.heard <= MOST_HEARD, "{}", odd.heard);
    });
    if is_enough {
        assert!(
            answers > 100 && faults > 100,
            "{answers} answers, {faults} faults"
        );
    }
}
