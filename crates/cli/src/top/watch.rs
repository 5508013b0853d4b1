//! Looks at a program again and again, beside the screen, so that keys never wait for it.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use contract::control::{self, Queue, Request};
use contract::profile::Profile;

use super::rates::Sums;
use crate::control::{self as socket, Failure, Patience};
use crate::load;

/// One look.
pub(crate) struct Look {
    pub(crate) profile: Profile,
    pub(crate) sums: Sums,
    pub(crate) queues: Vec<Queue>,
    /// `on`, `off` or `off for good`.
    pub(crate) state: String,
}

/// What the screen asks of the one who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Look no more until further notice.
    Pause,
    Resume,
    /// Switch profiling on or off.
    Switch(bool),
}

/// The looks, until one fails for good; and where wishes go.
pub(crate) struct Watch {
    pub(crate) looks: Receiver<Result<Look, Failure>>,
    pub(crate) wishes: Sender<Wish>,
}

/// Looks once.
///
/// # Errors
///
/// Why not, and whether there is hope.
pub(crate) fn look(pid: u32, patience: Patience) -> Result<Look, Failure> {
    let of_process = |reason| Failure::ForGood(format!("process {pid}: {reason}"));
    let queues = socket::ask_text(pid, Request::Waiters, patience)?;
    let bytes = socket::ask(pid, Request::Profile, patience)?;
    let status = socket::ask_text(pid, Request::Status, patience)?;
    let profile = load::decode(&bytes).map_err(of_process)?;
    Ok(Look {
        sums: Sums::new(&profile),
        profile,
        queues: control::decode_queues(&queues)
            .ok_or_else(|| of_process("it speaks another version of the protocol".to_owned()))?,
        state: control::value(&status, "state").unwrap_or("?").to_owned(),
    })
}

/// Begins to look, each time after such a pause.
pub(crate) fn watch(pid: u32, interval: Duration) -> Watch {
    let (looked, looks) = mpsc::channel();
    let (wishes, wished) = mpsc::channel();
    thread::spawn(move || {
        let mut is_paused = false;
        loop {
            match wished.recv_timeout(interval) {
                Ok(Wish::Pause) => is_paused = true,
                Ok(Wish::Resume) => is_paused = false,
                Ok(Wish::Switch(on)) => {
                    let request = if on { Request::On } else { Request::Off };
                    if let Err(failure) = socket::ask(pid, request, Patience::Endless) {
                        let is_over = is_for_good(&failure);
                        if looked.send(Err(failure)).is_err() || is_over {
                            return;
                        }
                        continue;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if is_paused {
                continue;
            }
            let look = look(pid, Patience::Endless);
            let is_over = look.as_ref().is_err_and(is_for_good);
            if looked.send(look).is_err() || is_over {
                return;
            }
        }
    });
    Watch { looks, wishes }
}

fn is_for_good(failure: &Failure) -> bool {
    matches!(failure, Failure::ForGood(_))
}
