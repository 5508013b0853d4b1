//! The little language of wrapper patterns: as a regular expression, and matched
//! directly. Both must mean the same; `tests.rs` compares them.

/// A pattern as a regular expression for a whole name.
pub(super) fn to_regex(pattern: &str) -> String {
    let (inline, mut rest) = match pattern.strip_prefix("std::") {
        Some(rest) => (r"std::(_\w*::)?", rest),
        None => ("", pattern),
    };
    let mut regex = inline.to_owned();
    while let Some(c) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("::") {
            regex.push_str("(<.*>)?::");
            rest = behind;
            continue;
        }
        match c {
            // What pprof takes it for: letters of ASCII, digits and `_`.
            '*' => regex.push_str(r"\w*"),
            '{' => regex.push('('),
            ',' => regex.push('|'),
            '}' => regex.push(')'),
            c => regex.push(c),
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    regex.push_str(r"([<\[].*)?");
    regex
}

/// Whether a pattern describes a whole name.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let Some(member) = pattern.strip_prefix("std::") else {
        return matches_rest(pattern, name);
    };
    name.strip_prefix("std::").is_some_and(|name| {
        matches_rest(member, name)
            || name.starts_with('_')
                && name
                    .get(word_len(name)..)
                    .and_then(|behind| behind.strip_prefix("::"))
                    .is_some_and(|name| matches_rest(member, name))
    })
}

fn matches_rest(pattern: &str, name: &str) -> bool {
    let Some(first) = pattern.chars().next() else {
        return name.is_empty() || name.starts_with(['<', '[']);
    };
    if let Some(pattern) = pattern.strip_prefix("::") {
        return matches_member(pattern, name);
    }
    let pattern = pattern.get(first.len_utf8()..).unwrap_or_default();
    match first {
        '*' => (0..=word_len(name))
            .filter_map(|len| name.get(len..))
            .any(|name| matches_rest(pattern, name)),
        '{' => {
            let (words, pattern) = pattern.split_once('}').unwrap_or((pattern, ""));
            words
                .split(',')
                .filter_map(|word| name.strip_prefix(word))
                .any(|name| matches_rest(pattern, name))
        }
        c => name
            .strip_prefix(c)
            .is_some_and(|name| matches_rest(pattern, name)),
    }
}

/// Behind a `::` of the pattern, with or without template arguments before it.
fn matches_member(pattern: &str, name: &str) -> bool {
    let direct = name.strip_prefix("::");
    let arguments = name.starts_with('<').then(|| name.match_indices(">::"));
    direct
        .into_iter()
        .chain(
            arguments
                .into_iter()
                .flatten()
                .filter_map(|(at, found)| name.get(at + found.len()..)),
        )
        .any(|name| matches_rest(pattern, name))
}

/// Length of the word at the beginning of a name.
fn word_len(name: &str) -> usize {
    name.bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count()
}
