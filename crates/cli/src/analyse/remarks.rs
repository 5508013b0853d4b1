//! What the comments of profiles say about the profiles themselves, and what they lack.

use std::collections::HashMap;

use contract::comment::{
    EXACT_WAITS_OF, LEFT_OUT, LOST, MADE_CODE, NOT_HOOKED, OFF, OPEN_HOLD, OPEN_HOLDS,
};
use contract::profile::Profile;
use contract::sample_type::label;

use super::totals::increase;

/// What is to be known before the rows are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remarks {
    /// All waiting, counted exactly and estimated from the samples.
    pub(crate) check: Option<Check>,
    /// What was lost, each remark once.
    pub(crate) losses: Vec<String>,
    /// What the program's filters left out, each remark once.
    pub(crate) left_out: Vec<String>,
    /// How many sampled locks were held when the profiles were made.
    pub(crate) open_holds: u64,
    /// The oldest of them: for how long, and what is known about it.
    pub(crate) oldest: Option<(u64, String)>,
    /// How often profiling was switched off meanwhile, and for how long in all.
    pub(crate) off: (u64, u64),
    /// Threads without a name.
    pub(crate) nameless: u64,
}

/// All waiting, twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Check {
    /// Counted without sampling.
    pub(crate) exact_ns: u64,
    /// Estimated from the samples.
    pub(crate) estimated_ns: u64,
}

/// Collects the remarks of these profiles.
pub(crate) fn collect<'a>(profiles: impl IntoIterator<Item = &'a Profile>) -> Remarks {
    let mut remarks = Remarks::default();
    for profile in profiles {
        for comment in &profile.comments {
            remarks.add(comment);
        }
        increase(&mut remarks.nameless, nameless(profile));
    }
    for lines in [&mut remarks.losses, &mut remarks.left_out] {
        lines.sort_unstable();
        lines.dedup();
    }
    remarks
}

impl Remarks {
    fn add(&mut self, comment: &str) {
        let losses = [LOST, NOT_HOOKED, MADE_CODE];
        if losses.iter().any(|loss| comment.starts_with(loss)) {
            self.losses.push(comment.to_owned());
        } else if comment.starts_with(LEFT_OUT) {
            self.left_out.push(comment.to_owned());
        } else if let Some(waits) = comment.strip_prefix(EXACT_WAITS_OF) {
            self.add_check(waits);
        } else if let Some((times, time)) = comment
            .strip_prefix(OFF)
            .and_then(|off| off.split_once(" times, "))
        {
            increase(&mut self.off.0, number(times).unwrap_or(0));
            increase(&mut self.off.1, number(time).unwrap_or(0));
        } else if let Some(open) = comment.strip_prefix(OPEN_HOLDS) {
            increase(&mut self.open_holds, number(open).unwrap_or(0));
        } else if let Some(open) = comment.strip_prefix(OPEN_HOLD) {
            self.add_open(open);
        }
    }

    /// Of `mutex: 1200 of 3000000 ns, estimated 1180 of 2950000 ns`; a kind may have
    /// any name, so it is read from the end.
    fn add_check(&mut self, waits: &str) {
        let Some((exact, estimated)) = waits.rsplit_once(", estimated ") else {
            return;
        };
        let time_ns = |part: &str| part.rsplit_once(" of ").and_then(|(_, time)| number(time));
        if let (Some(exact_ns), Some(estimated_ns)) = (time_ns(exact), time_ns(estimated)) {
            let check = self.check.get_or_insert_default();
            increase(&mut check.exact_ns, exact_ns);
            increase(&mut check.estimated_ns, estimated_ns);
        }
    }

    /// Of `1500000000 ns, lock cache_mu at 0x55d0, thread Writer-0, taken in update`.
    fn add_open(&mut self, open: &str) {
        let Some((age, about)) = open.split_once(" ns, ") else {
            return;
        };
        if let Some(age_ns) = number(age)
            && self.oldest.as_ref().is_none_or(|(ns, _)| age_ns > *ns)
        {
            self.oldest = Some((age_ns, about.to_owned()));
        }
    }
}

/// The number a text begins with.
fn number(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.get(..end.unwrap_or(text.len()))?.parse().ok()
}

/// How many threads of a profile have an id, but in no row a name: none at all, or the
/// number by which the library calls them then.
fn nameless(profile: &Profile) -> u64 {
    let mut is_named: HashMap<i64, bool> = HashMap::new();
    for sample in &profile.samples {
        if let Some(id) = sample.number(label::THREAD_NATIVE_ID) {
            let name = sample.text(label::THREAD_NAME);
            *is_named.entry(id).or_default() |= name.is_some_and(|name| name != id.to_string());
        }
    }
    let nameless = is_named.values().filter(|is_named| !**is_named);
    u64::try_from(nameless.count()).unwrap_or(u64::MAX)
}
