//! The table of all options: the one source of what the library reads, of the
//! flags and the help of `lockprof run`, and of the list in the README.
//!
//! Reading (the text as given) and resolving (the value as meant) are two
//! steps. Neither fails: a bad value becomes a complaint and the default is used.

mod check;
mod datadog;
mod markdown;
mod parse;
mod place;
mod resolve;
mod signal;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;

pub use check::check;
pub use datadog::{Address as DatadogAddress, Datadog};
pub use markdown::markdown;
pub use parse::time_ns;
pub use place::Place;
pub use resolve::resolve;
pub use table::TABLE;

/// What values an option takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Values {
    /// `1`/`0`, `true`/`false`, `yes`/`no`, `on`/`off`.
    Switch,
    /// As [`Values::Switch`], or `auto`.
    SwitchOrAuto,
    /// A whole number within bounds.
    Count {
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
    },
    /// A time: a number with `ns`, `us`, `ms`, `s` or `m`; without a unit, seconds.
    Time {
        /// Shortest, nanoseconds.
        min_ns: u64,
        /// Longest, nanoseconds.
        max_ns: u64,
    },
    /// A percentage, with or without the sign.
    Percent {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
    },
    /// Some of these words, separated by commas.
    Words(&'static [&'static str]),
    /// The same; words with a sign change the default instead.
    SignedWords(&'static SignedWords),
    /// Exactly one of these words.
    Word(&'static [&'static str]),
    /// Any text.
    Text,
    /// `key:value` pairs, separated by commas or, without any comma, by spaces.
    Tags,
    /// `key=value` pairs, separated by commas, percent-encoded.
    Pairs,
    /// Places in code, separated by commas.
    Places,
    /// An address of a server; one that names no place there means this one.
    Url {
        /// The place: a path that begins with a slash.
        path: &'static str,
    },
    /// A signal that programs may use as they like, or `none`.
    Signal,
}

/// Words, and those of them that are meant when nothing is said.
#[derive(Debug, PartialEq, Eq)]
pub struct SignedWords {
    /// All of them, in the order in which they are shown.
    pub known: &'static [&'static str],
    /// Those that need not be asked for, with commas.
    pub usual: &'static str,
}

/// A variable of other tracers that means the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alias {
    /// Its name.
    pub name: &'static str,
    /// How its value is meant.
    pub meaning: Meaning,
}

/// How the value of an alias translates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// As the option's own value.
    Same,
    /// Percent of acquisitions sampled: `1.0` is one in a hundred.
    PercentSampled,
    /// A number that is cut to the option's bounds, as the tracers do.
    Clamped,
    /// A whole number of milliseconds, cut to the bounds.
    Milliseconds,
    /// The first part of a file's name; the process and the ending follow.
    Prefix,
    /// Only `0` (or another word for no) counts: it switches off. Whatever else
    /// it says is the tracer's business.
    OnlyOff,
    /// An address to which the option's path is added, whatever path it has.
    BaseUrl,
    /// An address to which nothing is added.
    WholeUrl,
}

/// One option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Opt {
    /// Environment variable.
    pub name: &'static str,
    /// Flag of `lockprof run`, without dashes; none for what only the command sets,
    /// and for secrets: anybody can read a command line.
    pub flag: Option<&'static str>,
    /// What it takes.
    pub values: Values,
    /// The default, as a user would write it.
    pub default: &'static str,
    /// Other names.
    pub aliases: &'static [Alias],
    /// One sentence.
    pub help: &'static str,
}

/// Mark of the `lockprof run` a process belongs to.
pub const RUN: &str = "LOCKPROF_RUN";

/// What all of our variables begin with.
pub const PREFIX: &str = "LOCKPROF_";

/// Variables that are no options: the command reads them, or the scripts around it.
pub const OF_THE_COMMAND: [&str; 3] = [
    "LOCKPROF_LIBRARY",
    "LOCKPROF_DEBUG_DIRS",
    "LOCKPROF_COMMAND",
];

/// Whether somebody reads the variable of this name, which begins with ours.
#[must_use]
pub fn is_read(name: &str) -> bool {
    Opt::named(name).is_some() || OF_THE_COMMAND.contains(&name)
}

/// Whether commands are taken over a socket.
pub const CONTROL: &str = "LOCKPROF_CONTROL";

