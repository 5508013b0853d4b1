//! Reads the beginning of an answer of HTTP/1.1, whoever wrote it.

use std::time::Duration;

use super::fault::Answer;

/// What the first bytes of an answer are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// Not all of it yet.
    Part,
    /// Nothing of HTTP.
    Odd,
    /// All of it, and where it ends.
    Whole(Answer, usize),
}

/// Longest text of an answer that is repeated to the user, in characters.
const TEXT_CHARS: usize = 120;

/// Reads the status and what matters of the headers.
pub(super) fn head(bytes: &[u8]) -> Head {
    let begin = b"HTTP/1.";
    if !bytes
        .iter()
        .zip(begin)
        .all(|(given, wanted)| given == wanted)
    {
        return Head::Odd;
    }
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Head::Part;
    };
    let text = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
    let mut lines = text.split("\r\n");
    // HTTP/1.1 200 OK
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status = status.filter(|digits| digits.len() == 3);
    let Some(status) = status.and_then(|digits| digits.parse().ok()) else {
        return Head::Odd;
    };
    let mut answer = Answer {
        status,
        ..Answer::default()
    };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("retry-after") {
            // The other form, a date, needs the receiver's clock to be ours.
            answer.retry_after = value.parse().ok().map(Duration::from_secs);
        } else if name.eq_ignore_ascii_case("location") {
            answer.location = Some(shortened(value));
        }
    }
    Head::Whole(answer, end + 4)
}

/// What people can read of the beginning of a body; nothing when it is a page.
pub(super) fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    // The length of a first chunk is no text.
    let is_length = |line: &&str| line.len() <= 4 && u32::from_str_radix(line, 16).is_ok();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.find(|line| !is_length(line)).unwrap_or("");
    if first.starts_with('<') {
        return String::new();
    }
    shortened(first)
}

fn shortened(text: &str) -> String {
    let shown = text.chars().filter(|c| !c.is_control());
    shown.take(TEXT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Answer {
        match head(text.as_bytes()) {
            Head::Whole(answer, end) => {
                assert_eq!(end, text.len());
                answer
            }
            other => panic!("{other:?} of {text:?}"),
        }
    }

    #[test]
    fn an_answer_is_read_once_its_head_is_whole() {
        let text = "HTTP/1.1 503 Busy\r\nretry-after: 7\r\nX: y\r\n\r\n";
        for end in 0..text.len() {
            assert_eq!(head(&text.as_bytes()[..end]), Head::Part, "{end}");
        }
        let answer = whole(text);
        assert_eq!(answer.status, 503);
        assert_eq!(answer.retry_after, Some(Duration::from_secs(7)));
        assert_eq!(whole("HTTP/1.0 200\r\n\r\n").status, 200);
        let moved = whole("HTTP/1.1 301 Moved\r\nLocation:  http://x/\r\n\r\n");
        assert_eq!(moved.location.as_deref(), Some("http://x/"));
    }

    #[test]
    fn what_is_no_answer_is_known_as_soon_as_possible() {
        for odd in [
            "X",
            "HTTP/2",
            "HTTP/1.1 abc\r\n\r\n",
            "HTTP/1.1\r\n\r\n",
            "HTTP/1.1 20\r\n\r\n",
        ] {
            assert_eq!(head(odd.as_bytes()), Head::Odd, "{odd}");
        }
        let date = whole("HTTP/1.1 429 x\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\n");
        assert_eq!(date.retry_after, None);
    }

    #[test]
    fn any_bytes_are_read_without_harm() {
        let mut random = 88172645463325252_u64;
        let valid = b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nLocation: x\r\n\r\n1a\r\ntext";
        for _ in 0..20_000 {
            let mut bytes = valid.to_vec();
            for _ in 0..4 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let at = usize::try_from(random >> 8).unwrap() % bytes.len();
                bytes[at] = random.to_le_bytes()[0];
            }
            if let Head::Whole(_, end) = head(&bytes) {
                assert!(end <= bytes.len());
            }
            assert!(first_line(&bytes).chars().count() <= TEXT_CHARS);
        }
    }

    #[test]
    fn reasons_are_one_short_line_and_no_page() {
        assert_eq!(
            first_line(b"1a\r\nprofile too large\r\n0"),
            "profile too large"
        );
        assert_eq!(first_line(b"\r\n<html>"), "");
        assert_eq!(
            first_line("ü".repeat(500).as_bytes()).chars().count(),
            TEXT_CHARS
        );
        assert_eq!(first_line(b""), "");
    }
}
