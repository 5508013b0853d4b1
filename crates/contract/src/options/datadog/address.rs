//! Where Datadog is: through which Agent or past it, and why.

use std::path::{Path, PathBuf};

use super::Datadog;

/// Where an Agent of this machine listens.
const SOCKET: &str = "/var/run/datadog/apm.socket";
const DEFAULT_HOST: &str = "localhost";
const DEFAULT_PORT: u16 = 8126;
/// Where an Agent takes profiles.
const INPUT: &str = "/profiling/v1/input";

/// The address chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    place: Place,
    /// Why this one, behind "because".
    why: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// An Agent at this URL, without a path of ours.
    Agent(String),
    /// An Agent behind this socket.
    Socket(PathBuf),
    /// The intake at this URL, for this key.
    Intake { url: String, key: String },
}

impl Address {
    /// The address that these options mean, in the tracers' order: past the Agent if
    /// asked for; the Agent's address, or its host and port; the Agent's usual
    /// socket, if it is there; past the Agent, if there is a key; the usual port.
    ///
    /// # Errors
    ///
    /// Says in one line what is wrong with them.
    pub fn choose(options: &Datadog, is_there: impl Fn(&Path) -> bool) -> Result<Self, String> {
        let because = |why| move |place| Self { place, why };
        if options.agentless == Some(true) {
            return intake(options).map(because("DD_PROFILING_AGENTLESS is set"));
        }
        if let Some(agent) = &options.agent {
            return agent_at(agent).map(because("an Agent's address is set"));
        }
        if options.agent_host.is_some() || options.agent_port.is_some() {
            return agent_of_host(options).map(because("an Agent's host or port is set"));
        }
        if is_there(Path::new(SOCKET)) {
            return Ok(because("there is an Agent's socket")(Place::Socket(
                SOCKET.into(),
            )));
        }
        if options.agentless.is_none() && options.key.is_some() {
            let why = "DD_API_KEY is set, but no address of an Agent, nor is there its socket";
            return intake(options).map(because(why));
        }
        agent_of_host(options).map(because("nothing else is set"))
    }

    /// Whether it is past the Agent.
    pub fn is_agentless(&self) -> bool {
        self.key().is_some()
    }

    /// The account's key, when it must be sent.
    pub fn key(&self) -> Option<&str> {
        match &self.place {
            Place::Intake { key, .. } => Some(key),
            Place::Agent(_) | Place::Socket(_) => None,
        }
    }

    /// Who is there, as messages call it.
    pub fn receiver(&self) -> &'static str {
        if self.is_agentless() {
            "Datadog"
        } else {
            "Datadog Agent"
        }
    }

    /// Where a request goes to.
    pub fn url(&self) -> String {
        match &self.place {
            Place::Agent(url) => format!("{url}{INPUT}"),
            Place::Socket(path) => format!("unix://{}:{INPUT}", path.display()),
            Place::Intake { url, .. } => url.clone(),
        }
    }

    /// What the user is told.
    pub fn sentence(&self) -> String {
        let why = self.why;
        match &self.place {
            Place::Agent(url) => {
                format!(
                    "profiles go to the Agent at {}, because {why}",
                    without_user(url)
                )
            }
            Place::Socket(path) => format!(
                "profiles go to the Agent at {}, because {why}",
                path.display()
            ),
            Place::Intake { url, .. } => format!(
                "profiles go past the Agent to {}, because {why}",
                without_user(url)
            ),
        }
    }
}

fn intake(options: &Datadog) -> Result<Place, String> {
    let Some(key) = &options.key else {
        return Err("to send past the Agent, DD_API_KEY must be set".to_owned());
    };
    let key = key.trim();
    if key.is_empty() || !is_plain(key) {
        return Err("DD_API_KEY is no key: it has blanks or worse in it".to_owned());
    }
    let url = match &options.intake {
        Some(url) => web_url(url).ok_or_else(|| format!("{url} is no http:// or https:// URL"))?,
        None => format!(
            "https://intake.profile.{}/api/v2/profile",
            site(&options.site)?
        ),
    };
    Ok(Place::Intake {
        url,
        key: key.to_owned(),
    })
}

/// The site, which becomes a part of a host's name.
fn site(site: &str) -> Result<&str, String> {
    let site = site.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    if site.is_empty() || !site.chars().all(is_name) {
        return Err(format!("{site} is no site as datadoghq.com is one"));
    }
    Ok(site)
}

fn agent_at(address: &str) -> Result<Place, String> {
    let address = address.trim();
    if let Some(path) = address.strip_prefix("unix://") {
        let path = Path::new(path);
        if path.is_absolute() {
            return Ok(Place::Socket(path.to_owned()));
        }
    } else if let Some(url) = web_url(address) {
        let url = url.trim_end_matches('/');
        return Ok(Place::Agent(url.trim_end_matches(INPUT).to_owned()));
    }
    Err(format!(
        "the Agent's address {address} is none of http://host:port, https://host:port, unix:///path"
    ))
}

fn agent_of_host(options: &Datadog) -> Result<Place, String> {
    let host = options.agent_host.as_deref().unwrap_or(DEFAULT_HOST).trim();
    let port = options.agent_port.unwrap_or(DEFAULT_PORT);
    let url = if host.parse::<std::net::Ipv6Addr>().is_ok() {
        format!("http://[{host}]:{port}")
    } else {
        format!("http://{host}:{port}")
    };
    let is_host = !host.contains('/') && web_url(&url).is_some();
    is_host
        .then_some(Place::Agent(url))
        .ok_or_else(|| format!("the Agent's host {host} is no host's name"))
}

/// A URL that a request can be sent to.
fn web_url(text: &str) -> Option<String> {
    let text = text.trim();
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"))?;
    let has_host = !rest.is_empty() && !rest.starts_with(['/', ':', '?', '#']);
    (has_host && is_plain(text)).then(|| text.to_owned())
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A URL as it may be shown: user and password are nobody's business.
fn without_user(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let end = rest.find('/').unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let host = host.rsplit('@').next().unwrap_or(host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests;
