//! One POST, and what became of it.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::{Endpoint, Request};

/// Longest time for one request, the answer included.
const LIMIT: Duration = Duration::from_secs(10);

/// Sends requests; keeps no connection between them.
pub(super) struct Client {
    agent: ureq::Agent,
}

impl Client {
    pub(super) fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(LIMIT))
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("liblockprof/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: config.into(),
        }
    }

    /// The status of the answer.
    ///
    /// # Errors
    /// Says in one line why there is none.
    pub(super) fn post(&self, endpoint: &Endpoint, request: &Request) -> Result<u16, String> {
        if let Some(path) = &endpoint.unix_socket {
            return post_to_socket(path, endpoint, request).map_err(|error| error.to_string());
        }
        let mut post = self.agent.post(&endpoint.url);
        for (name, value) in endpoint.headers.iter().chain(&request.headers) {
            post = post.header(*name, value);
        }
        let answer = post.send(&request.body[..]);
        answer
            .map(|answer| answer.status().as_u16())
            .map_err(|error| error.to_string())
    }
}

/// One request and its status, without any library.
fn post_to_socket(path: &Path, endpoint: &Endpoint, request: &Request) -> std::io::Result<u16> {
    let rest = endpoint.url.trim_start_matches("http://");
    let (host, target) = rest.split_once('/').unwrap_or((rest, ""));
    let mut head = format!("POST /{target} HTTP/1.1\r\nhost: {host}\r\n");
    head += concat!(
        "user-agent: liblockprof/",
        env!("CARGO_PKG_VERSION"),
        "\r\n"
    );
    head += &format!("content-length: {}\r\n", request.body.len());
    for (name, value) in endpoint.headers.iter().chain(&request.headers) {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    let mut stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    stream.write_all(head.as_bytes())?;
    stream.write_all(&request.body)?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    let status = answer.get(9..).unwrap_or_default();
    let status = String::from_utf8_lossy(status).parse::<u16>();
    status.map_err(std::io::Error::other)
}
