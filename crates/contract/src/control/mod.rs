//! The control socket: its name, what may be asked there, and how answers begin.

mod queue;
#[cfg(test)]
mod tests;

pub use queue::{Queue, decode_queues, encode_queues};

/// Longest line of a request, its end included.
pub const REQUEST_MAX: usize = 64;
/// Longest first line of an answer.
pub const HEAD_MAX: usize = 512;
/// What of an error's reason fits into it, whatever its characters are.
const ERROR_CHARS: usize = HEAD_MAX / 4 - 16;
/// Most bytes of an answer that are worth reading.
pub const ANSWER_MAX: usize = 256 << 20;

/// Version of all this; whoever speaks another one is not understood.
const GREETING: &str = "lockprof 1 ";

/// The name of a process's socket in the abstract namespace. Process ids are those of a
/// pid namespace, and several of these may share one namespace of sockets (containers
/// of one pod do), so its number, as [`namespace`] reads it, is a part of the name.
#[must_use]
pub fn socket_name(pid: u32, namespace: &str) -> String {
    format!("lockprof.{pid}.{namespace}")
}

/// The number in what `/proc/PID/ns/pid` leads to, as `pid:[4026531836]`; `0` when it
/// leads nowhere.
#[must_use]
pub fn namespace(link: &str) -> &str {
    let number = link
        .split_once('[')
        .and_then(|(_, rest)| rest.strip_suffix(']'));
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    number.filter(is_number).unwrap_or("0")
}

/// What may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Whether it profiles, and how: lines of a key and a value.
    Status,
    /// Stop profiling; answered as [`Request::Status`].
    Off,
    /// Profile again; answered as [`Request::Status`].
    On,
    /// Everything so far: the profile that would be in the file.
    Profile,
    /// Who waits for which lock now: lines that [`decode_queues`] reads.
    Waiters,
}

const WORDS: [(Request, &str); 5] = [
    (Request::Status, "status"),
    (Request::Off, "off"),
    (Request::On, "on"),
    (Request::Profile, "profile"),
    (Request::Waiters, "waiters"),
];

impl Request {
    /// As it is written: one line, without its end.
    #[must_use]
    pub fn word(self) -> &'static str {
        let row = WORDS.iter().find(|(request, _)| *request == self);
        row.map_or("", |(_, word)| word)
    }

    /// Of a line without its end.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let row = WORDS.iter().find(|(_, word)| *word == line);
        row.map(|(request, _)| *request)
    }
}

/// The first line of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// So many bytes follow.
    Ok(usize),
    /// Why there is no answer.
    Error(String),
}

impl Head {
    /// The line, with its end.
    #[must_use]
    pub fn line(&self) -> String {
        match self {
            Self::Ok(len) => format!("{GREETING}OK {len}\n"),
            Self::Error(reason) => {
                let reason: String = reason
                    .chars()
                    .map(|c| if c.is_control() { ' ' } else { c })
                    .take(ERROR_CHARS)
                    .collect();
                format!("{GREETING}ERROR {reason}\n")
            }
        }
    }

    /// Of a line without its end. None: whoever wrote it is not what we know.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let rest = line.strip_prefix(GREETING)?;
        if let Some(reason) = rest.strip_prefix("ERROR ") {
            return Some(Self::Error(reason.to_owned()));
        }
        let len = rest.strip_prefix("OK ")?.parse().ok()?;
        (len <= ANSWER_MAX).then_some(Self::Ok(len))
    }
}

/// The value of a key in an answer of lines.
#[must_use]
pub fn value<'a>(answer: &'a str, key: &str) -> Option<&'a str> {
    let of_key = |line: &'a str| line.strip_prefix(key)?.strip_prefix(' ');
    answer.lines().find_map(of_key)
}
