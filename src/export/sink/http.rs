//! One POST, and what became of it: as much of HTTP/1.1 as that takes.
//!
//! Not a crate: ureq, the smallest there is, would add half a megabyte to the
//! library, reads the environment whenever an agent is made, and starts a thread
//! of its own, which the hooks would see, to find a host's number in bounded time.

use std::io::{self, Read, Write};
use std::time::Duration;

use super::address::{Address, Host, Proxy};
use super::answer::{self, Head};
use super::fault::{Answer, Fault};
use super::socket::Socket;
use super::tls::Trust;
use crate::config::Network;

/// Longest beginning of an answer that is looked at.
const HEAD_MAX: usize = 16 << 10;
/// Answers before the answer: a receiver that goes on promising one has none.
const PROVISIONAL_MAX: u32 = 16;
/// Longest wait that a receiver can ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);

/// Sends requests; keeps no connection between them, since a host may fork, or
/// close all descriptors, at any time.
pub(super) struct Client {
    network: &'static Network,
    trust: Trust,
}

/// What a request is sent on.
pub(super) trait Connection: Read + Write {}

impl<T: Read + Write> Connection for T {}

impl Client {
    pub(super) fn new(network: &'static Network) -> Self {
        Self {
            network,
            trust: Trust::default(),
        }
    }

    /// Sends one request.
    ///
    /// # Errors
    /// When the receiver did not say that it has it.
    pub(super) fn post<'a>(
        &self,
        address: &Address,
        headers: impl Iterator<Item = (&'a str, &'a str)>,
        body: &[u8],
    ) -> Result<(), Fault> {
        let proxy = address.proxy(self.network).map_err(Fault::Address)?;
        let mut connection = self.connect(address, proxy.as_ref())?;
        let head = head(address, proxy.as_ref(), headers, body.len());
        let answer = exchange(&mut *connection, &head, body)?;
        match answer.status {
            200..=299 => Ok(()),
            _ => Err(Fault::Refused(answer)),
        }
    }

    fn connect(
        &self,
        address: &Address,
        proxy: Option<&Proxy>,
    ) -> Result<Box<dyn Connection>, Fault> {
        let limit = self.network.limit;
        let (is_tls, host) = match address {
            Address::Unix { socket, .. } => return Ok(Box::new(Socket::to_path(socket, limit)?)),
            Address::Tcp { is_tls, host, .. } => (*is_tls, host),
        };
        let mut socket = Socket::to_host(proxy.map_or(host, |proxy| &proxy.host), limit)?;
        if !is_tls {
            return Ok(Box::new(socket));
        }
        if let Some(proxy) = proxy {
            open_tunnel(&mut socket, host, proxy)?;
        }
        self.trust.talk(host, socket, self.network)
    }
}

/// Asks a proxy to let us through to a host.
fn open_tunnel(socket: &mut Socket, host: &Host, proxy: &Proxy) -> Result<(), Fault> {
    let mut head = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n");
    authorize(&mut head, proxy);
    head.push_str("\r\n");
    let answer = exchange(socket, &head, b"")?;
    match answer.status {
        200..=299 => Ok(()),
        _ => Err(Fault::Refused(answer)),
    }
}

fn authorize(head: &mut String, proxy: &Proxy) {
    if let Some(authorization) = &proxy.authorization {
        push_header(head, "Proxy-Authorization", authorization);
    }
}

fn head<'a>(
    address: &Address,
    proxy: Option<&Proxy>,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    body_len: usize,
) -> String {
    let path = address.path();
    let mut head = match (address, proxy) {
        // A proxy that only passes on wants to know where to.
        (
            Address::Tcp {
                is_tls: false,
                host,
                ..
            },
            Some(_),
        ) => {
            format!("POST http://{host}{path} HTTP/1.1\r\n")
        }
        _ => format!("POST {path} HTTP/1.1\r\n"),
    };
    match address {
        Address::Tcp { is_tls, host, .. } if host.port == if *is_tls { 443 } else { 80 } => {
            let whole = host.to_string();
            let name = whole.rsplit_once(':').map_or("", |(name, _)| name);
            push_header(&mut head, "Host", name);
        }
        Address::Tcp { host, .. } => push_header(&mut head, "Host", &host.to_string()),
        Address::Unix { .. } => push_header(&mut head, "Host", "localhost"),
    }
    if let (Address::Tcp { is_tls: false, .. }, Some(proxy)) = (address, proxy) {
        authorize(&mut head, proxy);
    }
    push_header(
        &mut head,
        "User-Agent",
        concat!("liblockprof/", env!("CARGO_PKG_VERSION")),
    );
    push_header(&mut head, "Content-Length", &body_len.to_string());
    push_header(&mut head, "Connection", "close");
    for (name, value) in headers {
        push_header(&mut head, name, value);
    }
    head.push_str("\r\n");
    head
}

/// No value may begin another line.
fn push_header(head: &mut String, name: &str, value: &str) {
    head.push_str(name);
    head.push_str(": ");
    head.extend(value.chars().filter(|c| !c.is_control()));
    head.push_str("\r\n");
}

fn exchange(connection: &mut dyn Connection, head: &str, body: &[u8]) -> Result<Answer, Fault> {
    let written = connection
        .write_all(head.as_bytes())
        .and_then(|()| connection.write_all(body))
        .and_then(|()| connection.flush());
    match (written, answer_of(connection)) {
        (_, Ok(answer)) => Ok(answer),
        (Ok(()), Err(fault)) => Err(fault),
        // A receiver may have answered before it had heard everything, and hung up.
        (Err(error), Err(_)) => Err(match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
                Fault::TooSlow("to take the request")
            }
            _ => error.into(),
        }),
    }
}

fn answer_of(connection: &mut dyn Connection) -> Result<Answer, Fault> {
    let mut bytes = Vec::new();
    let mut provisional = 0;
    let (mut answer, text_begin) = loop {
        match answer::head(&bytes) {
            Head::Odd => return Err(Fault::NotHttp),
            Head::Whole(..) if provisional > PROVISIONAL_MAX => return Err(Fault::NotHttp),
            Head::Whole(answer, end) if (100..=199).contains(&answer.status) => {
                // It will say more.
                provisional += 1;
                bytes.drain(..end.min(bytes.len()));
            }
            Head::Whole(answer, end) => break (answer, end),
            Head::Part if bytes.len() >= HEAD_MAX => return Err(Fault::NotHttp),
            Head::Part => {
                if read_more(connection, &mut bytes)? == 0 {
                    return Err(ended(&bytes));
                }
            }
        }
    };
    answer.retry_after = answer.retry_after.map(|time| time.min(RETRY_AFTER_MAX));
    if answer.status >= 400 {
        // Its reasons often come with the next piece; without them it is an answer too.
        if bytes.len() <= text_begin {
            let _ = read_more(connection, &mut bytes);
        }
        answer.text = answer::first_line(bytes.get(text_begin..).unwrap_or_default());
    }
    Ok(answer)
}

/// The connection has ended before the answer.
fn ended(bytes: &[u8]) -> Fault {
    let what = if bytes.is_empty() {
        "it was closed without an answer"
    } else {
        "it was closed in the middle of the answer"
    };
    Fault::Connection(what.to_owned())
}

fn read_more(connection: &mut dyn Connection, bytes: &mut Vec<u8>) -> io::Result<usize> {
    let mut piece = [0; 2048];
    loop {
        match connection.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // TLS says so when it ends without a farewell.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
            result => {
                let len = result?;
                bytes.extend_from_slice(piece.get(..len).unwrap_or_default());
                return Ok(len);
            }
        }
    }
}

#[cfg(test)]
mod tests;
