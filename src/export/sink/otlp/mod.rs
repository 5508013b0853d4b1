//! OpenTelemetry's profiles over HTTP: one profile per type of value, in one request for all.

mod dictionary;
mod proto;
mod request;
mod rows;
#[cfg(test)]
mod tests;

use contract::options::Options;
use contract::profile::{Profile, Sample};

use self::proto::{KeyValue, Value};
use self::request::RequestBody;
use self::rows::Rows;
use super::prominent::Prominent;
use super::{Endpoint, Format, Request, Sender};

/// Locks that are told by name: receivers make each a series of its own.
const LOCKS_MAX: usize = 200;

/// Rows → requests of OTLP.
pub(crate) struct OtlpFormat {
    resource: Vec<KeyValue>,
    rows: Rows,
    prominent: Prominent,
}

impl OtlpFormat {
    pub(crate) fn new(sender: &Sender) -> Self {
        Self {
            resource: resource(sender),
            rows: Rows::default(),
            prominent: Prominent::new(LOCKS_MAX),
        }
    }
}

impl Format for OtlpFormat {
    fn add(&mut self, sample: &Sample, _: &Profile) {
        self.rows.add(sample);
    }

    fn finish(&mut self, tables: &Profile) -> Vec<Request> {
        let mut rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Vec::new();
        }
        rows.merge(&mut self.prominent);
        let has_names = dictionary::mappings_with_names(tables);
        let mut requests = Vec::new();
        let mut end = |body: RequestBody<'_>| {
            // Writing to memory cannot fail.
            if let Ok(body) = body.finish(&self.resource) {
                requests.push(Request {
                    headers: Vec::new(),
                    body,
                });
            }
        };
        let mut body = RequestBody::new(tables, &has_names);
        for row in rows.all() {
            body.add(row, &rows);
            if body.is_full() {
                end(std::mem::replace(
                    &mut body,
                    RequestBody::new(tables, &has_names),
                ));
            }
        }
        if !body.is_empty() {
            end(body);
        }
        requests
    }
}

/// Where the user wants profiles to go.
pub(crate) fn endpoint(options: &'static Options) -> Endpoint {
    let theirs = options.otlp_headers.iter();
    let theirs = theirs.map(|(name, value)| (name.as_str(), value.clone()));
    let ours = [
        ("content-type", "application/x-protobuf".to_owned()),
        ("content-encoding", "gzip".to_owned()),
    ];
    Endpoint {
        receiver: "the OTLP receiver",
        url: options.otlp_url.clone(),
        headers: ours.into_iter().chain(theirs).collect(),
        advice,
    }
}

fn advice(status: u16) -> Option<&'static str> {
    Some(match status {
        400 => {
            "(it does not understand profiles of v1development as of OTLP 1.9 to 1.11; is it older or newer?)"
        }
        401 | 403 => "(it wants a key, or another one: LOCKPROF_OTLP_HEADERS)",
        404 | 405 => {
            "(nothing takes profiles there: look at LOCKPROF_OTLP_URL; a Collector needs a pipeline \
             of profiles and --feature-gates=service.profilesSupport)"
        }
        413 => "(it takes less than 4 MiB: raise its max_request_body_size)",
        415 => "(it does not take protobuf, or not gzip)",
        _ => return None,
    })
}

/// What all profiles have in common. What the user calls like one of ours is left
/// out: a key stands for one thing.
fn resource(sender: &Sender) -> Vec<KeyValue> {
    let text = |text: &String| Value::Text(text.clone());
    let ours = [
        ("service.name", Some(text(&sender.service))),
        ("service.version", sender.version.as_ref().map(text)),
        ("service.instance.id", Some(text(&sender.runtime_id))),
        (
            "deployment.environment.name",
            sender.environment.as_ref().map(text),
        ),
        ("host.name", Some(text(&sender.host))),
        ("process.pid", Some(Value::Number(sender.pid.into()))),
        ("process.executable.name", Some(text(&sender.executable))),
    ];
    let mut attributes: Vec<KeyValue> = ours
        .into_iter()
        .filter_map(|(key, value)| Some(KeyValue::new(key, value?)))
        .collect();
    for (key, value) in &sender.tags {
        if attributes.iter().all(|known| known.key != *key) {
            attributes.push(KeyValue::new(key, text(value)));
        }
    }
    attributes
}
