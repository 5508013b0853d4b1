//! Which samples a report is about: those of some locks, threads, kinds or functions.

use contract::profile::{Profile, Sample};
use contract::sample_type::{KINDS, label};
use regex::Regex;

use super::frames::Frames;
use super::key;

/// What is asked for; by itself everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// By the names of locks, or one whole address.
    pub(crate) lock: Option<Regex>,
    /// By the names of threads, or one whole id.
    pub(crate) thread: Option<Regex>,
    /// Kinds of lock, or what begins their names up to a hyphen; empty for all.
    pub(crate) kinds: Vec<String>,
    /// What some frame has to have.
    pub(crate) focus: Option<Regex>,
    /// What no frame may have.
    pub(crate) ignore: Option<Regex>,
}

impl Filter {
    /// Whether it lets everything through.
    pub(crate) fn is_all(&self) -> bool {
        self.parts().is_empty()
    }

    /// Whether it looks at locks only: then all that was waited for one is in, and so
    /// is all that its holders caused.
    pub(crate) fn keeps_locks_whole(&self) -> bool {
        self.thread.is_none() && self.focus.is_none() && self.ignore.is_none()
    }

    /// What was asked for, option by option.
    pub(crate) fn parts(&self) -> Vec<(&'static str, String)> {
        let kinds = (!self.kinds.is_empty()).then(|| self.kinds.join(","));
        let pattern = |regex: &Option<Regex>| regex.as_ref().map(ToString::to_string);
        let parts = [
            ("lock", pattern(&self.lock)),
            ("thread", pattern(&self.thread)),
            ("kind", kinds),
            ("focus", pattern(&self.focus)),
            ("ignore", pattern(&self.ignore)),
        ];
        let given = |(name, part): (_, Option<String>)| part.map(|part| (name, part));
        parts.into_iter().filter_map(given).collect()
    }

    /// The same as it may have been given: `--lock cache --kind mutex`; empty for nothing.
    pub(crate) fn shown(&self) -> String {
        let parts = self.parts().into_iter();
        let parts: Vec<String> = parts
            .map(|(name, what)| format!("--{name} {what}"))
            .collect();
        parts.join(" ")
    }

    /// Prepares to look at the samples of one profile.
    pub(crate) fn on<'a>(&'a self, profile: &'a Profile) -> Selection<'a> {
        Selection {
            filter: self,
            is_focused: self.focus.as_ref().map(|regex| matching(regex, profile)),
            is_ignored: self.ignore.as_ref().map(|regex| matching(regex, profile)),
        }
    }

    /// Whether it lets the thread of a sample through.
    pub(super) fn has_thread(&self, sample: &Sample) -> bool {
        self.thread.as_ref().is_none_or(|regex| {
            let id = sample.number(label::THREAD_NATIVE_ID);
            let name = sample.text(label::THREAD_NAME);
            name.is_some_and(|name| regex.is_match(name))
                || id.is_some_and(|id| id.to_string() == regex.as_str())
        })
    }

    fn has_lock(&self, sample: &Sample) -> bool {
        self.lock.as_ref().is_none_or(|regex| {
            regex.is_match(key::lock_name(sample))
                || sample.text(label::LOCK) == Some(regex.as_str())
        })
    }

    fn has_kind(&self, sample: &Sample) -> bool {
        let kind = sample.text(label::LOCK_KIND).unwrap_or("");
        let mut words = self.kinds.iter();
        self.kinds.is_empty() || words.any(|word| means(word, kind))
    }
}

/// Whether there is a kind that such a word means.
pub(crate) fn is_kind(word: &str) -> bool {
    KINDS.iter().any(|kind| means(word, kind))
}

/// Whether a word means this kind, by itself or as the first part of its name.
fn means(word: &str, kind: &str) -> bool {
    kind == word || kind.split('-').next() == Some(word)
}

/// A filter that has looked at the functions of one profile.
pub(crate) struct Selection<'a> {
    filter: &'a Filter,
    /// By location.
    is_focused: Option<Vec<bool>>,
    is_ignored: Option<Vec<bool>>,
}

impl Selection<'_> {
    /// Whether a sample of the profile is let through.
    pub(crate) fn has(&self, sample: &Sample) -> bool {
        self.filter.has_lock(sample)
            && self.filter.has_kind(sample)
            && self.filter.has_thread(sample)
            && self
                .is_focused
                .as_ref()
                .is_none_or(|is_in| has_any(is_in, sample))
            && !self
                .is_ignored
                .as_ref()
                .is_some_and(|is_in| has_any(is_in, sample))
    }
}

/// Which locations of a profile have a function, or file, of that name.
fn matching(regex: &Regex, profile: &Profile) -> Vec<bool> {
    let frames = Frames::new(profile);
    let sites = (0..profile.locations.len()).map(|location| frames.sites(&[location]));
    sites
        .map(|sites| sites.iter().any(|site| regex.is_match(&site.to_string())))
        .collect()
}

fn has_any(is_in: &[bool], sample: &Sample) -> bool {
    let mut locations = sample.stack.iter();
    locations.any(|location| is_in.get(*location).is_some_and(|is_in| *is_in))
}
