//! How many columns of a terminal a text takes, and texts cut and filled to that.

use unicode_width::UnicodeWidthChar;

/// Columns of a text in which nothing is hidden: two of each wide sign, none of a mark.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(of).sum()
}

/// The beginning of a text, of at most so many columns.
pub(crate) fn beginning(text: &str, most: usize) -> &str {
    let mut taken = 0;
    let end = text.char_indices().find(|(_, sign)| {
        taken += of(*sign);
        taken > most
    });
    end.and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

/// A text of at most so many columns, cut in the middle.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let Some(kept) = most.checked_sub(1) else {
        return String::new();
    };
    let head = beginning(text, kept / 2);
    format!("{head}…{}", end(text, kept - kept / 2))
}

/// A text with as many blanks behind it as it needs for so many columns.
pub(crate) fn filled(text: &str, columns: usize) -> String {
    format!("{text}{}", blanks(text, columns))
}

/// The same with the blanks before it, as numbers have them.
pub(crate) fn filled_before(text: &str, columns: usize) -> String {
    format!("{}{text}", blanks(text, columns))
}

fn blanks(text: &str, columns: usize) -> String {
    " ".repeat(columns.saturating_sub(width(text)))
}

/// The end of a text, of at most so many columns; no mark without what it stands on.
fn end(text: &str, most: usize) -> &str {
    let mut taken = 0;
    let mut begin = text.len();
    for (at, sign) in text.char_indices().rev() {
        let columns = of(sign);
        taken += columns;
        if taken > most {
            break;
        }
        if columns > 0 {
            begin = at;
        }
    }
    text.get(begin..).unwrap_or("")
}

fn of(sign: char) -> usize {
    sign.width().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_signs_take_two_columns_and_marks_none() {
        for (text, columns) in [
            ("abc", 3),
            ("缓存", 4),
            ("🔒a", 3),
            ("e\u{301}x", 2),
            ("…µ", 2),
        ] {
            assert_eq!(width(text), columns, "{text}");
        }
    }

    #[test]
    fn no_cut_is_wider_than_asked_for_or_tears_a_sign() {
        for text in [
            "cache_mutex",
            "缓存缓存缓存",
            "a缓e\u{301}e\u{301}🔒🔒",
            "e\u{301}\u{302}",
        ] {
            for most in 0..14 {
                let (cut, begun) = (shortened(text, most), beginning(text, most));
                assert!(width(&cut) <= most && width(begun) <= most, "{cut} {most}");
                assert!(!cut.contains("…\u{301}"), "{cut}");
                assert_eq!(width(&filled(&cut, 14)), 14, "{cut}");
                assert_eq!(width(&filled_before(&cut, 14)), 14, "{cut}");
            }
            assert_eq!(shortened(text, 40), text);
            assert_eq!(beginning(text, 40), text);
        }
        assert_eq!(shortened("cache_mutex", 7), "cac…tex");
        assert_eq!(shortened("缓存缓存", 5), "缓…存");
        assert_eq!(beginning("a缓存", 2), "a");
    }
}
