//! Which place of a stack a row is about, and how it is called.

use contract::profile::Mapping;

use super::*;

#[test]
fn a_site_is_the_first_function_that_is_no_wrapper() {
    let names = [
        "main",
        "std::mutex::lock",
        "std::lock_guard<std::mutex>::lock_guard",
        "put",
    ];
    let profile = profile(
        &names,
        vec![
            acquired(&[1, 2, 3, 0], "a", [1, 10, 1]),
            acquired(&[3, 0], "b", [1, 90, 1]),
            acquired(&[1, 2], "c", [1, 5, 1]),
            acquired(&[], "d", [1, 5, 1]),
        ],
    );
    let rows = rows(&[profile], By::Site);
    let sites: Vec<_> = rows
        .iter()
        .map(|row| match &row.key {
            Key::Site(site) => (site.to_string(), row.lock.clone().unwrap()),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [("[no stack]", "d"), ("put", "b"), ("std::mutex::lock", "c")];
    let expected: Vec<_> = expected.map(|(s, l)| (s.to_owned(), l.to_owned())).into();
    assert_eq!(sites, expected);
    assert_eq!(rows[1].totals.wait_ns(), 100);
}

#[test]
fn sites_show_inlined_functions_lines_and_unnamed_code() {
    let mut profile = profile(
        &["std::mutex::lock", "put"],
        vec![
            acquired(&[0], "a", [1, 0, 0]),
            acquired(&[1], "b", [1, 0, 0]),
            acquired(&[2], "c", [1, 0, 0]),
        ],
    );
    profile.functions[1].file = "/src/cache.cc".to_owned();
    let line = |function, line| Line { function, line };
    profile.mappings = vec![Mapping {
        start: 0x5000,
        file_offset: 0x1000,
        file: "/lib/libbank.so".to_owned(),
        ..Mapping::default()
    }];
    let location = |address, mapping, lines| Location {
        address,
        mapping,
        lines,
    };
    profile.locations = vec![
        location(0, Some(0), vec![line(0, 7), line(1, 42)]),
        location(0x5abc, Some(0), Vec::new()),
        location(0x7777, None, Vec::new()),
    ];
    let sites: Vec<_> = rows(&[profile], By::Site)
        .into_iter()
        .map(|row| match row.key {
            Key::Site(site) => site.to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sites, ["0x7777", "libbank.so+0x1abc", "put (cache.cc:42)"]);
}
