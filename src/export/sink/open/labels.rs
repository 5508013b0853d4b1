//! The labels of a series: what a store finds the profiles of a process by.

use std::collections::BTreeMap;

use super::part::LOCK_NAME;
use crate::export::sink::Sender;

/// Stores accept 30 for each series; the lock's name and one of their own come on top.
const LABELS_MAX: usize = 28;
/// Longest key and value that stores accept, in bytes.
const KEY_BYTES: usize = 1024;
const VALUE_BYTES: usize = 2048;

/// What of a process stands on each of its series, in the order of the keys, without
/// the name of the profile. Whatever the user says is made to fit: stores refuse
/// a whole upload for one bad label.
pub(in crate::export::sink) fn series_labels(sender: &Sender) -> Vec<(String, String)> {
    let own = [
        ("service_name", Some(sender.service.as_str())),
        ("host", Some(sender.host.as_str())),
        ("environment", sender.environment.as_deref()),
        ("version", sender.version.as_deref()),
    ];
    let own = own
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    let tags = sender
        .tags
        .iter()
        .map(|(key, value)| (key_of(key), value.as_str()));
    let mut labels = BTreeMap::new();
    for (key, value) in own.chain(tags) {
        // The name of the profile comes on top.
        let is_full = labels.len() + 1 >= LABELS_MAX;
        if value.is_empty() || key == LOCK_NAME || is_full || labels.contains_key(&key) {
            continue;
        }
        labels.insert(key, cut(value, VALUE_BYTES).to_owned());
    }
    labels.into_iter().collect()
}

/// A key of letters, digits and underscores. Two underscores at its head would be the
/// store's own.
fn key_of(tag: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let key: String = tag.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    let bare = key.trim_start_matches('_');
    let is_fit = bare.len() == key.len() && !bare.starts_with(|c: char| c.is_ascii_digit());
    let key = if is_fit { key } else { format!("_{bare}") };
    cut(&key, KEY_BYTES).to_owned()
}

/// As much of a text as fits into so many bytes.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev();
    end.filter_map(|end| text.get(..end)).next().unwrap_or("")
}
