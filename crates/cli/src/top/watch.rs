//! Looks at a program again and again, beside the screen, so that keys never wait for it.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use contract::control::{self, Queue, Request};
use contract::profile::Profile;

use super::rates::Sums;
use crate::{control as socket, load};

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

/// The looks, until one fails; and where wishes go.
pub(crate) struct Watch {
    pub(crate) looks: Receiver<Result<Look, String>>,
    pub(crate) wishes: Sender<Wish>,
}

/// Looks once.
///
/// # Errors
///
/// One line that says why not.
pub(crate) fn look(pid: u32) -> Result<Look, String> {
    let queues = socket::ask_text(pid, Request::Waiters)?;
    let bytes = socket::ask(pid, Request::Profile)?;
    let status = socket::ask_text(pid, Request::Status)?;
    let profile = load::decode(&bytes).map_err(|reason| format!("process {pid}: {reason}"))?;
    Ok(Look {
        sums: Sums::new(&profile),
        profile,
        queues: control::decode_queues(&queues)
            .ok_or_else(|| format!("process {pid} speaks another version of the protocol"))?,
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
                    if let Err(reason) = socket::ask(pid, request) {
                        let _ = looked.send(Err(reason));
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if is_paused {
                continue;
            }
            let look = look(pid);
            let is_over = look.is_err();
            if looked.send(look).is_err() || is_over {
                return;
            }
        }
    });
    Watch { looks, wishes }
}
