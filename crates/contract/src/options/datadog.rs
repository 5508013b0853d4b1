//! The options of the sink `datadog`: their rows, and what they mean together.

mod address;

use std::fmt;

use super::resolve::Reader;
use super::{Alias, Meaning, Opt, Values};
pub use address::Address;

/// What the user says of Datadog.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Datadog {
    /// Address of the Agent: `http://…`, `https://…` or `unix:///…`.
    pub agent: Option<String>,
    /// Host of the Agent, where there is no whole address.
    pub agent_host: Option<String>,
    /// Port of the Agent, where there is no whole address.
    pub agent_port: Option<u16>,
    /// Whether to send past the Agent; none is what fits the rest.
    pub agentless: Option<bool>,
    /// Key of the account, for sending past the Agent.
    pub key: Option<String>,
    /// Site of the account, as `datadoghq.com`.
    pub site: String,
    /// Where to send to past the Agent, in place of the site's address.
    pub intake: Option<String>,
    /// What sort of program profiles are said to be of.
    pub family: String,
    /// What the surroundings of a container say of it, for the Agent.
    pub external_env: Option<String>,
}

/// Without the key, and so nowhere else either.
impl fmt::Debug for Datadog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datadog")
            .field("agent", &self.agent)
            .field("agent_host", &self.agent_host)
            .field("agent_port", &self.agent_port)
            .field("agentless", &self.agentless)
            .field("site", &self.site)
            .field("family", &self.family)
            .finish_non_exhaustive()
    }
}

/// What of the Datadog tracers also says that profiles are wanted there.
const PROFILING_ENABLED: &str = "DD_PROFILING_ENABLED";

/// What of them says that profiles are wanted in files instead.
pub(super) const OUTPUT_PPROF: &str = "DD_PROFILING_OUTPUT_PPROF";

const fn same(name: &'static str) -> Alias {
    Alias {
        name,
        meaning: Meaning::Same,
    }
}

/// Where the Agent is.
pub(super) const AGENT: Opt = Opt {
    name: "LOCKPROF_DATADOG_AGENT",
    flag: Some("datadog-agent"),
    values: Values::Text,
    default: "",
    aliases: &[same("DD_TRACE_AGENT_URL")],
    help: "The Datadog Agent's address: http://host:port, https://host:port or unix:///path; by default /var/run/datadog/apm.socket if it is there, else http://localhost:8126",
};

/// Its host alone.
pub(super) const AGENT_HOST: Opt = Opt {
    name: "LOCKPROF_DATADOG_HOST",
    flag: Some("datadog-host"),
    values: Values::Text,
    default: "",
    aliases: &[same("DD_TRACE_AGENT_HOSTNAME"), same("DD_AGENT_HOST")],
    help: "The Datadog Agent's host, where no whole address is given",
};

/// Its port alone.
pub(super) const AGENT_PORT: Opt = Opt {
    name: "LOCKPROF_DATADOG_PORT",
    flag: Some("datadog-port"),
    values: Values::Count { min: 1, max: 65535 },
    default: "8126",
    aliases: &[same("DD_TRACE_AGENT_PORT"), same("DD_AGENT_PORT")],
    help: "The Datadog Agent's port, where no whole address is given",
};

/// Whether to go past it.
pub(super) const AGENTLESS: Opt = Opt {
    name: "LOCKPROF_DATADOG_AGENTLESS",
    flag: Some("datadog-agentless"),
    values: Values::SwitchOrAuto,
    default: "auto",
    aliases: &[same("DD_PROFILING_AGENTLESS")],
    help: "Whether to send to Datadog past the Agent, with DD_API_KEY; auto does when there is a key and no Agent: no address of one, and no socket",
};

/// The account. Not a flag: everybody on the machine can read a command line.
pub(super) const KEY: Opt = Opt {
    name: "DD_API_KEY",
    flag: None,
    values: Values::Text,
    default: "",
    aliases: &[],
    help: "Key of the Datadog account, for sending past the Agent",
};

/// Which of Datadog's sites.
pub(super) const SITE: Opt = Opt {
    name: "LOCKPROF_DATADOG_SITE",
    flag: Some("datadog-site"),
    values: Values::Text,
    default: "datadoghq.com",
    aliases: &[same("DD_SITE")],
    help: "The Datadog site of the account, for sending past the Agent",
};

/// Some other intake than the site's.
pub(super) const INTAKE: Opt = Opt {
    name: "LOCKPROF_DATADOG_INTAKE",
    flag: Some("datadog-intake"),
    values: Values::Text,
    default: "",
    aliases: &[],
    help: "Where to send to past the Agent, as a whole URL; by default https://intake.profile.SITE/api/v2/profile",
};

/// What sort of program.
pub(super) const FAMILY: Opt = Opt {
    name: "LOCKPROF_DATADOG_FAMILY",
    flag: Some("datadog-family"),
    values: Values::Text,
    default: "native",
    aliases: &[],
    help: "The family and the language of the profiles in Datadog, at your own risk: python shows them as those of a Python program",
};

/// Set by Datadog's admission controller, not by users.
pub(super) const EXTERNAL_ENV: Opt = Opt {
    name: "DD_EXTERNAL_ENV",
    flag: None,
    values: Values::Text,
    default: "",
    aliases: &[],
    help: "What Datadog's admission controller says of the container, handed on to the Agent",
};

/// Reads the rows, and says whether they ask for the sink where nobody names sinks.
pub(super) fn read<G>(reader: &mut Reader<G>) -> (Datadog, bool)
where
    G: Fn(&str) -> Option<String>,
{
    let port = reader.asked(&AGENT_PORT).then(|| reader.count(&AGENT_PORT));
    let datadog = Datadog {
        agent: reader.text(&AGENT),
        agent_host: reader.text(&AGENT_HOST),
        agent_port: port.and_then(|port| u16::try_from(port).ok()),
        agentless: reader.switch_or_auto(&AGENTLESS),
        key: reader.text(&KEY),
        site: reader.text(&SITE).unwrap_or_default(),
        intake: reader.text(&INTAKE),
        family: reader.text(&FAMILY).unwrap_or_default(),
        external_env: reader.text(&EXTERNAL_ENV),
    };
    let is_wanted = datadog.agent.is_some()
        || datadog.agent_host.is_some()
        || datadog.agentless == Some(true)
        || reader.raw(PROFILING_ENABLED).is_some_and(says_yes);
    (datadog, is_wanted && reader.raw(OUTPUT_PPROF).is_none())
}

/// As the tracers take it: `auto` leaves it to them, and they profile.
fn says_yes(text: String) -> bool {
    let words = ["1", "true", "yes", "on", "auto"];
    words.contains(&text.trim().to_ascii_lowercase().as_str())
}