/// What the options mean, once every default and alias has been applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Whether to profile at all.
    pub enabled: bool,
    /// Mean acquisitions between two sampled ones; 1 is every one.
    pub sample: u64,
    /// Waits at least this long are always kept. Every wait (0) when `sample` is 1
    /// and nothing else was asked for, so that counts are exact.
    pub wait_sample_ns: u64,
    /// Share of a thread's time that sampling may take; 0.005 is half a per cent,
    /// 0 is without a limit. Without a limit when `sample` is 1 and nothing else
    /// was asked for, as above.
    pub cpu_limit: f64,
    /// Time until the first profile.
    pub first_interval_ns: u64,
    /// Time between two later profiles.
    pub interval_ns: u64,
    /// Longest time for one upload.
    pub upload_timeout_ns: u64,
    /// Longest stack kept.
    pub max_frames: usize,
    /// Which kinds of lock are profiled.
    pub locks: Vec<&'static str>,
    /// Places whose locks are profiled; none is everywhere.
    pub include: Vec<Place>,
    /// Places whose locks are not.
    pub exclude: Vec<Place>,
    /// Where profiles go.
    pub sinks: Vec<&'static str>,
    /// How far addresses are named inside the process.
    pub symbols: Symbols,
    /// When our thread starts.
    pub exporter: Exporter,
    /// Directory or pattern for profiles; none is the usual search for a directory.
    pub output: Option<String>,
    /// What the program is called where profiles are kept; none is its executable.
    pub service: Option<String>,
    /// Where it is deployed, as `production`.
    pub environment: Option<String>,
    /// Its release.
    pub version: Option<String>,
    /// Whatever else the user says of it.
    pub tags: Vec<(String, String)>,
    /// The machine's name; none is what the machine says.
    pub host: Option<String>,
    /// Grafana Pyroscope.
    pub pyroscope: Pyroscope,
    /// Parca.
    pub parca: Parca,
    /// What concerns the sink `datadog` alone.
    pub datadog: Datadog,
    /// Where OTLP profiles are posted to.
    pub otlp_url: String,
    /// Headers of these requests.
    pub otlp_headers: Vec<(String, String)>,
    /// Directory or pattern for Prometheus's text file.
    pub prometheus_file: Option<String>,
    /// Directory for what could not be sent; none is that it is lost.
    pub spool: Option<String>,
    /// Whether commands are taken over a socket.
    pub control: bool,
    /// The number of the signal that switches off and on.
    pub signal: Option<u8>,
    /// Mark of the `lockprof run` the process belongs to.
    pub run: Option<String>,
}

/// Where Grafana Pyroscope is, and how it is spoken to.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Pyroscope {
    /// Its address.
    pub url: String,
    /// Whose profiles they are, where it serves several.
    pub tenant: Option<String>,
    /// Who sends.
    pub user: Option<String>,
    /// Secret.
    pub password: Option<String>,
    /// Secret.
    pub token: Option<String>,
}

/// Where Parca is, and how it is spoken to.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parca {
    /// Its address.
    pub url: String,
    /// Secret.
    pub token: Option<String>,
}

impl fmt::Debug for Pyroscope {
    /// Without the secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pyroscope")
            .field("url", &self.url)
            .field("tenant", &self.tenant)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Parca {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parca")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// How far addresses are named inside the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbols {
    /// Not at all.
    Off,
    /// From the symbol tables of the loaded files.
    Symtab,
}

/// When our thread starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exporter {
    /// With the program's first own thread.
    Lazy,
    /// In the constructor.
    Constructor,
}

/// A value that was not understood, and what was used instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The variable as the user wrote it (an alias keeps its own name).
    pub name: &'static str,
    /// Its value.
    pub given: String,
    /// Why it does not serve, and what is used instead.
    pub reason: String,
}

/// Longest part of a value that a message repeats, in characters.
const SHOWN_CHARS: usize = 60;

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given: String = self
            .given
            .chars()
            .map(|c| if c.is_control() { '?' } else { c })
            .take(SHOWN_CHARS)
            .collect();
        let cut = if self.given.chars().nth(SHOWN_CHARS).is_some() {
            "…"
        } else {
            ""
        };
        write!(f, "{}={given}{cut}: {}", self.name, self.reason)
    }
}

impl Opt {
    /// The option that has this variable as its own name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Opt> {
        TABLE.iter().find(|opt| opt.name == name)
    }

    /// The value as a message may repeat it: headers carry keys.
    fn shown(&self, given: String) -> String {
        if self.name == table::receivers::OTLP_HEADERS.name {
            "…".to_owned()
        } else {
            given
        }
    }
}
