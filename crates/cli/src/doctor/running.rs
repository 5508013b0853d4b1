//! What a process says: whether the library is in it, and what limits it there.

use contract::control::{self, Request};

use super::subject::Process;
use super::{Check, Subject};
use crate::control::{self as socket, Failure, Patience};

/// The library as it is called when it is loaded.
const LIBRARY: &str = "liblockprof";
const PRELOAD: &str = "LD_PRELOAD";

pub(super) fn check(subject: &Subject, process: &Process) -> Vec<Check> {
    if process.maps.is_empty() || subject.environment.is_none() {
        let user = process.user;
        return vec![Check::bad(
            format!(
                "process {} belongs to user {user} and does not let us look",
                process.pid
            ),
            "ask as that user, or as root",
        )];
    }
    let mut checks = vec![loaded(subject, process)];
    if process.has_loaded("libasan") {
        checks.push(Check::bad(
            "AddressSanitizer is loaded, which wants to come first",
            "profile a build without -fsanitize=address",
        ));
    }
    if process.threads == 1 {
        checks.push(Check::doubt(
            "it has one thread: nobody else to wait for, and its profile is written at its end only",
            "LOCKPROF_EXPORTER=constructor writes profiles meanwhile",
        ));
    } else {
        checks.push(Check::good(format!("it has {} threads", process.threads)));
    }
    if process.status("Seccomp") == Some("2") {
        checks.push(Check::doubt(
            "system calls are filtered (seccomp), so files and sockets may be denied to it",
            "if no profile appears, run it once without its sandbox",
        ));
    }
    checks.extend(switched(subject, process));
    checks
}

/// Whether the library is in it; if not, why not.
fn loaded(subject: &Subject, process: &Process) -> Check {
    if process.has_loaded(LIBRARY) {
        return Check::good("liblockprof is loaded");
    }
    let text = "liblockprof is not loaded";
    if process.is_secure {
        return Check::bad(
            format!("{text}: it gained rights when it was started, and then nothing is preloaded"),
            "start it as the user it needs, without set-user-id bits or capabilities",
        );
    }
    let preload = subject.variable(PRELOAD).unwrap_or_default();
    let ours = preload
        .split([':', ' '])
        .find(|path| path.contains(LIBRARY));
    match ours {
        None => Check::bad(
            format!("{text}: {PRELOAD} does not name it"),
            "start the program again with lockprof run, or with LD_PRELOAD set to its path",
        ),
        Some(path) if !subject.seen(path).is_file() => Check::bad(
            format!("{text}: {PRELOAD} names {path}, which the program cannot see"),
            "name its absolute path, in a folder that exists inside the program's container too",
        ),
        Some(path) => Check::bad(
            format!("{text}, though {PRELOAD} names {path}"),
            "what the loader said at the start stands on the program's standard error",
        ),
    }
}

/// What the library itself says, where it can be asked.
fn switched(subject: &Subject, process: &Process) -> Option<Check> {
    if !process.has_loaded(LIBRARY) {
        return None;
    }
    let pid = process.pid;
    let answer = socket::ask_text(pid, Request::Status, Patience::Usual);
    match answer.map_err(Failure::reason) {
        Ok(status) => Some(match control::value(&status, "state") {
            Some("on") => Check::good("it answers, and profiling is on"),
            Some("off") => Check::bad(
                "it answers, and profiling is switched off",
                format!("lockprof on {pid}, if nobody switched it off on purpose"),
            ),
            _ => Check::bad(
                "it answers, and has switched itself off for good after a failure",
                "what it said then stands on the program's standard error",
            ),
        }),
        Err(reason) if subject.variable(contract::options::CONTROL).is_some() => Some(
            Check::doubt(reason, "lockprof top, off and on cannot reach it"),
        ),
        Err(_) => None,
    }
}
