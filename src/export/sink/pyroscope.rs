//! Grafana Pyroscope: `push.v1.PusherService/Push`, protobuf over plain HTTP.

use contract::options;
use contract::profile::{Profile, Sample};
use prost::Message as _;

use super::open::{
    Finished, Profiles, REQUEST_BYTES, StandIns, address, basic, bearer, series_labels,
};
use super::sender::uuid;
use super::{Deliveries, Endpoint, Format, Request, Sender, Sink, Upload};
use crate::sys;

/// The sink.
pub(crate) fn sink(
    options: &options::Pyroscope,
    sender: &Sender,
    deliveries: &'static Deliveries,
) -> Box<dyn Sink> {
    let format = Box::new(Pyroscope::new(sender));
    Box::new(Upload::new(format, endpoint(options), deliveries))
}

fn endpoint(options: &options::Pyroscope) -> Endpoint {
    let mut headers = vec![("Content-Type", "application/proto".to_owned())];
    if let Some(tenant) = &options.tenant {
        headers.push(("X-Scope-OrgID", tenant.trim().to_owned()));
    }
    // As Grafana's own clients have it: a user counts before a token.
    let password = options.password.as_deref().unwrap_or("");
    let user = options.user.as_deref().map(|user| basic(user, password));
    if let Some(authorization) = user.or(options.token.as_deref().map(bearer)) {
        headers.push(("Authorization", authorization));
    }
    Endpoint {
        receiver: "Pyroscope",
        url: address(&options.url, "/push.v1.PusherService/Push"),
        headers,
        advice,
    }
}

fn advice(status: u16) -> Option<&'static str> {
    Some(match status {
        400 => "a profile was refused: its labels or its size are beyond the limits of this server",
        401 => {
            "not let in: check LOCKPROF_PYROSCOPE_USER and LOCKPROF_PYROSCOPE_PASSWORD or LOCKPROF_PYROSCOPE_TOKEN, and LOCKPROF_PYROSCOPE_TENANT"
        }
        403 => "this user or token may not write profiles",
        404 | 405 => {
            "there is no Pyroscope at LOCKPROF_PYROSCOPE_URL, or one older than 1.0, which has no push.v1.PusherService"
        }
        413 => "a profile is larger than what stands before Pyroscope lets through",
        415 => "what is at LOCKPROF_PYROSCOPE_URL does not speak push.v1.PusherService",
        422 | 429 => "the tenant is over its limit of profiles or series",
        _ => return None,
    })
}

/// Makes its requests.
struct Pyroscope {
    labels: Vec<LabelPair>,
    profiles: Profiles,
}

impl Pyroscope {
    fn new(sender: &Sender) -> Self {
        let pair = |(name, value)| LabelPair { name, value };
        Self {
            labels: series_labels(sender).into_iter().map(pair).collect(),
            // It looks up addresses as they are, which is not as they are in the file.
            profiles: Profiles::new(sender.pid, StandIns::Always),
        }
    }

    fn series(&self, profile: Finished) -> RawProfileSeries {
        let name = LabelPair {
            name: "__name__".to_owned(),
            value: profile.name.to_owned(),
        };
        // In the order of the names, as the store keeps them.
        let before = self.labels.partition_point(|label| label.name < name.name);
        let mut labels = self.labels.clone();
        labels.insert(before, name);
        let sample = RawSample {
            raw_profile: profile.gzip,
            id: uuid(sys::random()),
        };
        RawProfileSeries {
            labels,
            samples: vec![sample],
        }
    }
}

impl Format for Pyroscope {
    fn add(&mut self, sample: &Sample, tables: &Profile) {
        self.profiles.add(sample, tables);
    }

    fn finish(&mut self, tables: &Profile) -> Vec<Request> {
        let mut bodies: Vec<Vec<u8>> = Vec::new();
        for profile in self.profiles.finish(tables) {
            let push = PushRequest {
                series: vec![self.series(profile)],
            };
            let message = push.encode_to_vec();
            match bodies.last_mut() {
                // Messages one behind the other are one with the series of both.
                Some(body) if body.len() + message.len() <= REQUEST_BYTES => body.extend(message),
                _ => bodies.push(message),
            }
        }
        let request = |body| Request {
            headers: Vec::new(),
            body,
        };
        bodies.into_iter().map(request).collect()
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct PushRequest {
    #[prost(message, repeated, tag = "1")]
    series: Vec<RawProfileSeries>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RawProfileSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<LabelPair>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<RawSample>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct LabelPair {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RawSample {
    #[prost(bytes = "vec", tag = "1")]
    raw_profile: Vec<u8>,
    #[prost(string, tag = "2")]
    id: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::sink::open::tests::{sample, tables};

    fn header<'a>(endpoint: &'a Endpoint, name: &str) -> Option<&'a str> {
        let mut headers = endpoint.headers.iter();
        let found = headers.find(|(key, _)| *key == name)?;
        Some(&found.1)
    }

    #[test]
    fn the_endpoint_says_who_sends() {
        let mut options = options::Pyroscope {
            url: " https://box:4040/pyroscope/ ".to_owned(),
            tenant: Some("blue".to_owned()),
            user: Some("Aladdin".to_owned()),
            password: Some("open sesame\n".to_owned()),
            token: Some("glsa_1".to_owned()),
        };
        let with_user = endpoint(&options);
        assert_eq!(
            with_user.url,
            "https://box:4040/pyroscope/push.v1.PusherService/Push"
        );
        assert_eq!(header(&with_user, "X-Scope-OrgID"), Some("blue"));
        let content = header(&with_user, "Content-Type");
        assert_eq!(content, Some("application/proto"));
        let authorization = header(&with_user, "Authorization");
        assert_eq!(authorization, Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));

        options.user = None;
        let with_token = endpoint(&options);
        assert_eq!(header(&with_token, "Authorization"), Some("Bearer glsa_1"));

        let alone = endpoint(&options::Pyroscope {
            url: "box:4040".to_owned(),
            ..options::Pyroscope::default()
        });
        assert_eq!(alone.url, "http://box:4040/push.v1.PusherService/Push");
        assert_eq!(alone.headers.len(), 1);
    }

    #[test]
    fn both_kinds_of_profile_go_with_one_request() {
        let sender = Sender {
            service: "shop".to_owned(),
            host: "box".to_owned(),
            tags: vec![("Team".to_owned(), "perf".to_owned())],
            ..Sender::default()
        };
        let mut format = Pyroscope::new(&sender);
        let tables = tables();
        format.add(&sample("cache_mu", &[0], [5, 50, 0, 0, 2, 0]), &tables);
        format.add(&sample("cache_mu", &[1], [0, 0, 5, 70, 0, 50]), &tables);
        let requests = format.finish(&tables);
        assert_eq!(requests.len(), 1);
        let push = PushRequest::decode(requests[0].body.as_slice()).unwrap();
        let names: Vec<_> = push
            .series
            .iter()
            .map(|series| {
                let labels = series.labels.iter();
                let labels = labels.map(|label| format!("{}={}", label.name, label.value));
                labels.collect::<Vec<_>>().join(" ")
            })
            .collect();
        assert_eq!(
            names,
            [
                "Team=perf __name__=mutex host=box service_name=shop",
                "Team=perf __name__=mutex_holder host=box service_name=shop",
            ]
        );
        let ids: Vec<_> = push.series.iter().map(|s| &s.samples[0].id).collect();
        assert_ne!(ids[0], ids[1]);
        assert_eq!(format.finish(&tables), [], "nothing new is nothing to send");
    }
}
