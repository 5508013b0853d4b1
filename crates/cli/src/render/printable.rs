//! Text from programs made harmless for whoever looks at it: no sign in it acts instead of being seen.

use std::fmt::Write as _;

/// A text whose every sign is seen where it stands. Names come from programs: one that moves the
/// cursor, turns the direction of writing, or hides itself could make a line say something else.
/// Such signs are written as `\u{202e}`, so that two names stay two.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for sign in text.chars() {
        if is_seen(sign) {
            shown.push(sign);
        } else {
            shown.extend(sign.escape_default());
        }
    }
    shown
}

/// JSON whose texts are the same, and which does nothing to a terminal: such signs stand in texts
/// only, where they may be written as numbers.
pub(crate) fn of_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for sign in json.chars() {
        // What is below has been escaped already, or stands between the texts.
        if sign < '\u{7f}' || is_seen(sign) {
            shown.push(sign);
            continue;
        }
        for unit in sign.encode_utf16(&mut [0; 2]) {
            let _ = write!(shown, "\\u{unit:04x}");
        }
    }
    shown
}

/// Whether a sign is to be seen, as the standard library knows it: no control or format
/// character, no odd space, nothing that is not assigned. Marks are, which stand on other signs.
fn is_seen(sign: char) -> bool {
    if sign.is_ascii() {
        return !sign.is_ascii_control();
    }
    // By itself, or first in a text, a mark would be escaped.
    let mut bytes = [0; 5];
    let len = 1 + sign.encode_utf8(&mut [0; 4]).len();
    if let Some((first, rest)) = bytes.split_first_mut() {
        *first = b'a';
        sign.encode_utf8(rest);
    }
    let behind_letter = bytes.get(..len).and_then(|b| str::from_utf8(b).ok());
    behind_letter.is_some_and(|text| text.escape_debug().nth(1) == Some(sign))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    /// What turns the direction, has no width, or moves the cursor.
    const HIDDEN: [char; 24] = [
        '\0',
        '\n',
        '\r',
        '\t',
        '\u{1b}',
        '\u{7f}',
        '\u{85}',
        '\u{9b}',
        '\u{ad}',
        '\u{61c}',
        '\u{200b}',
        '\u{200d}',
        '\u{200e}',
        '\u{200f}',
        '\u{2028}',
        '\u{202a}',
        '\u{202e}',
        '\u{2060}',
        '\u{2066}',
        '\u{2069}',
        '\u{feff}',
        '\u{ffff}',
        '\u{e0041}',
        '\u{e000}',
    ];

    #[test]
    fn what_is_not_seen_is_written_out() {
        for sign in HIDDEN {
            let shown = printable(&format!("a{sign}b"));
            assert!(!shown.contains(sign) && shown.is_ascii(), "{shown:?}");
            assert!(shown.starts_with("a\\") && shown.ends_with('b'), "{shown}");
        }
        assert_eq!(printable("lock\u{202e}xeuat"), "lock\\u{202e}xeuat");
        assert_eq!(printable("a\u{1b}[2J\n"), "a\\u{1b}[2J\\n");
    }

    #[test]
    fn what_is_seen_stays() {
        for text in [
            "plain (x.c:7) 'q' \"r\" back\\slash",
            "Grüße µs … é",
            "e\u{301}", // a letter and a mark
            "\u{301}",
            "кэш 缓存 キャッシュ 🔒 ❤\u{fe0f}",
            "שלום",
        ] {
            assert_eq!(printable(text), text);
        }
    }

    #[test]
    fn json_stays_the_same_and_is_harmless() {
        for sign in HIDDEN {
            let text = format!("a{sign}ü🔒");
            let json = of_json(&serde_json::json!({ "name": text }).to_string());
            assert!(!json.contains(sign), "{json:?}");
            let back: serde_json::Value = serde_json::from_str(&json).unwrap();
            assert_eq!(back["name"], text.as_str(), "{json}");
        }
    }
}
