//! Which functions only read, going by their names: a profile knows nothing better.

/// Words of names of functions that look at something.
const READS: [&str; 20] = [
    "contains", "count", "exists", "fetch", "find", "get", "has", "is", "iter", "list", "lookup",
    "peek", "query", "read", "scan", "search", "show", "size", "stat", "view",
];
/// Words of names of functions that change something, whatever else they do.
const WRITES: [&str; 28] = [
    "add",
    "alloc",
    "append",
    "clear",
    "create",
    "decrement",
    "delete",
    "emplace",
    "erase",
    "evict",
    "free",
    "increment",
    "init",
    "insert",
    "make",
    "modify",
    "new",
    "pop",
    "push",
    "put",
    "release",
    "remove",
    "replace",
    "reset",
    "set",
    "store",
    "update",
    "write",
];

/// Whether a function is named after reading only.
pub(super) fn only_reads(function: &str) -> bool {
    let words = words(last_part(function));
    let is_one_of = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    is_one_of(&READS) && !is_one_of(&WRITES)
}

/// `get` of `Cache<int, std::less<int> >::get`.
fn last_part(function: &str) -> &str {
    let mut depth = 0_u32;
    let outside = function.char_indices().filter_map(|(at, c)| {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => return Some(at + 1),
            _ => {}
        }
        None
    });
    let begin = outside.last().unwrap_or(0);
    function.get(begin..).unwrap_or(function)
}

/// The words of an identifier in lower case, be it `item_get` or `getItem`.
fn words(identifier: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in identifier.chars() {
        let begins = c.is_ascii_uppercase() && was_lower;
        was_lower = c.is_ascii_lowercase();
        if begins || !c.is_ascii_alphabetic() {
            words.push(String::new());
        }
        if c.is_ascii_alphabetic()
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_lowercase());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_whether_its_function_only_reads() {
        for name in [
            "cache_get",
            "getItem",
            "Cache<int, std::less<int> >::find",
            "shop::Stock::is_empty",
            "do_item_lookup2",
        ] {
            assert!(only_reads(name), "{name}");
        }
        for name in [
            "cache_put",
            "get_or_insert",
            "findAndRemove",
            "Reader::update",
            "get::Cache::flush",
            "target_list_append",
            "forget",
            "",
        ] {
            assert!(!only_reads(name), "{name}");
        }
    }
}
