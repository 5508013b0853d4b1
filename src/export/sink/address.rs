//! Addresses of receivers, taken apart, and the proxy by which one is reached.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::config::Network;

/// Where a receiver listens, and the path it wants to be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Tcp {
        is_tls: bool,
        host: Host,
        path: String,
    },
    Unix {
        socket: PathBuf,
        path: String,
    },
}

/// A name or a number, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host {
    /// An IPv6 number stands here without its brackets.
    pub(super) name: String,
    pub(super) port: u16,
}

/// A proxy of HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proxy {
    pub(super) host: Host,
    /// What it wants to be told of who asks: `Basic …`.
    pub(super) authorization: Option<String>,
}

impl Address {
    /// Takes an address apart; its forms stand at [`super::Endpoint::url`].
    ///
    /// # Errors
    /// Says in one line what is wrong with it.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        if let Some(rest) = url.strip_prefix("unix://") {
            let (socket, path) = rest.split_once(":/").unwrap_or((rest, ""));
            if !socket.starts_with('/') {
                return Err("a Unix socket needs an absolute path".to_owned());
            }
            return Ok(Self::Unix {
                socket: socket.into(),
                path: format!("/{path}"),
            });
        }
        let (is_tls, rest) = match url.split_once("://") {
            Some(("http", rest)) => (false, rest),
            Some(("https", rest)) => (true, rest),
            _ => return Err("it begins with none of http://, https:// and unix://".to_owned()),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if authority.contains('@') {
            return Err("a name or a key does not belong in it".to_owned());
        }
        let host = Host::parse(authority, if is_tls { 443 } else { 80 })
            .ok_or("it names no host, or a port that is none")?;
        let path = path.split('#').next().unwrap_or("");
        let slash = if path.starts_with('/') { "" } else { "/" };
        let path = format!("{slash}{path}");
        if path.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err("its path has blanks in it".to_owned());
        }
        Ok(Self::Tcp { is_tls, host, path })
    }

    /// Whether this build of the library can use it.
    ///
    /// # Errors
    /// Says in one line why not.
    pub(super) fn is_usable(&self) -> Result<(), String> {
        match self {
            Self::Tcp { is_tls: true, .. } if !cfg!(feature = "tls") => {
                Err("https:// needs TLS, which this build of the library leaves out".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// The path to ask for.
    pub(super) fn path(&self) -> &str {
        match self {
            Self::Tcp { path, .. } | Self::Unix { path, .. } => path,
        }
    }

    /// The proxy on the way to it; none for Unix sockets, for this machine itself,
    /// and for whatever `NO_PROXY` says.
    ///
    /// # Errors
    /// Says in one line why the configured proxy cannot be used: going around it
    /// might be forbidden.
    pub(super) fn proxy(&self, network: &Network) -> Result<Option<Proxy>, String> {
        let Self::Tcp { is_tls, host, .. } = self else {
            return Ok(None);
        };
        let configured = if *is_tls {
            &network.https_proxy
        } else {
            &network.http_proxy
        };
        let Some(configured) = configured else {
            return Ok(None);
        };
        if host.is_this_machine() || is_excepted(&host.name, &network.no_proxy) {
            return Ok(None);
        }
        Proxy::parse(configured).map(Some)
    }
}

impl Host {
    fn parse(authority: &str, default_port: u16) -> Option<Self> {
        let (name, port) = if let Some(rest) = authority.strip_prefix('[') {
            let (name, rest) = rest.split_once(']')?;
            (name, rest.strip_prefix(':').unwrap_or(rest))
        } else {
            authority.split_once(':').unwrap_or((authority, ""))
        };
        let is_odd = |c: char| c.is_whitespace() || c.is_control() || c == '/' || c == '\\';
        if name.is_empty() || name.contains(is_odd) {
            return None;
        }
        let port = match port {
            "" => default_port,
            digits => digits.parse().ok().filter(|port| *port != 0)?,
        };
        Some(Self {
            name: name.to_owned(),
            port,
        })
    }

    /// Whether it is meant to be this machine, without asking anybody.
    pub(super) fn is_this_machine(&self) -> bool {
        self.name.eq_ignore_ascii_case("localhost")
            || self.number().is_some_and(|number| number.is_loopback())
    }

    /// The number, when it is written as one.
    pub(super) fn number(&self) -> Option<IpAddr> {
        self.name.parse().ok()
    }
}

impl Proxy {
    fn parse(url: &str) -> Result<Self, String> {
        let rest = match url.split_once("://") {
            Some(("http", rest)) => rest,
            None => url,
            Some((scheme, _)) => {
                return Err(format!("proxies of kind {scheme} are not supported"));
            }
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let host = Host::parse(host, 80).ok_or("the proxy's address names no host")?;
        let authorization = user.map(|user| format!("Basic {}", base64(&unescaped(user))));
        Ok(Self {
            host,
            authorization,
        })
    }
}

/// Whether a list of `NO_PROXY` names a host: by itself, by a domain it is in, or by `*`.
fn is_excepted(host: &str, list: &str) -> bool {
    let host = host.to_ascii_lowercase();
    list.split([',', ' ']).any(|entry| {
        let entry = entry.trim().to_ascii_lowercase();
        let domain = entry.trim_start_matches("*.").trim_start_matches('.');
        entry == "*"
            || !domain.is_empty()
                && host
                    .strip_suffix(domain)
                    .is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

/// The bytes that a part of an address stands for.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    let code = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    while let [first, after @ ..] = rest {
        let escaped = after.split_at_checked(2).filter(|_| *first == b'%');
        let (byte, further) = escaped
            .and_then(|(digits, further)| Some((code(digits)?, further)))
            .unwrap_or((*first, after));
        bytes.push(byte);
        rest = further;
    }
    bytes
}

/// Base 64 with padding, as RFC 4648 has it.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4_usize {
            let digit = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or(0);
            let digit = DIGITS.get(digit).copied().unwrap_or(b'=');
            text.push(char::from(if place > group.len() { b'=' } else { digit }));
        }
    }
    text
}

/// For people: without the path, which says nothing about why it cannot be reached.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { is_tls, host, .. } => {
                write!(f, "http{}://{host}", if *is_tls { "s" } else { "" })
            }
            Self::Unix { socket, .. } => write!(f, "unix://{}", socket.display()),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            write!(f, "[{}]:{}", self.name, self.port)
        } else {
            write!(f, "{}:{}", self.name, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(is_tls: bool, name: &str, port: u16, path: &str) -> Address {
        Address::Tcp {
            is_tls,
            host: Host {
                name: name.to_owned(),
                port,
            },
            path: path.to_owned(),
        }
    }

    #[test]
    fn addresses_are_taken_apart() {
        for (url, address) in [
            (
                "http://agent:8126/in/put?x=1#y",
                tcp(false, "agent", 8126, "/in/put?x=1"),
            ),
            ("https://store", tcp(true, "store", 443, "/")),
            ("http://[::1]:80/", tcp(false, "::1", 80, "/")),
            ("http://[::1]", tcp(false, "::1", 80, "/")),
            ("http://store?x", tcp(false, "store", 80, "/?x")),
        ] {
            assert_eq!(Address::parse(url), Ok(address), "{url}");
        }
        let unix = Address::Unix {
            socket: "/run/a:b.socket".into(),
            path: "/in".to_owned(),
        };
        assert_eq!(Address::parse("unix:///run/a:b.socket:/in"), Ok(unix));
        let bad = [
            "",
            "agent:8126",
            "ftp://x",
            "http://",
            "http://:80",
            "http://a:b",
            "http://a:0",
            "http://a:99999",
            "unix://run",
            "http://u:p@a/",
            "http://a/b c",
            "http://[::1",
        ];
        for url in bad {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn secret_addresses_need_the_build_with_tls() {
        let usable = |url: &str| Address::parse(url).unwrap().is_usable().is_ok();
        assert_eq!(usable("https://store"), cfg!(feature = "tls"));
        assert!(usable("http://store") && usable("unix:///run/x"));
    }

    #[test]
    fn a_proxy_is_used_but_for_what_is_excepted() {
        let network = Network {
            http_proxy: Some("http://al%3ain:p%40ss@gate:3128/".to_owned()),
            no_proxy: "here.example, .there.example,10.0.0.1".to_owned(),
            ..Network::default()
        };
        let by_proxy = |url: &str| Address::parse(url).unwrap().proxy(&network).unwrap();
        let proxy = by_proxy("http://store.example/").unwrap();
        assert_eq!(proxy.host.to_string(), "gate:3128");
        assert_eq!(
            proxy.authorization.as_deref(),
            Some("Basic YWw6aW46cEBzcw==")
        );
        assert!(by_proxy("http://nothere.example").is_some());
        for direct in [
            "https://store.example",
            "http://localhost:1",
            "http://127.0.0.9",
            "http://[::1]:1",
            "unix:///run/x",
            "http://HERE.example",
            "http://a.there.example",
            "http://10.0.0.1:9",
        ] {
            assert_eq!(by_proxy(direct), None, "{direct}");
        }
        let other = Network {
            http_proxy: Some("socks5://gate".to_owned()),
            ..Network::default()
        };
        assert!(
            Address::parse("http://store")
                .unwrap()
                .proxy(&other)
                .is_err()
        );
    }
}
