//! Asking a process over its control socket.

use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use contract::control::{self, HEAD_MAX, Head, Request};

use crate::output;

/// After so long without a piece of the answer it is looked at what the process does.
const LOOK_AFTER: Duration = Duration::from_secs(6);
/// Longest silence of a process that runs: on a busy machine a profile takes its time.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// How long an answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// For a minute, and of a process that is stopped not even that.
    Usual,
    /// As long as the process is there.
    Endless,
}

/// Why there is no answer, in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The next one may come.
    ForNow(String),
    /// None will come, or none that we understand.
    ForGood(String),
}

impl Failure {
    /// The line.
    pub(crate) fn reason(self) -> String {
        match self {
            Self::ForNow(reason) | Self::ForGood(reason) => reason,
        }
    }
}

/// Asks and returns the answer.
///
/// # Errors
///
/// Why there is none, and what to do.
pub(crate) fn ask(pid: u32, request: Request, patience: Patience) -> Result<Vec<u8>, Failure> {
    let stream = connect(pid).map_err(Failure::ForGood)?;
    let goes_on =
        |silence| patience == Patience::Endless || (silence < LONGEST_SILENCE && !is_stopped(pid));
    match exchange(&stream, request, LOOK_AFTER, goes_on) {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(reason)) => Err(Failure::ForGood(reason)),
        Err(error) => Err(match error.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Failure::ForNow(silent(pid)),
            ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => {
                closed(pid)
            }
            _ => Failure::ForGood(format!("process {pid}: {}", output::reason(&error))),
        }),
    }
}

/// As [`ask`], of an answer that is text.
///
/// # Errors
///
/// As there.
pub(crate) fn ask_text(pid: u32, request: Request, patience: Patience) -> Result<String, Failure> {
    ask(pid, request, patience).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether there is such a process, and it has not ended.
pub(crate) fn is_alive(pid: u32) -> bool {
    // What has ended and was not waited for is still in the list.
    state(pid).is_some_and(|state| !['Z', 'X'].contains(&state))
}

/// Whether a signal, or a debugger, has stopped it.
pub(crate) fn is_stopped(pid: u32) -> bool {
    state(pid).is_some_and(|state| ['T', 't'].contains(&state))
}

/// The kernel's letter for what a process does.
fn state(pid: u32) -> Option<char> {
    let status = fs::read_to_string(folder(pid).join("status")).ok()?;
    let state = status.lines().find_map(|line| line.strip_prefix("State:"));
    state?.trim_start().chars().next()
}

/// The executable's name of a process.
pub(crate) fn name_of(pid: u32) -> String {
    let name = fs::read(folder(pid).join("comm")).unwrap_or_default();
    String::from_utf8_lossy(&name).trim_end().to_owned()
}

fn folder(pid: u32) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}"))
}

/// What a process sends, waited for in pieces of time as long as `goes_on` says so of the
/// silence so far.
struct Patient<'a, F> {
    stream: &'a UnixStream,
    goes_on: F,
}

impl<F: Fn(Duration) -> bool> Read for Patient<'_, F> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let begin = Instant::now();
        loop {
            match self.stream.read(bytes) {
                Err(error)
                    if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
                        && (self.goes_on)(begin.elapsed()) => {}
                result => return result,
            }
        }
    }
}

fn exchange(
    mut stream: &UnixStream,
    request: Request,
    look_after: Duration,
    goes_on: impl Fn(Duration) -> bool,
) -> io::Result<Result<Vec<u8>, String>> {
    stream.set_read_timeout(Some(look_after))?;
    stream.set_write_timeout(Some(look_after))?;
    stream.write_all(format!("{}\n", request.word()).as_bytes())?;
    let mut answer = BufReader::new(Patient { stream, goes_on });
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

fn silent(pid: u32) -> String {
    if is_stopped(pid) {
        return format!("process {pid} is stopped, and answers when it goes on");
    }
    let seconds = LONGEST_SILENCE.as_secs();
    format!("process {pid} has not answered for {seconds} seconds; is the machine overloaded?")
}

fn closed(pid: u32) -> Failure {
    match other_user(pid) {
        _ if !is_alive(pid) => Failure::ForGood(format!("process {pid} has ended")),
        Some(who) => Failure::ForGood(format!(
            "process {pid} belongs to {who}; only that user and root can ask it"
        )),
        None => Failure::ForNow(format!("process {pid} closed the connection")),
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

    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, mpsc};
    use std::thread;

    use super::*;

    /// What comes of a process that sends these pieces, each only after it was looked at
    /// twice whether to go on, and then closes the connection, or is silent until nobody
    /// wants to go on.
    fn answer(pieces: &'static [&str], closes: bool) -> io::Result<Result<Vec<u8>, String>> {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let (looks, looked) = mpsc::channel();
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        let process = thread::spawn(move || {
            theirs.read_exact(&mut [0; "status\n".len()]).unwrap();
            for piece in pieces {
                assert!(looked.iter().nth(1).is_some());
                theirs.write_all(piece.as_bytes()).unwrap();
            }
            // After a whole answer nobody looks any more.
            let is_waited_for = looked.iter().nth(1).is_some();
            ends.store(is_waited_for && !closes, Ordering::Relaxed);
            (!closes).then_some(theirs)
        });
        let goes_on = |_| {
            let _ = looks.send(());
            !is_over.load(Ordering::Relaxed)
        };
        let answer = exchange(&ours, Request::Status, Duration::from_millis(5), goes_on);
        drop(looks);
        drop(process.join().unwrap());
        answer
    }

    #[test]
    fn an_answer_may_come_late_and_in_pieces() {
        let late = answer(&["lockprof 1 ", "OK 5\nab", "cde"], false);
        assert_eq!(late.unwrap().unwrap(), b"abcde");
        let refused = answer(&["lockprof 1 ERROR it ", "has not begun\n"], true);
        assert_eq!(refused.unwrap().unwrap_err(), "it has not begun");
    }

    #[test]
    fn an_answer_that_breaks_off_is_none() {
        for pieces in [&[][..], &["lockprof 1"], &["lockprof 1 OK 5\nab"]] {
            let kind = answer(pieces, true).unwrap_err().kind();
            assert_eq!(kind, ErrorKind::UnexpectedEof, "{pieces:?}");
        }
    }

    #[test]
    fn silence_ends_when_patience_does() {
        for pieces in [&[][..], &["lockprof 1 OK 5\nab"]] {
            let kind = answer(pieces, false).unwrap_err().kind();
            assert_eq!(kind, ErrorKind::WouldBlock, "{pieces:?}");
        }
    }

    #[test]
    fn who_has_not_ended_is_not_stopped_either() {
        let own = std::process::id();
        assert!(is_alive(own) && !is_stopped(own));
        assert!(!is_alive(u32::MAX) && !is_stopped(u32::MAX));
    }

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
            match exchange(&ours, Request::Status, Duration::from_secs(60), |_| false) {
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
