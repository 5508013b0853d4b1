//! Datadog: through its Agent, or past it.

mod advice;
mod container;
mod event;
mod format;
mod multipart;
mod rows;
mod tags;

use contract::options::DatadogAddress;

use self::container::Container;
use self::event::Event;
use self::format::ProfileFormat;
use super::{Deliveries, Endpoint, Sender, SinkError, Upload};
use crate::config::Config;
use crate::diag;

/// What we call ourselves.
const PRODUCT: &str = "liblockprof";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The sink of this process. The user is told once a program where its profiles go:
/// forked children do as their parent said.
///
/// # Errors
/// Says in one line what is wrong with what is configured.
pub(crate) fn open(
    config: &Config,
    sender: &Sender,
    deliveries: &'static Deliveries,
    is_forked: bool,
) -> Result<Upload, SinkError> {
    let options = &config.options;
    let address = DatadogAddress::choose(&options.datadog, |path| path.exists())
        .map_err(|reason| SinkError::Permanent(format!("Datadog: {reason}")))?;
    let tags = tags::of_process(sender, options, address.is_agentless());
    if !is_forked {
        diag::say(format_args!("Datadog: {}", address.sentence()));
        if !tags.refused.is_empty() {
            let refused = tags.refused.join(", ");
            diag::say(format_args!("Datadog takes no such tags: {refused}"));
        }
    }
    let mut headers = vec![
        // Uploads are a minute apart: the Agent closes the connection before.
        ("connection", "close".to_owned()),
        ("dd-evp-origin", PRODUCT.to_owned()),
        ("dd-evp-origin-version", VERSION.to_owned()),
    ];
    let external_env = options.datadog.external_env.as_deref();
    headers.extend(Container::of_this_process().headers(external_env));
    headers.extend(address.key().map(|key| ("dd-api-key", key.to_owned())));
    let endpoint = Endpoint {
        receiver: address.receiver(),
        url: address.url(),
        headers,
        advice: advice::of(&address),
    };
    let format = ProfileFormat::new(Event::new(tags.joined, options));
    Ok(Upload::new(Box::new(format), endpoint, deliveries))
}
