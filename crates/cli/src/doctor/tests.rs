//! Tests of checks that need no program.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;

fn subject(variables: &[(&str, &str)]) -> Subject {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Subject {
        name: "sh".to_owned(),
        file: Some("/bin/sh".into()),
        environment: Some(variables.iter().map(own).collect()),
        root: "/".into(),
        folder: std::env::temp_dir(),
        process: None,
    }
}

/// The lines that are not good, with what to do.
fn findings(variables: &[(&str, &str)]) -> Vec<(Verdict, String)> {
    let subject = subject(variables);
    let (options, complaints) = subject.options();
    let mut checks = options::check(&subject, &options, &complaints);
    checks.extend(output_place::check(&subject, &options));
    checks.retain(|check| check.verdict != Verdict::Good);
    let line = |check: Check| {
        let advice = check.advice.unwrap();
        (check.verdict, format!("{} → {advice}", check.text))
    };
    checks.into_iter().map(line).collect()
}

#[test]
fn usual_options_give_no_reason_to_doubt() {
    assert_eq!(findings(&[("PATH", "/bin"), ("LOCKPROF_SAMPLE", "10")]), []);
    assert_eq!(
        findings(&[("LOCKPROF_LIBRARY", "/x"), ("LOCK_FILE", "x")]),
        []
    );
}

#[test]
fn misspelt_variables_are_told_with_what_is_meant() {
    for (name, meant) in [
        ("LOCKPROF_SAMPEL", "LOCKPROF_SAMPLE"),
        ("LOCKPROF_OUTPUT_FOLDER", "LOCKPROF_OUTPUT"),
        ("LOCKPROF_ENABLE", "LOCKPROF_ENABLED"),
        ("LOKPROF_SAMPLE", "LOCKPROF_SAMPLE"),
        ("lockprof_sample", "LOCKPROF_SAMPLE"),
    ] {
        let found = findings(&[(name, "1")]);
        let wanted = format!("nobody reads {name} → is {meant} meant?");
        assert_eq!(found, [(Verdict::Bad, wanted)]);
    }
    let found = findings(&[("LOCKPROF_QQQQ", "1")]);
    assert!(found[0].1.contains("README"), "{found:?}");
}

#[test]
fn what_is_not_understood_or_switched_off_is_told() {
    for (name, value, verdict, said) in [
        (
            "LOCKPROF_SAMPLE",
            "many",
            Verdict::Bad,
            "LOCKPROF_SAMPLE=many",
        ),
        (
            "LOCKPROF_ENABLED",
            "0",
            Verdict::Bad,
            "switch profiling off",
        ),
        (
            "DD_PROFILING_ENABLED",
            "false",
            Verdict::Bad,
            "switch profiling off",
        ),
        (
            "LOCKPROF_LOCKS",
            "mutex,spin",
            Verdict::Doubt,
            "rwlock, semaphore",
        ),
        ("LOCKPROF_SAMPLE", "1000000", Verdict::Doubt, "1000000"),
        ("LOCKPROF_SINK", "otlp", Verdict::Doubt, "no file"),
        ("LOCKPROF_OUTPUT", "/nowhere/x", Verdict::Bad, "/nowhere"),
        ("LOCKPROF_SIGNAL", "SIGTERM", Verdict::Bad, "SIGTERM"),
    ] {
        let found = findings(&[(name, value)]);
        assert_eq!(found.len(), 1, "{name}={value}: {found:?}");
        assert_eq!(found[0].0, verdict, "{found:?}");
        assert!(found[0].1.contains(said), "{found:?}");
    }
}

#[test]
fn a_receiver_that_does_not_listen_is_told() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", server.local_addr().unwrap());
    let check = || {
        let subject = subject(&[
            ("LOCKPROF_SINK", "pyroscope"),
            ("LOCKPROF_PYROSCOPE_URL", &url),
        ]);
        receivers::check(&subject.options().0)
    };
    let found = check();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].verdict, Verdict::Good, "{found:?}");
    drop(server);
    assert_eq!(check()[0].verdict, Verdict::Bad);
}
