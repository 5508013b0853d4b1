//! Signals by name and number, as they are on Linux with glibc on every processor we build for.

/// What is accepted, as it stands behind "not".
pub(super) const DESCRIPTION: &str =
    "none, SIGUSR1, SIGUSR2, SIGRTMIN to SIGRTMIN+30, or the number of one of these";

const USER: [(&str, u8); 2] = [("USR1", 10), ("USR2", 12)];
/// The first that glibc leaves to programs, and the last there is.
const REAL_TIME: (u8, u8) = (34, 64);

/// The number of a signal that means nothing by itself; `Some(None)` is no signal. All
/// others have a meaning to the system, or to whoever sends them.
pub(super) fn number(text: &str) -> Option<Option<u8>> {
    if text.eq_ignore_ascii_case("none") {
        return Some(None);
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let (first, last) = REAL_TIME;
    let number = match name.strip_prefix("RTMIN") {
        Some("") => first,
        Some(more) => digits(more.strip_prefix('+')?)?.checked_add(first)?,
        None => match USER.iter().find(|(known, _)| *known == name) {
            Some((_, number)) => *number,
            None => digits(text)?,
        },
    };
    let is_free = USER.iter().any(|(_, user)| *user == number) || (first..=last).contains(&number);
    is_free.then_some(Some(number))
}

/// A number without a sign.
fn digits(text: &str) -> Option<u8> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_without_a_meaning_of_their_own_are_taken() {
        for (text, wanted) in [
            ("none", None),
            ("SIGUSR1", Some(10)),
            ("usr2", Some(12)),
            ("12", Some(12)),
            ("SIGRTMIN", Some(34)),
            ("rtmin+30", Some(64)),
            ("40", Some(40)),
        ] {
            assert_eq!(number(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn all_others_are_refused() {
        for text in [
            "",
            "SIG",
            "SIGTERM",
            "SIGPROF",
            "9",
            "11",
            "32",
            "33",
            "65",
            "0",
            "-10",
            "+10",
            "SIGRTMIN+31",
            "SIGRTMIN+",
            "SIGRTMIN-1",
            "SIGRTMIN+300",
            "SIGRTMIN++1",
            "1 0",
        ] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
