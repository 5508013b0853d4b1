//! Options that say which places in code are profiled.

use super::super::Place;
use super::{understood, with};

fn place(word: &str) -> Place {
    let mut options = understood(&[("LOCKPROF_EXCLUDE", word)]);
    assert_eq!(options.exclude.len(), 1, "{word}");
    options.exclude.remove(0)
}

#[test]
fn a_library_is_named_without_its_version() {
    for (word, file, expected) in [
        ("libssl", "libssl.so.3", true),
        ("libssl", "libssl.so", true),
        ("libssl.so.3", "libssl.so.3", true),
        ("libglib", "libglib-2.0.so.0.7400.6", true),
        ("libpng", "libpng16.so.16.39.0", true),
        ("memcached", "memcached", true),
        ("python", "python3.11", true),
        ("libssl", "libssl_shim.so", false),
        ("libssl", "libsslx.so", false),
        ("ssl", "libssl.so.3", false),
        ("libssl.so.1", "libssl.so.3", false),
    ] {
        let path = format!("/usr/lib/{file}");
        let holds = place(word).holds(Some(&path), Some("libssl"));
        assert_eq!(holds, expected, "{word} {file}");
    }
    assert!(!place("libssl").holds(None, Some("libssl")));
}

#[test]
fn a_path_is_one_file_and_a_star_a_family_of_functions() {
    let file = place("/opt/app/plugin.so");
    assert!(file.holds(Some("/opt/app/plugin.so"), None));
    assert!(!file.holds(Some("/opt/app/plugin.so.1"), None));
    assert!(!file.holds(None, None));
    let functions = place("png_*");
    assert!(functions.holds(None, Some("png_read_row")));
    assert!(functions.holds(Some("/bin/app"), Some("png_")));
    assert!(!functions.holds(Some("/bin/png_"), Some("my_png_")));
    assert!(!functions.holds(Some("/bin/png_"), None));
    assert!(place("Cache::*").holds(None, Some("Cache::get")));
}

#[test]
fn words_that_name_no_place_give_one_complaint() {
    for bad in ["*", "png*row", "libssl,**"] {
        let (options, complaints) = with(&[("LOCKPROF_INCLUDE", bad)]);
        assert_eq!(options.include, []);
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(complaints[0].starts_with(&format!("LOCKPROF_INCLUDE={bad}: not a ")));
        assert!(complaints[0].ends_with("; using nothing"), "{complaints:?}");
    }
}

#[test]
fn functions_are_no_places_where_they_have_no_names() {
    let given = [
        ("LOCKPROF_SYMBOLS", "off"),
        ("LOCKPROF_EXCLUDE", "libssl, png_*"),
    ];
    let (options, complaints) = with(&given);
    assert_eq!(options.exclude, [Place::Library("libssl".to_owned())]);
    assert_eq!(
        complaints,
        [
            "LOCKPROF_EXCLUDE=png_*: nothing with LOCKPROF_SYMBOLS=off, by which functions have no names"
        ]
    );
}
