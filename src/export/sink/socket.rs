//! A connection to a receiver, or from a client, on which nothing takes longer than it may.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::address::Host;
use super::descriptor::{self, Identity};
use super::fault::Fault;
use crate::sys;

/// Longest time to get a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// Longest time for it to take another piece of the request.
const WRITE_LIMIT: Duration = Duration::from_secs(5);

/// One connection, for one request.
pub(crate) struct Socket {
    /// There until it is dropped.
    stream: Option<Stream>,
    identity: Option<Identity>,
    end_ns: u64,
    /// Longest time without a piece of the answer.
    answer_limit: Duration,
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    fn identity(&self) -> Option<Identity> {
        match self {
            Self::Tcp(stream) => Identity::of(stream),
            Self::Unix(stream) => Identity::of(stream),
        }
    }
}

impl Socket {
    /// Connects to a host, to whichever of its numbers answers. Everything may take as
    /// long as `limit`, but for finding the host's number: only the C library can do
    /// that, and it cannot be told to stop.
    pub(super) fn to_host(host: &Host, limit: Duration) -> Result<Self, Fault> {
        let addresses = addresses(host)?;
        let begin_ns = sys::monotonic_ns();
        let share = u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
        let mut fault = Fault::Name("it has no number".to_owned());
        for address in addresses {
            match TcpStream::connect_timeout(&address, CONNECT_LIMIT.min(limit) / share) {
                Ok(stream) => {
                    // The request is written in large pieces; none waits for another.
                    let _ = stream.set_nodelay(true);
                    return Ok(Self::new(Stream::Tcp(stream), begin_ns, limit));
                }
                Err(error) => fault = not_connected(&error),
            }
        }
        Err(fault)
    }

    /// Connects to a Unix socket, likewise.
    pub(super) fn to_path(path: &Path, limit: Duration) -> Result<Self, Fault> {
        let begin_ns = sys::monotonic_ns();
        match descriptor::connect_unix(path, CONNECT_LIMIT.min(limit)) {
            Ok(stream) => Ok(Self::new(Stream::Unix(stream), begin_ns, limit)),
            Err(error) => Err(not_connected(&error)),
        }
    }

    /// A connection that somebody made to us.
    pub(crate) fn of_client(stream: UnixStream, limit: Duration) -> Self {
        Self::new(Stream::Unix(stream), sys::monotonic_ns(), limit)
    }

    fn new(stream: Stream, begin_ns: u64, limit: Duration) -> Self {
        Self {
            end_ns: begin_ns.saturating_add(nanoseconds(limit)),
            answer_limit: limit * 4 / 5,
            identity: stream.identity(),
            stream: Some(stream),
        }
    }

    /// Whether the descriptor still stands for our connection.
    fn is_ours(&self) -> bool {
        let now = self.stream.as_ref().and_then(Stream::identity);
        now.is_some() && now == self.identity
    }

    /// How long the next step may take.
    fn left(&self, limit: Duration) -> io::Result<Duration> {
        if !self.is_ours() {
            return Err(io::Error::other("the program closed our connection"));
        }
        let left_ns = self.end_ns.saturating_sub(sys::monotonic_ns());
        let left = Duration::from_nanos(left_ns).min(limit);
        // A limit of nothing would be no limit.
        if left < Duration::from_millis(1) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(left)
    }
}

impl Read for Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = Some(self.left(self.answer_limit)?);
        match &mut self.stream {
            Some(Stream::Tcp(stream)) => {
                stream.set_read_timeout(left)?;
                stream.read(into)
            }
            Some(Stream::Unix(stream)) => {
                stream.set_read_timeout(left)?;
                stream.read(into)
            }
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        let left = Some(self.left(WRITE_LIMIT)?);
        match &mut self.stream {
            Some(Stream::Tcp(stream)) => {
                stream.set_write_timeout(left)?;
                stream.write(from)
            }
            Some(Stream::Unix(stream)) => {
                stream.set_write_timeout(left)?;
                stream.write(from)
            }
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Else its number may have become the host's: then it stays as it is.
        if self.is_ours() {
            self.stream = None;
        }
        std::mem::forget(self.stream.take());
    }
}

fn not_connected(error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Fault::TooSlow("to connect"),
        _ => Fault::Connection(error.to_string()),
    }
}

/// The numbers of a host. Numbers and this machine's own name need no asking: that
/// enters the C library's resolver, which a fork of the host might find locked.
fn addresses(host: &Host) -> Result<Vec<SocketAddr>, Fault> {
    let with_port = |number: IpAddr| SocketAddr::new(number, host.port);
    if let Some(number) = host.number() {
        return Ok(vec![with_port(number)]);
    }
    if host.is_this_machine() {
        let both = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        return Ok(both.map(with_port).to_vec());
    }
    (host.name.as_str(), host.port)
        .to_socket_addrs()
        .map(Iterator::collect)
        .map_err(|error| Fault::Name(error.to_string()))
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
