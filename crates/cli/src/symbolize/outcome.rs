//! What came of looking for debug information, and how to say so in one line.

use super::Asked;
use super::locate::{Found, Loaded};

/// Files without debug information that are named.
const MOST_NAMED: usize = 4;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// For each profile whether it is another one now.
    pub(crate) changed: Vec<bool>,
    /// What was there and is of no use, one line each.
    pub(crate) complaints: Vec<String>,
    /// Distinct places in files.
    addresses: usize,
    /// Those of them whose line is known.
    with_lines: usize,
    /// Files without debug information, the one with most addresses first.
    without: Vec<String>,
}

impl Outcome {
    pub(super) fn new<'a>(
        files: impl Iterator<Item = (&'a (&'a Loaded, &'a Asked), &'a Found)>,
    ) -> Self {
        let mut outcome = Self::default();
        let mut without = Vec::new();
        for ((loaded, asked), found) in files {
            for complaint in &found.complaints {
                outcome.complain(complaint.clone());
            }
            if found.debug.is_none() {
                without.push((asked.places.len(), named(loaded, found.why)));
            }
        }
        without.sort_by_key(|(places, _)| std::cmp::Reverse(*places));
        outcome.without = without.into_iter().map(|(_, named)| named).collect();
        outcome
    }

    /// Says the same only once: a large file is read in several parts.
    pub(super) fn complain(&mut self, complaint: String) {
        if !self.complaints.contains(&complaint) {
            self.complaints.push(complaint);
        }
    }

    /// Adds up addresses, and those with lines.
    pub(super) fn count(&mut self, files: impl Iterator<Item = (usize, usize)>) {
        for (addresses, with_lines) in files {
            self.addresses += addresses;
            self.with_lines += with_lines;
        }
    }

    /// All of it in one line.
    pub(crate) fn line(&self) -> String {
        if self.addresses == 0 {
            return "no addresses in files: there is nothing to look up".to_owned();
        }
        let mut line = format!(
            "lines for {} of {} addresses",
            self.with_lines, self.addresses
        );
        if !self.changed.contains(&true) {
            line.push_str(if self.with_lines > 0 {
                ", as before"
            } else {
                "; nothing changed"
            });
        }
        let (named, more) = self.without.split_at(self.without.len().min(MOST_NAMED));
        if !named.is_empty() {
            line.push_str(&format!("; no debug information for {}", named.join(", ")));
        }
        if !more.is_empty() {
            line.push_str(&format!(" and {} more", more.len()));
        }
        line
    }
}

/// `libc.so.6 (BUILD ID; the file is gone)`
fn named(loaded: &Loaded, why: Option<&str>) -> String {
    let (_, base) = loaded.path.rsplit_once('/').unwrap_or(("", &loaded.path));
    let build_id = match loaded.build_id.as_str() {
        "" => "no build id",
        build_id => build_id,
    };
    match why {
        Some(why) => format!("{base} ({build_id}; {why})"),
        None => format!("{base} ({build_id})"),
    }
}
