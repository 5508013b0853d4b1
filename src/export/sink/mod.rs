//! Where profiles go: what a receiver is told, and how it wants to be told.

mod address;
mod answer;
mod backoff;
mod courier;
mod datadog;
mod deliveries;
mod descriptor;
mod fault;
mod file;
mod http;
mod open;
mod open_all;
mod otlp;
mod outbox;
mod parca;
mod prometheus;
mod prominent;
mod pyroscope;
mod sender;
mod socket;
mod spool;
mod tls;
mod upload;

use contract::profile::{Profile, Sample};

pub(crate) use self::deliveries::Deliveries;
pub(crate) use self::descriptor::Identity as SocketIdentity;
pub(crate) use self::file::{Gzipped, encoder};
pub(crate) use self::open_all::open_all;
use self::sender::Sender;
pub(crate) use self::socket::Socket;
use self::upload::Upload;

/// Why a profile did not arrive, and so what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SinkError {
    /// The next profile may get through.
    Temporary(String),
    /// No profile ever will.
    Permanent(String),
}

/// Which rows a sink is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// Everything since the process began.
    Whole,
    /// What came since the flush before.
    SinceFlush,
}

/// A place where profiles go. A flush hands it the rows one by one, since all of
/// them with all their labels would be most of our memory.
pub(crate) trait Sink: Send {
    /// Which rows it is told.
    fn span(&self) -> Span;

    /// Whether it is told of sync waits too. Receivers are not, so far: they would take
    /// a condition for one more lock, and idle workers for waiting.
    fn takes_sync_waits(&self) -> bool {
        false
    }

    /// Takes in one row. It refers to tables that are as far as they are now; what
    /// they have stays where it is.
    fn add(&mut self, sample: &Sample, tables: &Profile);

    /// Delivers what it was told, or hands it to a thread that does: with all tables,
    /// times and comments, but without rows.
    ///
    /// # Errors
    /// Says in one line why it cannot arrive.
    fn finish(&mut self, tables: &Profile) -> Result<(), SinkError>;
}

/// How one receiver wants to be told.
pub(crate) trait Format: Send {
    /// As [`Sink::add`].
    fn add(&mut self, sample: &Sample, tables: &Profile);

    /// The requests that tell the receiver what was added since this was called
    /// before: none when there was nothing, several where it limits their size.
    fn finish(&mut self, tables: &Profile) -> Vec<Request>;
}

/// One request of a receiver's protocol: a POST.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// Beyond those of its [`Endpoint`]; no secrets, since they may be kept on disk.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// Where the requests of a receiver go. Cannot be printed: its headers are secrets.
#[derive(Clone)]
pub(crate) struct Endpoint {
    /// How users call the receiver, as in messages: `Pyroscope`.
    pub(crate) receiver: &'static str,
    /// `http://…`, `https://…`, or `unix:///path/of/socket:/path/of/request`.
    pub(crate) url: String,
    /// Sent with every request: keys, tenants, content type.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// What a user can do about an answer with this status, where the receiver is
    /// known to mean something particular by it.
    pub(crate) advice: fn(u16) -> Option<&'static str>,
}
