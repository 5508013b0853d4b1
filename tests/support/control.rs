//! A client of the control socket, for tests.

use std::io::{self, Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use contract::control::{self, Head, Queue, Request};

use super::profile::Rows;
use super::program::Started;
use super::scratch::Scratch;

/// How long anything may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// The name of a process's socket, as anybody would find it.
pub(crate) fn name(pid: u32) -> String {
    let link = std::fs::read_link(format!("/proc/{pid}/ns/pid")).unwrap();
    control::socket_name(pid, control::namespace(link.to_str().unwrap()))
}

pub(crate) fn connect(pid: u32) -> io::Result<UnixStream> {
    let stream = UnixStream::connect_addr(&SocketAddr::from_abstract_name(name(pid))?)?;
    stream.set_read_timeout(Some(LIMIT))?;
    Ok(stream)
}

/// Sends a line and reads to the end: what stands behind the head.
pub(crate) fn say(pid: u32, line: &str) -> io::Result<Result<Vec<u8>, String>> {
    let mut stream = connect(pid)?;
    stream.write_all(line.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let Some(end) = answer.iter().position(|byte| *byte == b'\n') else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    let body = answer.split_off(end + 1);
    match Head::parse(std::str::from_utf8(&answer[..end]).unwrap()) {
        Some(Head::Ok(len)) => {
            assert_eq!(body.len(), len, "length of the answer to {line:?}");
            Ok(Ok(body))
        }
        Some(Head::Error(reason)) => Ok(Err(reason)),
        None => panic!("{line:?} was answered by {answer:?}"),
    }
}

pub(crate) fn ask(pid: u32, request: Request) -> io::Result<Vec<u8>> {
    let line = format!("{}\n", request.word());
    say(pid, &line).map(|answer| answer.unwrap_or_else(|why| panic!("{line}: {why}")))
}

/// The value of a key in the status.
pub(crate) fn status(pid: u32, key: &str) -> io::Result<String> {
    let status = String::from_utf8(ask(pid, Request::Status)?).unwrap();
    Ok(control::value(&status, key).unwrap().to_owned())
}

pub(crate) fn queues(pid: u32) -> Vec<Queue> {
    let text = String::from_utf8(ask(pid, Request::Waiters).unwrap()).unwrap();
    control::decode_queues(&text).unwrap_or_else(|| panic!("{text}"))
}

/// The profile as of now.
pub(crate) fn profile(pid: u32) -> Rows {
    let scratch = Scratch::new();
    let path = scratch.join("now.pb.gz");
    std::fs::write(&path, ask(pid, Request::Profile).unwrap()).unwrap();
    Rows::read(&path)
}

/// Asks until there is an answer.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begin.elapsed() < LIMIT, "no {what} after {LIMIT:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until a program can be asked.
pub(crate) fn until_reachable(pid: u32) {
    until("control socket", || status(pid, "state").ok());
}

/// The last that a running program told under a key.
pub(crate) fn last_truth(started: &Started, key: &str) -> Option<i64> {
    let home = started.profiles();
    let truth = std::fs::read_to_string(home.parent().unwrap().join("truth")).ok()?;
    // The last line may not be whole yet.
    let whole = &truth[..truth.rfind('\n')? + 1];
    let of_key = |line: &str| line.strip_prefix(key)?.trim().parse().ok();
    whole.lines().rev().find_map(of_key)
}

/// Makes a file that a program waits for.
pub(crate) fn tell(started: &Started, file: &str) {
    let home = started.profiles();
    let path: &Path = home.parent().unwrap();
    std::fs::write(path.join(file), "").unwrap();
}
