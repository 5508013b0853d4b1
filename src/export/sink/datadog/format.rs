//! Rows → requests: profiles small enough for the intake, each with its event.

use contract::pprof::Encoder;
use contract::profile::{Profile, Sample};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::event::{Event, PROFILE};
use super::multipart::Multipart;
use super::rows::{self, Rows, SCHEMA};
use crate::export::sink::{Format, Request};
use crate::sys;

/// Longest profile before it is compressed, as far as we can tell. The intake drops
/// profiles of more than 10 MiB; which of the two lengths counts there is not
/// documented, so the longer one stays below.
const PROFILE_LEN_MAX: usize = 8 << 20;

/// Tells Datadog what was added as one profile or, when that is too long, several.
pub(super) struct ProfileFormat {
    event: Event,
    rows: Rows,
    /// Profiles so far.
    sequence: u64,
    profile_len_max: usize,
}

impl ProfileFormat {
    pub(super) fn new(event: Event) -> Self {
        Self {
            event,
            rows: Rows::new(),
            sequence: 0,
            profile_len_max: PROFILE_LEN_MAX,
        }
    }

    fn begin(&mut self, tables: &Profile) -> Part {
        let start_ns = u64::try_from(tables.start_unix_ns).unwrap_or(0);
        let end_ns = start_ns.saturating_add(u64::try_from(tables.duration_ns).unwrap_or(0));
        let mut form = Multipart::new(sys::random());
        form.begin("event", "event.json", Some("application/json"));
        let event = self.event.json(self.sequence, start_ns, end_ns);
        self.sequence += 1;
        form.content().extend_from_slice(event.as_bytes());
        form.begin(PROFILE, PROFILE, None);
        // The profile is written where it belongs in the body: no second copy.
        let before = std::mem::take(form.content());
        let out = GzEncoder::new(before, Compression::default());
        Part {
            form,
            profile: Encoder::with_schema(out, SCHEMA),
        }
    }
}

impl Format for ProfileFormat {
    fn add(&mut self, sample: &Sample, _tables: &Profile) {
        self.rows.add(sample);
    }

    fn finish(&mut self, tables: &Profile) -> Vec<Request> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        // Each profile has all tables. Where these alone are nearly too long, some
        // rows must find room nevertheless.
        let most = self.profile_len_max;
        let rows_len_max = most.saturating_sub(len_of(tables)).max(most / 4);
        let mut requests = Vec::new();
        let mut part: Option<Part> = None;
        for sample in self.rows.take() {
            let begun = part.get_or_insert_with(|| self.begin(tables));
            // Writing to memory cannot fail.
            let _ = begun.profile.add_values(
                &sample.stack,
                &rows::values(&sample),
                &sample.labels,
                tables.locations.len(),
            );
            if begun.profile.rows_len() >= rows_len_max {
                requests.extend(part.take().and_then(|part| part.finish(tables)));
            }
        }
        requests.extend(part.and_then(|part| part.finish(tables)));
        requests
    }
}

/// A request that is being written.
struct Part {
    form: Multipart,
    profile: Encoder<GzEncoder<Vec<u8>>>,
}

impl Part {
    fn finish(self, tables: &Profile) -> Option<Request> {
        let Self { mut form, profile } = self;
        let gzip = profile.finish(tables).ok()?;
        *form.content() = gzip.finish().ok()?;
        Some(Request {
            headers: vec![("content-type", form.content_type())],
            body: form.finish(),
        })
    }
}

/// Bytes that everything but the rows of a profile takes, at most.
fn len_of(tables: &Profile) -> usize {
    /// Of what every profile has: its types, its times, the frames to drop.
    const HEAD_LEN: usize = 4096;
    /// Of an entry's numbers and the heads of its fields and texts.
    const ENTRY_LEN: usize = 64;
    let entries = tables.locations.len() + tables.mappings.len() + tables.functions.len();
    let functions = tables.functions.iter();
    let functions = functions.map(|f| f.name.len() + f.system_name.len() + f.file.len());
    let mappings = tables.mappings.iter();
    let mappings = mappings.map(|m| m.file.len() + m.build_id.len());
    let comments = tables.comments.iter().map(|c| c.len() + ENTRY_LEN);
    let texts: usize = functions.chain(mappings).chain(comments).sum();
    HEAD_LEN + entries * ENTRY_LEN + texts
}

#[cfg(test)]
mod tests;
