//! One option's text, turned into its value.

use super::{Meaning, Place, SignedWords, Values, signal};

/// A value as meant.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Switch(bool),
    /// None is `auto`.
    SwitchOrAuto(Option<bool>),
    Count(u64),
    TimeNs(u64),
    /// A share: 0.005 is half a per cent.
    Share(f64),
    Words(Vec<&'static str>),
    Word(&'static str),
    Text(String),
    /// Tags or pairs.
    Tags(Vec<(String, String)>),
    Places(Vec<Place>),
    /// None is no signal.
    Signal(Option<u8>),
}

/// Digits kept behind a decimal point.
const DECIMALS: usize = 9;
/// 1.0 in the numbers that [`decimal`] returns.
const ONE: u64 = 1_000_000_000;

/// Units of time, longest first.
const UNITS: [(&str, u64); 5] = [
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

impl Values {
    /// What a value looks like, as it stands behind "not".
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Switch => "1 or 0".to_owned(),
            Self::SwitchOrAuto => "1, 0 or auto".to_owned(),
            Self::Count { min, max } => format!("a whole number between {min} and {max}"),
            Self::Time { min_ns, max_ns } => {
                format!("a time between {} and {}", time(*min_ns), time(*max_ns))
            }
            Self::Percent { min, max } => format!("a percentage between {min} and {max}"),
            Self::Words(words) => format!("a comma-separated list of: {}", words.join(", ")),
            Self::SignedWords(words) => format!(
                "a comma-separated list of: {}; with + or - in front, a change of the default",
                words.known.join(", ")
            ),
            Self::Word(words) => format!("one of: {}", words.join(", ")),
            Self::Text => "text".to_owned(),
            Self::Tags => "a comma-separated list of key:value pairs".to_owned(),
            Self::Pairs => "a comma-separated list of key=value pairs".to_owned(),
            Self::Places => {
                "a comma-separated list of libraries (libssl), paths (./plugin.so) and functions (png_*)"
                    .to_owned()
            }
            Self::Url { .. } => "an address that begins with http:// or https://".to_owned(),
            Self::Signal => signal::DESCRIPTION.to_owned(),
        }
    }
}

/// Reads an option's own text. None: it is not what [`Values::describe`] says.
pub(super) fn own(values: &Values, text: &str) -> Option<Value> {
    let trimmed = text.trim();
    match *values {
        Values::Switch => switch(trimmed).map(Value::Switch),
        Values::SwitchOrAuto if trimmed.eq_ignore_ascii_case("auto") => {
            Some(Value::SwitchOrAuto(None))
        }
        Values::SwitchOrAuto => switch(trimmed).map(|on| Value::SwitchOrAuto(Some(on))),
        Values::Count { min, max } => count(trimmed)
            .filter(|n| (min..=max).contains(n))
            .map(Value::Count),
        Values::Time { min_ns, max_ns } => time_ns(trimmed)
            .filter(|ns| (min_ns..=max_ns).contains(ns))
            .map(Value::TimeNs),
        Values::Percent { min, max } => number(trimmed.strip_suffix('%').unwrap_or(trimmed))
            .filter(|percent| (min..=max).contains(percent))
            .map(|percent| Value::Share(percent / 100.0)),
        Values::Words(known) => words(known, trimmed).map(Value::Words),
        Values::SignedWords(of) => signed_words(of, trimmed).map(Value::Words),
        Values::Word(known) => word(known, trimmed).map(Value::Word),
        Values::Text => Some(Value::Text(text.to_owned())),
        Values::Tags => tags(trimmed).map(Value::Tags),
        Values::Pairs => pairs(trimmed).map(Value::Tags),
        Values::Places => places(trimmed).map(Value::Places),
        Values::Url { path } => url(trimmed, |given| match given {
            "" | "/" => path.to_owned(),
            given => given.to_owned(),
        }),
        Values::Signal => signal::number(trimmed).map(Value::Signal),
    }
}

