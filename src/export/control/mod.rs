//! Commands from outside: a thread that takes them over a socket, one at a time.

mod listener;

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use contract::control::{self, Head, REQUEST_MAX, Request};

use self::listener::Listener;
use super::{WIRING, locked, own_thread, process};
use crate::{config, diag, state, sys};

/// Longest time one client may take. Others wait meanwhile; the program does not.
const CLIENT_LIMIT: Duration = Duration::from_secs(5);

/// Clients that were not let in: other users'.
static REFUSED: AtomicU32 = AtomicU32::new(0);

/// Starts the thread; the program goes on without it if need be.
pub(super) fn start() {
    let dispensable = own_thread::Dispensable::new();
    if let Err(error) = own_thread::start(c"lockprof-ctl", move || serve(&dispensable)) {
        say_absent(&error);
    }
}

/// Switches over, as somebody asked by signal.
pub(super) fn toggle() {
    switch(!state::is_on());
}

/// In a forked child: the socket is the parent's, and must not outlive it in us.
pub(super) fn forget_all() {
    REFUSED.store(0, Ordering::Relaxed);
    listener::close_inherited();
}

fn say_absent(error: &io::Error) {
    diag::say(format_args!("there is no control socket: {error}"));
}

fn serve(_: &own_thread::Dispensable) {
    let listener = match Listener::open() {
        Ok(listener) => listener,
        Err(error) => return say_absent(&error),
    };
    // Until the program has closed it.
    while let Some(client) = listener.next() {
        if !client.is_trusted() {
            REFUSED.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        let Ok(mut socket) = client.into_socket(CLIENT_LIMIT) else {
            continue;
        };
        let Some(request) = read_line(&mut socket) else {
            continue;
        };
        let answer = Request::parse(&request)
            .ok_or_else(|| format!("unknown request: {request}"))
            .and_then(answer);
        // A client that is gone needs no answer.
        let _ = match answer {
            Ok(bytes) => socket
                .write_all(Head::Ok(bytes.len()).line().as_bytes())
                .and_then(|()| socket.write_all(&bytes)),
            Err(reason) => socket.write_all(Head::Error(reason).line().as_bytes()),
        };
    }
}

/// One line without its end; none when it does not come in time, or is too long.
fn read_line(from: &mut impl Read) -> Option<String> {
    let mut line = [0; REQUEST_MAX];
    let mut len = 0;
    loop {
        let more = from.read(line.get_mut(len..)?).ok().filter(|n| *n > 0)?;
        len += more;
        if let Some(end) = line.iter().position(|byte| *byte == b'\n') {
            return Some(String::from_utf8_lossy(line.get(..end)?).into_owned());
        }
    }
}

fn answer(request: Request) -> Result<Vec<u8>, String> {
    let process = || process().map(locked).ok_or("it has not begun yet");
    match request {
        Request::Status => {}
        Request::Off => {
            switch(false);
        }
        Request::On => {
            if !switch(true) {
                return Err("profiling is off for good, after a failure".to_owned());
            }
        }
        Request::Profile => {
            let profile = process()?.snapshot();
            return profile.map_err(|error| error.to_string());
        }
        Request::Waiters => {
            let now_ns = sys::monotonic_ns();
            let queues = process()?.queues(&super::waiting(now_ns), now_ns);
            return Ok(control::encode_queues(&queues).into_bytes());
        }
    }
    Ok(status().into_bytes())
}

/// Switches on or off; says whether it is so now.
fn switch(on: bool) -> bool {
    let Some(wiring) = WIRING.get() else {
        return false;
    };
    if on {
        return (wiring.switch_on)();
    }
    (wiring.switch_off)();
    if let Some(process) = process() {
        locked(process).forget_open_holds();
    }
    true
}

fn status() -> String {
    let state = match (state::is_on(), state::is_off_for_good()) {
        (true, _) => "on",
        (false, true) => "off for good",
        (false, false) => "off",
    };
    let (times, off_ns) = state::off_time();
    let options = config::get().map(|config| &config.options);
    let mut text = format!(
        "version {}\npid {}\nstate {state}\noff_times {times}\noff_ns {off_ns}\nrefused {}\n",
        env!("CARGO_PKG_VERSION"),
        sys::process_id(),
        REFUSED.load(Ordering::Relaxed)
    );
    if let Some(options) = options {
        text += &format!(
            "sample {}\ninterval_ns {}\nlocks {}\nsinks {}\n",
            options.sample,
            options.interval_ns,
            options.locks.join(","),
            options.sinks.join(",")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever writes in pieces by chance, and then goes.
    struct Odd<'a>(&'a [u8], &'a chance::Chance);

    impl Read for Odd<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let len = self.0.len().min(into.len()).min(1 + self.1.below(9));
            let (now, later) = self.0.split_at(len);
            into[..len].copy_from_slice(now);
            self.0 = later;
            Ok(len)
        }
    }

    #[test]
    fn of_any_bytes_only_a_short_whole_line_is_a_request() {
        let (mut lines, mut known) = (0, 0);
        let is_enough = chance::rounds(20_000, |chance| {
            let word = chance.one_of(&["status", "off", "on", "profile", "waiters"]);
            let mut said = format!("{word}\nmore").into_bytes();
            if !chance.is_one_in(4) {
                chance.damage(&mut said);
            }
            let line = read_line(&mut Odd(&said, chance));
            let end = said
                .iter()
                .take(REQUEST_MAX)
                .position(|&byte| byte == b'\n');
            let whole = end.map(|end| String::from_utf8_lossy(&said[..end]).into_owned());
            assert_eq!(line, whole);
            lines += u64::from(line.is_some());
            known += u64::from(line.is_some_and(|line| Request::parse(&line).is_some()));
        });
        if is_enough {
            assert!(
                known > 1_000 && lines > known + 1_000,
                "{lines} lines, {known} known"
            );
        }
    }
}
