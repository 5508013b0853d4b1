//! One POST, and what became of it.

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
