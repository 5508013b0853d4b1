//! Names of profile files: what they are made of, and that they are found again.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;

fn id(executable: &str) -> Identity {
    Identity {
        executable: executable.to_owned(),
        pid: 42,
        start_ms: 1_700_000_000_123,
    }
}

#[test]
fn the_default_name_says_executable_process_and_start() {
    let name = default_name(&id("memcached"));
    assert_eq!(name, "lockprof.memcached.42.1700000000123.pb.gz");
}

#[test]
fn parsing_undoes_naming_also_with_dots_in_the_executable() {
    for executable in [
        "app",
        "python3.11",
        "a.b.c",
        "..",
        "lockprof",
        "1.2",
        "mit leer",
        "ü",
    ] {
        let given = id(executable);
        assert_eq!(parse(&default_name(&given)), Some(given));
    }
}

#[test]
fn names_that_others_made_are_not_parsed() {
    for name in [
        "",
        "lockprof.pb.gz",
        "lockprof.app.pb.gz",
        "lockprof.42.17.pb.gz",
        "lockprof.app.x.17.pb.gz",
        "lockprof.app.042.17.pb.gz",
        "lockprof.app.+42.17.pb.gz",
        "lockprof.app.42.17.pb",
        "lockprof..42.17.pb.gz",
        "lockprof.app.42.17.pb.gz.tmp",
        "dir/lockprof.app.42.17.pb.gz",
        "lockprof.a/b.42.17.pb.gz",
        "lockprof.app.99999999999.17.pb.gz",
    ] {
        assert_eq!(parse(name), None, "{name}");
    }
}

#[test]
fn a_directory_is_told_by_its_slash_or_by_the_caller() {
    let name = default_name(&id("app"));
    assert_eq!(expand("out/", false, &id("app")), Ok(format!("out/{name}")));
    assert_eq!(expand("out", true, &id("app")), Ok(format!("out/{name}")));
    assert_eq!(expand("/", true, &id("app")), Ok(format!("/{name}")));
    assert_eq!(expand("", false, &id("app")), Ok(name.clone()));
    assert_eq!(
        expand("100%/", false, &id("app")),
        Ok(format!("100%/{name}"))
    );
}

#[test]
fn a_pattern_names_each_part() {
    assert_eq!(
        expand("/tmp/%e-%p-%t-100%%.pb.gz", false, &id("app")),
        Ok("/tmp/app-42-1700000000123-100%.pb.gz".to_owned())
    );
    assert_eq!(expand("fixed", false, &id("app")), Ok("fixed".to_owned()));
}

#[test]
fn an_unknown_sequence_is_an_error_of_one_line() {
    for (pattern, sequence) in [("%x", "%x"), ("a%", "%"), ("%\n", "%\\n"), ("%p%E", "%E")] {
        let error = expand(pattern, false, &id("app")).unwrap_err();
        assert!(error.contains(&format!("sequence {sequence};")), "{error}");
        assert!(!error.contains('\n'));
    }
}

#[test]
fn executables_cannot_break_out_of_the_file_name() {
    let name = default_name(&id("../a\0b\nc/d"));
    assert_eq!(name, "lockprof..._a_b_c_d.42.1700000000123.pb.gz");
    assert_eq!(default_name(&id("")), "lockprof._.42.1700000000123.pb.gz");
    let pattern = expand("%e", false, &id("/etc/passwd")).unwrap();
    assert_eq!(pattern, "_etc_passwd");
}

#[test]
fn long_executables_are_cut_between_characters() {
    let name = expand("%e", false, &id(&"ü".repeat(100))).unwrap();
    assert_eq!(name, "ü".repeat(32));
    let name = expand("%e", false, &id(&format!("a{}", "ü".repeat(100)))).unwrap();
    assert_eq!(name.len(), 63);
}

#[test]
fn a_child_gets_a_name_of_its_own() {
    assert_eq!(for_child("/tmp/a.pb.gz", 7), "/tmp/a.7.pb.gz");
    assert_eq!(for_child("/tmp/a", 7), "/tmp/a.7");
    assert!(names_process("%p", false));
    assert!(names_process("dir/", false));
    assert!(names_process("dir", true));
    assert!(!names_process("a%%p", false));
    assert!(!names_process("%e.%t", false));
}

#[test]
fn a_pattern_recognises_what_it_made_and_nothing_else() {
    let id = id("py.thon");
    for pattern in [
        "%e.%p.%t.pb.gz",
        "%p",
        "x%%%e",
        "fixed.pb.gz",
        "%e%e",
        "%t%p-",
    ] {
        let name = expand(pattern, false, &id).unwrap();
        assert!(matches(pattern, &name), "{pattern} {name}");
        assert!(matches(pattern, &for_child(&name, 9)), "{pattern} {name}");
        assert!(!matches(pattern, &format!("{name}~")) || pattern.ends_with("%e"));
    }
    assert!(!matches("%p", "abc"));
    assert!(!matches("%x", "%x"));
    assert!(!matches("a%p", "a"));
}
