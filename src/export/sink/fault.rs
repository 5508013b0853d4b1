//! What can go wrong with a delivery: how it is said, and whether trying again can help.

use std::fmt;
use std::io;
use std::time::Duration;

/// What a receiver answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// How long it wants to be left alone.
    pub(super) retry_after: Option<Duration>,
    /// Where it would rather have been asked.
    pub(super) location: Option<String>,
    /// The beginning of what it said, for people.
    pub(super) text: String,
}

/// Why a request did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The address is none, or this build cannot use it.
    Address(String),
    /// No such host, or nobody to ask.
    Name(String),
    /// Nobody listens, or the connection broke.
    Connection(String),
    /// It was too slow at this.
    TooSlow(&'static str),
    /// It is not whom it should be, or cannot agree with us on a secret.
    Untrusted(String),
    /// What came was no answer of HTTP.
    NotHttp,
    /// It answered, and it did not say yes.
    Refused(Answer),
}

/// What kind of loss it was: what messages are said once for and losses counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Address,
    Name,
    Connection,
    TooSlow,
    Untrusted,
    NotHttp,
    Status(u16),
    /// Newer ones took its place.
    PushedOut,
    /// The program ended first.
    Ended,
    /// Nobody could be sent with it.
    NoThread,
    /// The spool did not take it, or let go of it.
    Spool,
}

impl Fault {
    pub(super) fn cause(&self) -> Cause {
        match self {
            Self::Address(_) => Cause::Address,
            Self::Name(_) => Cause::Name,
            Self::Connection(_) => Cause::Connection,
            Self::TooSlow(_) => Cause::TooSlow,
            Self::Untrusted(_) => Cause::Untrusted,
            Self::NotHttp => Cause::NotHttp,
            Self::Refused(answer) => Cause::Status(answer.status),
        }
    }

    /// Whether the same request may get through later.
    pub(super) fn is_temporary(&self) -> bool {
        match self {
            Self::Name(_) | Self::Connection(_) | Self::TooSlow(_) => true,
            Self::Address(_) | Self::Untrusted(_) | Self::NotHttp => false,
            Self::Refused(answer) => {
                matches!(answer.status, 408 | 429) || (500..=599).contains(&answer.status)
            }
        }
    }

    /// Whether it may get through once the world has changed, and so is worth keeping.
    pub(super) fn may_arrive_later(&self) -> bool {
        match self {
            Self::Refused(answer) => {
                self.is_temporary() || matches!(answer.status, 300..=399 | 401..=407)
            }
            _ => true,
        }
    }

    /// How long the receiver wants to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(answer) => answer.retry_after,
            _ => None,
        }
    }

    /// Without what the receiver repeated of our secrets.
    pub(super) fn without(self, secrets: &[String]) -> Self {
        let Self::Refused(mut answer) = self else {
            return self;
        };
        for secret in secrets {
            hide(secret, &mut answer.text);
            if let Some(location) = &mut answer.location {
                hide(secret, location);
            }
        }
        Self::Refused(answer)
    }

    /// What a user can do about it, whatever the receiver.
    fn advice(&self) -> &'static str {
        let Self::Refused(answer) = self else {
            return match self {
                Self::Untrusted(_) => {
                    "SSL_CERT_FILE may name a file of other certificates to trust"
                }
                Self::NotHttp => "is the port the right one?",
                _ => "",
            };
        };
        match answer.status {
            300..=399 => "redirects are not followed; set the address it names",
            400 => "it takes no such profile",
            401 | 403 => "check the key, or the user and password",
            404 | 405 => "nothing takes profiles at this address",
            407 => "the proxy wants a user and a password",
            413 => "the profile is too large for it",
            429 => "it is asked too often",
            _ => "",
        }
    }

    /// One line for the user; `known` is what the receiver is known to mean by it.
    pub(super) fn explained(&self, known: Option<&'static str>) -> String {
        let advice = known.unwrap_or_else(|| self.advice());
        let semicolon = if advice.is_empty() { "" } else { "; " };
        format!("{self}{semicolon}{advice}")
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Self::TooSlow("to answer"),
            io::ErrorKind::InvalidData => Self::Untrusted(error.to_string()),
            _ => Self::Connection(error.to_string()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(reason) => write!(f, "cannot be used: {reason}"),
            Self::Name(reason) => write!(f, "cannot be found: {reason}"),
            Self::Connection(reason) => write!(f, "cannot be reached: {reason}"),
            Self::TooSlow(at) => write!(f, "was too slow {at}"),
            Self::Untrusted(reason) => write!(f, "is not trusted: {reason}"),
            Self::NotHttp => write!(f, "does not answer in HTTP"),
            Self::Refused(answer) => {
                write!(f, "answered {}", answer.status)?;
                if let Some(location) = &answer.location {
                    write!(f, " ({location})")?;
                } else if !answer.text.is_empty() {
                    write!(f, " ({})", answer.text)?;
                }
                Ok(())
            }
        }
    }
}

