//! Asking a process over its control socket.

use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

use contract::control::{self, HEAD_MAX, Head, Request};

use crate::output;

/// Longest time without a piece of the answer: a program that is stopped never answers.
const LIMIT: Duration = Duration::from_secs(6);

/// Asks and returns the answer.
///
/// # Errors
///
/// One line that says why there is none, and what to do.
pub(crate) fn ask(pid: u32, request: Request) -> Result<Vec<u8>, String> {
    let stream = connect(pid)?;
    let answered = exchange(&stream, request);
    answered.map_err(|error| match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => {
            format!("process {pid} does not answer; is it stopped?")
        }
        ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => {
            closed(pid)
        }
        _ => format!("process {pid}: {}", output::reason(&error)),
    })?
}

/// As [`ask`], of an answer that is text.
///
/// # Errors
///
/// As there.
pub(crate) fn ask_text(pid: u32, request: Request) -> Result<String, String> {
    ask(pid, request).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether there is such a process, and it has not ended.
pub(crate) fn is_alive(pid: u32) -> bool {
    let status = fs::read_to_string(folder(pid).join("status")).unwrap_or_default();
    let state = status.lines().find_map(|line| line.strip_prefix("State:"));
    // What has ended and was not waited for is still in the list.
    state.is_some_and(|state| !state.trim_start().starts_with(['Z', 'X']))
}

/// The executable's name of a process.
pub(crate) fn name_of(pid: u32) -> String {
    let name = fs::read(folder(pid).join("comm")).unwrap_or_default();
    String::from_utf8_lossy(&name).trim_end().to_owned()
}

fn folder(pid: u32) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}"))
}

fn exchange(mut stream: &UnixStream, request: Request) -> io::Result<Result<Vec<u8>, String>> {
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    stream.write_all(format!("{}\n", request.word()).as_bytes())?;
    let mut answer = BufReader::new(stream);
    let mut head = String::new();
    let most = u64::try_from(HEAD_MAX).unwrap_or(u64::MAX);
    answer.by_ref().take(most).read_line(&mut head)?;
    let Some(line) = head.strip_suffix('\n') else {
        return Err(ErrorKind::UnexpectedEof.into());
    };
    Ok(match Head::parse(line) {
        Some(Head::Ok(len)) => {
            let mut bytes = vec![0; len];
            answer.read_exact(&mut bytes)?;
            Ok(bytes)
        }
        Some(Head::Error(reason)) => Err(reason),
        None => Err("it speaks another version of the protocol".to_owned()),
    })
}

fn connect(pid: u32) -> Result<UnixStream, String> {
    if !is_alive(pid) {
        return Err(format!("there is no process {pid}"));
    }
    let link = fs::read_link(folder(pid).join("ns/pid")).unwrap_or_default();
    let namespace = control::namespace(&link.to_string_lossy()).to_owned();
    let name = control::socket_name(own_id(pid), &namespace);
    let stream = SocketAddr::from_abstract_name(name)
        .and_then(|address| UnixStream::connect_addr(&address))
        .map_err(|error| match error.kind() {
            ErrorKind::ConnectionRefused => absent(pid),
            _ => format!("process {pid}: {}", output::reason(&error)),
        })?;
    // Names of such sockets are free for all: another process may have taken this one.
    let peer = rustix::net::sockopt::socket_peercred(&stream).map_err(|e| e.to_string())?;
    if u32::try_from(peer.pid.as_raw_nonzero().get()) == Ok(pid) {
        Ok(stream)
    } else {
        Err(format!(
            "another process has taken the socket of process {pid}"
        ))
    }
}

/// The id of a process in its own namespace: the last one of all it has.
fn own_id(pid: u32) -> u32 {
    let status = fs::read_to_string(folder(pid).join("status")).unwrap_or_default();
    let ids = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    let own = ids.and_then(|ids| ids.split_whitespace().next_back());
    own.and_then(|id| id.parse().ok()).unwrap_or(pid)
}

fn absent(pid: u32) -> String {
    if let Some(who) = other_user(pid) {
        return format!("process {pid} belongs to {who}; only that user and root can ask it");
    }
    format!(
        "process {pid} has no control socket: it has one if lockprof run started it, or \
         LOCKPROF_CONTROL=1 beside LD_PRELOAD, and it has threads; lockprof doctor {pid} says more"
    )
}

fn closed(pid: u32) -> String {
    match other_user(pid) {
        _ if !is_alive(pid) => format!("process {pid} has ended"),
        Some(who) => format!("process {pid} belongs to {who}; only that user and root can ask it"),
        None => format!("process {pid} closed the connection"),
    }
}

/// Whose process it is, if not ours, and we are not root.
fn other_user(pid: u32) -> Option<String> {
    let own = rustix::process::geteuid().as_raw();
    let owner = fs::metadata(folder(pid)).ok()?.uid();
    (own != owner && own != 0).then(|| format!("user {owner}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::thread;

    use super::*;

    #[test]
    fn whatever_a_process_answers_is_an_answer_or_an_error() {
        let (mut answers, mut errors) = (0, 0);
        let is_enough = chance::rounds(2_000, |chance| {
            let body = vec![b'x'; chance.below(5000)];
            let head = match chance.below(4) {
                0 => Head::Error("no\u{1b}[2J".to_owned()).line(),
                1 => Head::Ok(body.len() + chance.below(3)).line(),
                _ => Head::Ok(body.len()).line(),
            };
            let mut said = head.into_bytes();
            said.extend(body);
            if chance.is_one_in(2) {
                chance.damage(&mut said);
            }
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            let other = thread::spawn(move || {
                // Who asks may have heard enough.
                let _ = theirs.write_all(&said);
                drop(theirs);
            });
            match exchange(&ours, Request::Status) {
                Ok(Ok(_)) => answers += 1,
                Ok(Err(_)) | Err(_) => errors += 1,
            }
            drop(ours);
            other.join().unwrap();
        });
        if is_enough {
            assert!(
                answers > 200 && errors > 200,
                "{answers} answers, {errors} errors"
            );
        }
    }
}
