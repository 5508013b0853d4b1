//! Whether somebody listens where profiles are to be sent.

use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use contract::options::{DatadogAddress, Options};

use super::Check;

/// Longest time for one receiver, its name included.
const LIMIT: Duration = Duration::from_secs(1);

pub(super) fn check(options: &Options) -> Vec<Check> {
    let asked = |sink: &str| options.sinks.contains(&sink);
    let mut checks = Vec::new();
    let mut urls = Vec::new();
    if asked("datadog") {
        match DatadogAddress::choose(&options.datadog, Path::exists) {
            Ok(address) => urls.push((address.receiver(), address.url())),
            Err(reason) => checks.push(Check::bad(
                reason,
                "profiles are not sent to Datadog until that is right",
            )),
        }
    }
    if asked("pyroscope") {
        urls.push(("Pyroscope", options.pyroscope.url.clone()));
    }
    if asked("parca") {
        urls.push(("Parca", options.parca.url.clone()));
    }
    if asked("otlp") {
        urls.push(("OTLP", options.otlp_url.clone()));
    }
    let checked = urls.into_iter().map(|(receiver, url)| {
        let shown = without_user(&url);
        match reach(&url) {
            Ok(()) => Check::good(format!("{receiver} listens at {shown}")),
            Err(reason) => Check::bad(
                format!("{receiver} cannot be reached at {shown}: {reason}"),
                "start it, or correct its address; profiles are lost meanwhile without LOCKPROF_SPOOL",
            ),
        }
    });
    checks.extend(checked);
    checks
}

/// Connects, and says nothing. On a thread of its own: finding a name can take long.
fn reach(url: &str) -> Result<(), String> {
    let (tell, told) = mpsc::channel();
    let url = url.to_owned();
    thread::spawn(move || tell.send(connect(&url)));
    told.recv_timeout(LIMIT)
        .unwrap_or_else(|_| Err("no answer within 1 s".to_owned()))
}

fn connect(url: &str) -> Result<(), String> {
    if let Some(rest) = url.strip_prefix("unix://") {
        let socket = rest.split_once(":/").map_or(rest, |(socket, _)| socket);
        return UnixStream::connect(socket)
            .map(drop)
            .map_err(|error| crate::output::reason(&error));
    }
    let (host, port) = place(url).ok_or("it is no http:// or https:// address")?;
    let addresses = (host.as_str(), port)
        .to_socket_addrs()
        .map_err(|_| format!("the name {host} is not known"))?;
    let mut reason = format!("{host} has no number");
    for address in addresses {
        match TcpStream::connect_timeout(&address, LIMIT) {
            Ok(_) => return Ok(()),
            Err(error) => reason = crate::output::reason(&error),
        }
    }
    Err(reason)
}

/// Host and port of an address.
fn place(url: &str) -> Option<(String, u16)> {
    let (usual, rest) = match url.split_once("://")? {
        ("http", rest) => (80, rest),
        ("https", rest) => (443, rest),
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
        _ => (authority, usual),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

/// An address without whoever is named in it, perhaps with a password.
fn without_user(url: &str) -> String {
    match (url.split_once("://"), url.split_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        for (url, wanted) in [
            ("http://localhost:4040", Some(("localhost", 4040))),
            (
                "https://intake.profile.x.com/api",
                Some(("intake.profile.x.com", 443)),
            ),
            ("http://user:secret@host/a@b", Some(("host", 80))),
            ("http://[::1]:99/x", Some(("::1", 99))),
            ("http://[::1]", Some(("::1", 80))),
            ("ftp://host", None),
            ("host", None),
            ("http://", None),
        ] {
            let wanted = wanted.map(|(host, port)| (host.to_owned(), port));
            assert_eq!(place(url), wanted, "{url}");
        }
        assert_eq!(without_user("http://user:secret@host/x"), "http://host/x");
    }
}
