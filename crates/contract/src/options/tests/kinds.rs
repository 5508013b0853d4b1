//! Which kinds are chosen: words make the set, words with a sign change it.

use super::*;

fn chosen(text: &str) -> Vec<&'static str> {
    understood(&[("LOCKPROF_LOCKS", text)]).locks
}

#[test]
fn signed_words_change_the_default() {
    let usual = understood(&[]).locks;
    assert!(!usual.contains(&"futex") && !usual.contains(&"file"));
    assert_eq!(chosen("+mutex"), usual);
    let more = chosen("+futex");
    assert_eq!(more.len(), usual.len() + 1);
    assert!(more.contains(&"futex"));
    let other = chosen(" -cond, + FILE ");
    assert!(other.contains(&"file") && !other.contains(&"cond"));
    assert_eq!(other.len(), usual.len());
}

#[test]
fn plain_words_make_the_set_that_signed_ones_change() {
    assert_eq!(chosen("+file,mutex,spin,-spin"), ["mutex", "file"]);
    assert_eq!(chosen("mutex,-spin"), ["mutex"]);
    // The later of two wins.
    assert_eq!(chosen("mutex,+once,-once"), ["mutex"]);
    assert_eq!(chosen("mutex,-once,+once"), ["mutex", "once"]);
}

#[test]
fn what_leaves_nothing_or_is_unknown_is_said_once_and_the_default_holds() {
    for text in [
        "mutex,-mutex",
        "+mutexes",
        "+",
        "++futex",
        "mutex,-",
        ",",
        "+futex,nonsense",
    ] {
        let (options, complaints) = with(&[("LOCKPROF_LOCKS", text)]);
        assert_eq!(options.locks, understood(&[]).locks, "{text}");
        assert_eq!(complaints.len(), 1, "{text}: {complaints:?}");
        assert!(check("LOCKPROF_LOCKS", text).is_err(), "{text}");
    }
}