/// A number as people write one: `0.5`, `12`. (The standard library also reads `1e-3` and
/// `inf`, by tables of 14 kB.)
fn number(text: &str) -> Option<f64> {
    const DIGITS_MAX: usize = 9;
    let (whole, fraction) = text
        .trim_end()
        .split_once('.')
        .unwrap_or((text.trim_end(), ""));
    let digits = [whole, fraction].concat();
    let is_number = (1..=DIGITS_MAX).contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_digit());
    let digits: u32 = is_number.then(|| digits.parse().ok()).flatten()?;
    let places = u32::try_from(fraction.len()).ok()?;
    Some(f64::from(digits) / f64::from(10_u32.pow(places)))
}

/// What the text of an alias says about an option.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    /// This.
    Value(Value),
    /// Nothing that concerns us.
    Nothing,
    /// It should have been what the text describes.
    Bad(String),
}

/// Reads the text of an alias.
pub(super) fn alias(values: &Values, meaning: Meaning, text: &str) -> Said {
    let value = match meaning {
        Meaning::Same => own(values, text),
        Meaning::OnlyOff => match switch(text.trim()) {
            Some(false) => Some(Value::Switch(false)),
            _ => return Said::Nothing,
        },
        Meaning::Clamped => clamped(values, text.trim()),
        Meaning::Milliseconds if !digits(text.trim()) => None,
        Meaning::Milliseconds => clamped(values, &format!("{}ms", text.trim())),
        Meaning::Prefix => {
            let prefix = text.trim().replace('%', "%%");
            own(values, &format!("{prefix}.%p.pb.gz"))
        }
        Meaning::BaseUrl => url(text.trim(), |given| below(values, given)),
        Meaning::WholeUrl => url(text.trim(), |given| match given {
            "" => "/".to_owned(),
            given => given.to_owned(),
        }),
        Meaning::PercentSampled => {
            return percent_sampled(values, text.trim()).map_or_else(
                || Said::Bad("a percentage above 0 and up to 100".to_owned()),
                Said::Value,
            );
        }
    };
    value.map_or_else(|| Said::Bad(described(values, meaning)), Said::Value)
}

fn described(values: &Values, meaning: Meaning) -> String {
    match (meaning, values) {
        (Meaning::Clamped, Values::Count { .. }) => "a whole number".to_owned(),
        (Meaning::Clamped, Values::Time { .. }) => "a time".to_owned(),
        (Meaning::Milliseconds, _) => "a whole number of milliseconds".to_owned(),
        _ => values.describe(),
    }
}

fn clamped(values: &Values, text: &str) -> Option<Value> {
    match *values {
        Values::Count { min, max } => count(text).map(|n| Value::Count(n.clamp(min, max))),
        Values::Time { min_ns, max_ns } => {
            time_ns(text).map(|ns| Value::TimeNs(ns.clamp(min_ns, max_ns)))
        }
        _ => own(values, text),
    }
}

/// `1` per cent of acquisitions sampled is one in 100.
fn percent_sampled(values: &Values, text: &str) -> Option<Value> {
    let Values::Count { min, max } = *values else {
        return None;
    };
    let percent = decimal(text.strip_suffix('%').unwrap_or(text))?;
    if percent == 0 || percent > 100 * ONE {
        return None;
    }
    let one_in = (100 * ONE + percent / 2) / percent;
    Some(Value::Count(one_in.clamp(min, max)))
}

fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// A whole number of digits only; one too large for us is the largest.
fn count(text: &str) -> Option<u64> {
    digits(text).then(|| text.parse().unwrap_or(u64::MAX))
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A decimal number in billionths, digits behind the ninth place cut off.
fn decimal(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let kept = fraction.get(..DECIMALS).unwrap_or(fraction);
    let billionths: u64 = format!("{kept:0<DECIMALS$}").parse().ok()?;
    Some(count(whole)?.saturating_mul(ONE).saturating_add(billionths))
}

/// A time: `100us`, `1.5s`; a bare number is in seconds.
#[must_use]
pub fn time_ns(text: &str) -> Option<u64> {
    let begin = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(begin)?;
    let unit_ns = match unit.trim() {
        "" => ONE,
        "µs" | "μs" => 1_000,
        unit => UNITS.iter().find(|(name, _)| *name == unit)?.1,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let whole_ns = if digits(whole) {
        count(whole)?.saturating_mul(unit_ns)
    } else {
        return None;
    };
    let billionths = decimal(&format!("0.{fraction}"))?;
    let part_ns = u128::from(billionths) * u128::from(unit_ns) / u128::from(ONE);
    Some(whole_ns.saturating_add(u64::try_from(part_ns).ok()?))
}

/// A time in the longest unit that keeps it whole.
fn time(ns: u64) -> String {
    if ns == 0 {
        return "0s".to_owned();
    }
    UNITS
        .iter()
        .find(|(_, unit_ns)| ns.is_multiple_of(*unit_ns))
        .map_or_else(
            || format!("{ns}ns"),
            |(unit, unit_ns)| format!("{}{unit}", ns / unit_ns),
        )
}

fn word(known: &'static [&'static str], text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    known.iter().find(|word| **word == text).copied()
}

/// Pairs, each split at its first colon; a value may be empty, a key may not.
fn tags(text: &str) -> Option<Vec<(String, String)>> {
    let separator = if text.contains(',') { ',' } else { ' ' };
    text.split(separator)
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once(':')?;
            (!key.is_empty()).then(|| (key.to_owned(), value.to_owned()))
        })
        .collect()
}

/// Pairs, each split at its first `=`; what is percent-encoded is decoded.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    text.split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=')?;
            let key = percent_decoded(key.trim())?;
            (!key.is_empty()).then_some((key, percent_decoded(value.trim())?))
        })
        .collect()
}

fn places(text: &str) -> Option<Vec<Place>> {
    text.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(Place::parse)
        .collect()
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut pieces = text.split('%');
    bytes.extend_from_slice(pieces.next()?.as_bytes());
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

/// An address, with what `path` makes of its own path, query included.
fn url(text: &str, path: impl FnOnce(&str) -> String) -> Option<Value> {
    let scheme = ["http://", "https://"]
        .into_iter()
        .find(|scheme| text.starts_with(scheme))?;
    let behind = text.get(scheme.len()..)?;
    let (server, given) = behind.split_at(behind.find('/').unwrap_or(behind.len()));
    let is_sound = !server.is_empty() && !text.contains(|c: char| c.is_whitespace());
    is_sound.then(|| Value::Text(format!("{scheme}{server}{}", path(given))))
}

/// The option's path below another one.
fn below(values: &Values, given: &str) -> String {
    let path = match values {
        Values::Url { path } => path,
        _ => "",
    };
    format!("{}{path}", given.trim_end_matches('/'))
}

/// What stands between commas.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// Words in the order of the table, each at most once.
fn words(known: &'static [&'static str], text: &str) -> Option<Vec<&'static str>> {
    let asked: Option<Vec<_>> = parts(text).map(|part| word(known, part)).collect();
    chosen(known, &asked?)
}

/// Words without a sign make the set, in place of the usual one; then `+` adds and `-`
/// takes away, in the order in which they stand.
fn signed_words(of: &SignedWords, text: &str) -> Option<Vec<&'static str>> {
    let mut set = Vec::new();
    let mut changes = Vec::new();
    for part in parts(text) {
        let (sign, name) = match part.split_at_checked(1) {
            Some((sign @ ("+" | "-"), name)) => (Some(sign), name.trim_start()),
            _ => (None, part),
        };
        let word = word(of.known, name)?;
        match sign {
            None => set.push(word),
            Some(sign) => changes.push((sign, word)),
        }
    }
    if set.is_empty() && !changes.is_empty() {
        set = words(of.known, of.usual)?;
    }
    for (sign, word) in changes {
        set.retain(|known| *known != word);
        if sign == "+" {
            set.push(word);
        }
    }
    chosen(of.known, &set)
}

/// Those that were asked for, in the order of the table; none is no choice.
fn chosen(known: &'static [&'static str], asked: &[&str]) -> Option<Vec<&'static str>> {
    let known = known.iter().copied();
    let chosen: Vec<_> = known.filter(|word| asked.contains(word)).collect();
    (!chosen.is_empty()).then_some(chosen)
}