/// For the line in the profile that counts losses.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => write!(f, "its address cannot be used"),
            Self::Name => write!(f, "its host was not found"),
            Self::Connection => write!(f, "it was not reached"),
            Self::TooSlow => write!(f, "it was too slow"),
            Self::Untrusted => write!(f, "it is not trusted"),
            Self::NotHttp => write!(f, "it does not answer in HTTP"),
            Self::Status(status) => write!(f, "it answered {status}"),
            Self::PushedOut => write!(f, "newer ones took their place"),
            Self::Ended => write!(f, "the program ended first"),
            Self::NoThread => write!(f, "no thread could be started"),
            Self::Spool => write!(f, "the spool did not keep them"),
        }
    }
}

/// Shortest part of a secret that is hidden.
const SECRET_MIN: usize = 4;

/// Takes a secret out of a text, which may have been cut within it.
fn hide(secret: &str, text: &mut String) {
    if secret.len() < SECRET_MIN {
        return;
    }
    *text = text.replace(secret, "…");
    let starts = secret.char_indices().map(|(at, _)| at);
    let begins = starts.rev().take_while(|&at| at >= SECRET_MIN);
    let cut = begins.filter_map(|at| secret.get(..at));
    let rest = cut.filter_map(|begin| text.strip_suffix(begin)).next();
    if let Some(len) = rest.map(str::len) {
        text.truncate(len);
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16) -> Fault {
        Fault::Refused(Answer {
            status,
            ..Answer::default()
        })
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for status in [408, 429, 500, 502, 503, 504, 599] {
            assert!(refused(status).is_temporary(), "{status}");
        }
        for status in [301, 308, 400, 401, 403, 404, 410, 413, 600] {
            assert!(!refused(status).is_temporary(), "{status}");
        }
        assert!(Fault::TooSlow("to answer").is_temporary());
        assert!(!Fault::NotHttp.is_temporary());
    }

    #[test]
    fn what_a_receiver_repeats_of_a_secret_is_hidden() {
        let shown = |text: &str, secrets: &[&str]| {
            let secrets: Vec<String> = secrets.iter().map(|&s| s.to_owned()).collect();
            let answer = Answer {
                text: text.to_owned(),
                location: Some(text.to_owned()),
                ..Answer::default()
            };
            match Fault::Refused(answer).without(&secrets) {
                Fault::Refused(answer) => {
                    assert_eq!(answer.location.as_deref(), Some(answer.text.as_str()));
                    answer.text
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(
            shown("no key k-123 here: k-123", &["k-123"]),
            "no key … here: …"
        );
        // Cut where the line ends.
        assert_eq!(shown("no key k-12", &["k-1234"]), "no key …");
        assert_eq!(
            shown("no key at all", &["k-1234", "all", ""]),
            "no key at all"
        );
        assert_eq!(shown("äöü pässwörd", &["pässwörd"]), "äöü …");
    }

    #[test]
    fn a_line_says_what_happened_and_what_to_do() {
        assert_eq!(
            refused(403).explained(Some("check DD_API_KEY")),
            "answered 403; check DD_API_KEY"
        );
        let mut moved = Answer {
            status: 308,
            ..Answer::default()
        };
        moved.location = Some("https://elsewhere/".to_owned());
        assert_eq!(
            Fault::Refused(moved).explained(None),
            "answered 308 (https://elsewhere/); redirects are not followed; set the address it names"
        );
        assert_eq!(refused(500).explained(None), "answered 500");
    }
}
