//! Every option, read and resolved.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod kinds;
mod nonsense;
mod places;
mod receivers;
mod tracers;

use std::collections::HashMap;

use super::*;

fn with(pairs: &[(&str, &str)]) -> (Options, Vec<String>) {
    let environment: HashMap<&str, &str> = pairs.iter().copied().collect();
    let (options, complaints) = resolve(|name| environment.get(name).map(|v| (*v).to_owned()));
    (
        options,
        complaints.iter().map(ToString::to_string).collect(),
    )
}

/// The options of an environment in which everything is understood.
fn understood(pairs: &[(&str, &str)]) -> Options {
    let (options, complaints) = with(pairs);
    assert_eq!(complaints, Vec::<String>::new());
    options
}

fn no_datadog() -> Datadog {
    Datadog {
        site: "datadoghq.com".to_owned(),
        family: "native".to_owned(),
        ..Datadog::default()
    }
}

#[test]
fn nothing_set_gives_the_defaults() {
    let expected = Options {
        enabled: true,
        sample: 100,
        wait_sample_ns: 100_000,
        cpu_limit: 0.005,
        first_interval_ns: 10_000_000_000,
        interval_ns: 60_000_000_000,
        upload_timeout_ns: 10_000_000_000,
        max_frames: 64,
        locks: vec![
            "mutex",
            "rwlock",
            "spin",
            "semaphore",
            "openmp",
            "cond",
            "barrier",
            "once",
            "join",
        ],
        include: Vec::new(),
        exclude: Vec::new(),
        sinks: vec!["file"],
        symbols: Symbols::Symtab,
        exporter: Exporter::Lazy,
        output: None,
        service: None,
        environment: None,
        version: None,
        tags: Vec::new(),
        host: None,
        pyroscope: Pyroscope {
            url: "http://localhost:4040".to_owned(),
            ..Pyroscope::default()
        },
        parca: Parca {
            url: "http://localhost:7070".to_owned(),
            token: None,
        },
        datadog: no_datadog(),
        otlp_url: "http://localhost:4318/v1development/profiles".to_owned(),
        otlp_headers: Vec::new(),
        prometheus_file: None,
        spool: None,
        control: false,
        signal: None,
        run: None,
    };
    assert_eq!(understood(&[]), expected);
}

#[test]
fn every_default_is_a_value_of_its_option() {
    for opt in TABLE {
        assert_eq!(check(opt.name, opt.default), Ok(()), "{}", opt.name);
        let value = parse::own(&opt.values, opt.default);
        let fits = matches!(
            (opt.values, value),
            (Values::Switch, Some(parse::Value::Switch(_)))
                | (Values::SwitchOrAuto, Some(parse::Value::SwitchOrAuto(_)))
                | (Values::Count { .. }, Some(parse::Value::Count(_)))
                | (Values::Time { .. }, Some(parse::Value::TimeNs(_)))
                | (Values::Percent { .. }, Some(parse::Value::Share(_)))
                | (
                    Values::Words(_) | Values::SignedWords(_),
                    Some(parse::Value::Words(_))
                )
                | (Values::Word(_), Some(parse::Value::Word(_)))
                | (Values::Text, Some(parse::Value::Text(_)))
                | (Values::Tags | Values::Pairs, Some(parse::Value::Tags(_)))
                | (Values::Places, Some(parse::Value::Places(_)))
                | (Values::Url { .. }, Some(parse::Value::Text(_)))
                | (Values::Signal, Some(parse::Value::Signal(_)))
        );
        assert!(fits, "{}", opt.name);
    }
}

#[test]
fn every_option_is_read() {
    let options = understood(&[
        ("LOCKPROF_ENABLED", "off"),
        ("LOCKPROF_SAMPLE", " 7 "),
        ("LOCKPROF_WAIT_SAMPLE", "1.5ms"),
        ("LOCKPROF_CPU_LIMIT", "2 %"),
        ("LOCKPROF_INTERVAL", "2m"),
        ("LOCKPROF_MAX_FRAMES", "12"),
        ("LOCKPROF_LOCKS", "rwlock, mutex, rwlock"),
        ("LOCKPROF_INCLUDE", "app"),
        ("LOCKPROF_EXCLUDE", " libssl ,./x.so,"),
        ("LOCKPROF_SINK", "FILE"),
        ("LOCKPROF_SYMBOLS", "off"),
        ("LOCKPROF_EXPORTER", "constructor"),
        ("LOCKPROF_OUTPUT", "/tmp/a b"),
        ("LOCKPROF_SERVICE", "shop"),
        ("LOCKPROF_ENV", "production"),
        ("LOCKPROF_VERSION", "1.2"),
        ("LOCKPROF_TAGS", "team:perf, url:http://x"),
        ("LOCKPROF_HOST", "box"),
        ("LOCKPROF_PYROSCOPE_URL", "http://p:1"),
        ("LOCKPROF_PYROSCOPE_TENANT", "blue"),
        ("LOCKPROF_PYROSCOPE_USER", "ann"),
        ("LOCKPROF_PYROSCOPE_PASSWORD", "secret-1"),
        ("LOCKPROF_PYROSCOPE_TOKEN", "secret-2"),
        ("LOCKPROF_PARCA_URL", "http://q:2"),
        ("LOCKPROF_PARCA_TOKEN", "secret-3"),
        ("LOCKPROF_DATADOG_AGENT", "unix:///run/agent"),
        ("LOCKPROF_DATADOG_HOST", "agent"),
        ("LOCKPROF_DATADOG_PORT", "18126"),
        ("LOCKPROF_DATADOG_AGENTLESS", "no"),
        ("LOCKPROF_DATADOG_SITE", "datadoghq.eu"),
        ("LOCKPROF_DATADOG_INTAKE", "http://intake/"),
        ("LOCKPROF_DATADOG_FAMILY", "python"),
        ("DD_API_KEY", "secret"),
        ("DD_EXTERNAL_ENV", "it-false"),
        ("LOCKPROF_RESOURCE", "team=other,zone=a%2Cb"),
        ("LOCKPROF_OTLP_URL", "https://collector:4318/"),
        ("LOCKPROF_OTLP_HEADERS", "api-key=a%20b, x = y"),
        ("LOCKPROF_PROMETHEUS_FILE", "/metrics/"),
        ("LOCKPROF_UPLOAD_TIMEOUT", "2.5s"),
        ("LOCKPROF_SPOOL", "/var/spool/x"),
        ("LOCKPROF_CONTROL", "yes"),
        ("LOCKPROF_SIGNAL", "SIGRTMIN+2"),
        ("LOCKPROF_RUN", "12-34"),
    ]);
    let expected = Options {
        enabled: false,
        sample: 7,
        wait_sample_ns: 1_500_000,
        cpu_limit: 0.02,
        first_interval_ns: 10_000_000_000,
        interval_ns: 120_000_000_000,
        upload_timeout_ns: 2_500_000_000,
        max_frames: 12,
        locks: vec!["mutex", "rwlock"],
        include: vec![Place::Library("app".to_owned())],
        exclude: vec![
            Place::Library("libssl".to_owned()),
            Place::File("./x.so".to_owned()),
        ],
        sinks: vec!["file"],
        symbols: Symbols::Off,
        exporter: Exporter::Constructor,
        output: Some("/tmp/a b".to_owned()),
        service: Some("shop".to_owned()),
        environment: Some("production".to_owned()),
        version: Some("1.2".to_owned()),
        tags: vec![
            ("team".to_owned(), "perf".to_owned()),
            ("url".to_owned(), "http://x".to_owned()),
            ("zone".to_owned(), "a,b".to_owned()),
        ],
        host: Some("box".to_owned()),
        pyroscope: Pyroscope {
            url: "http://p:1".to_owned(),
            tenant: Some("blue".to_owned()),
            user: Some("ann".to_owned()),
            password: Some("secret-1".to_owned()),
            token: Some("secret-2".to_owned()),
        },
        parca: Parca {
            url: "http://q:2".to_owned(),
            token: Some("secret-3".to_owned()),
        },
        datadog: Datadog {
            agent: Some("unix:///run/agent".to_owned()),
            agent_host: Some("agent".to_owned()),
            agent_port: Some(18126),
            agentless: Some(false),
            key: Some("secret".to_owned()),
            site: "datadoghq.eu".to_owned(),
            intake: Some("http://intake/".to_owned()),
            family: "python".to_owned(),
            external_env: Some("it-false".to_owned()),
        },
        otlp_url: "https://collector:4318/v1development/profiles".to_owned(),
        otlp_headers: vec![
            ("api-key".to_owned(), "a b".to_owned()),
            ("x".to_owned(), "y".to_owned()),
        ],
        prometheus_file: Some("/metrics/".to_owned()),
        spool: Some("/var/spool/x".to_owned()),
        control: true,
        signal: Some(36),
        run: Some("12-34".to_owned()),
    };
    assert_eq!(options, expected);
    assert!(!format!("{options:?}").contains("secret"), "{options:?}");
}

#[test]
fn a_bad_value_gives_one_complaint_and_the_default() {
    for (name, value, expected) in [
        (
            "LOCKPROF_SAMPLE",
            "abc",
            "LOCKPROF_SAMPLE=abc: not a whole number between 1 and 1000000000; using 100",
        ),
        (
            "LOCKPROF_ENABLED",
            "maybe",
            "LOCKPROF_ENABLED=maybe: not 1 or 0; using 1",
        ),
        (
            "LOCKPROF_WAIT_SAMPLE",
            "-1us",
            "LOCKPROF_WAIT_SAMPLE=-1us: not a time between 0s and 60m; using 100us",
        ),
        (
            "LOCKPROF_CPU_LIMIT",
            "NaN",
            "LOCKPROF_CPU_LIMIT=NaN: not a percentage between 0 and 100; using 0.5%",
        ),
        (
            "LOCKPROF_INTERVAL",
            "999ms",
            "LOCKPROF_INTERVAL=999ms: not a time between 1s and 1440m; using 60s",
        ),
        (
            "LOCKPROF_LOCKS",
            "mutex,foo",
            "LOCKPROF_LOCKS=mutex,foo: not a comma-separated list of: mutex, rwlock, spin, semaphore, openmp, cond, barrier, once, join, futex, file; with + or - in front, a change of the default; using mutex,rwlock,spin,semaphore,openmp,cond,barrier,once,join",
        ),
        (
            "LOCKPROF_SYMBOLS",
            "dwarf",
            "LOCKPROF_SYMBOLS=dwarf: not one of: off, symtab; using symtab",
        ),
        (
            "DD_PROFILING_CAPTURE_PCT",
            "0",
            "DD_PROFILING_CAPTURE_PCT=0: not a percentage above 0 and up to 100; using 100",
        ),
        (
            "DD_PROFILING_MAX_FRAMES",
            "many",
            "DD_PROFILING_MAX_FRAMES=many: not a whole number; using 64",
        ),
    ] {
        let (options, complaints) = with(&[(name, value)]);
        assert_eq!(complaints, [expected]);
        assert_eq!(options, understood(&[]), "{name}");
    }
}

#[test]
fn bounds_belong_to_the_values() {
    for value in [
        "0",
        "1000000001",
        "99999999999999999999",
        "1.0",
        "+1",
        "1e3",
        "-1",
    ] {
        assert!(check("LOCKPROF_SAMPLE", value).is_err(), "{value}");
    }
    for value in ["1", "1000000000", "007", ""] {
        assert_eq!(check("LOCKPROF_SAMPLE", value), Ok(()), "{value}");
    }
    for value in ["100.1", "-0.1", "inf", "%", "5%%"] {
        assert!(check("LOCKPROF_CPU_LIMIT", value).is_err(), "{value}");
    }
    for value in [
        "1h",
        "s",
        "1 2s",
        "1..5s",
        ".",
        "60m1s",
        "1e3s",
        "3600000000001ns",
    ] {
        assert!(check("LOCKPROF_WAIT_SAMPLE", value).is_err(), "{value}");
    }
}

#[test]
fn times_have_units_and_fractions() {
    for (value, ns) in [
        ("0", 0),
        ("1", 1_000_000_000),
        ("0.25", 250_000_000),
        ("7ns", 7),
        ("1.5 us", 1_500),
        ("2µs", 2_000),
        ("3ms", 3_000_000),
        ("1m", 60_000_000_000),
        ("0.1234567899s", 123_456_789),
        ("60m", 3_600_000_000_000),
    ] {
        let options = understood(&[("LOCKPROF_WAIT_SAMPLE", value)]);
        assert_eq!(options.wait_sample_ns, ns, "{value}");
    }
}

#[test]
fn an_empty_value_is_not_set() {
    let options = understood(&[
        ("LOCKPROF_SAMPLE", ""),
        ("LOCKPROF_OUTPUT", ""),
        ("LOCKPROF_INTERVAL", "  "),
        ("DD_PROFILING_UPLOAD_INTERVAL", "20"),
    ]);
    assert_eq!(options.sample, 100);
    assert_eq!(options.output, None);
    assert_eq!(options.interval_ns, 20_000_000_000);
}

#[test]
fn tags_are_split_at_commas_or_else_at_spaces() {
    let tags = |text| understood(&[("DD_TAGS", text)]).tags;
    assert_eq!(tags("a:1 b:2"), tags("a:1,b:2"));
    assert_eq!(tags("a:1 b:2, c:"), tags("a:1 b:2,c:"));
    let (_, complaints) = with(&[("LOCKPROF_TAGS", "no colon")]);
    assert_eq!(
        complaints,
        ["LOCKPROF_TAGS=no colon: not a comma-separated list of key:value pairs; using nothing"]
    );
}

#[test]
fn the_first_profile_comes_after_ten_seconds_at_the_latest() {
    for (interval, first_ns) in [
        ("3s", 3_000_000_000),
        ("10s", 10_000_000_000),
        ("1m", 10_000_000_000),
    ] {
        let options = understood(&[("LOCKPROF_INTERVAL", interval)]);
        assert_eq!(options.first_interval_ns, first_ns);
    }
}

#[test]
fn exact_counts_are_neither_throttled_nor_thinned_unless_asked_otherwise() {
    assert!(understood(&[("LOCKPROF_SAMPLE", "1")]).cpu_limit <= 0.0);
    let limited = understood(&[("LOCKPROF_SAMPLE", "1"), ("LOCKPROF_CPU_LIMIT", "2")]);
    assert!((limited.cpu_limit - 0.02).abs() < 1e-9);
    assert!(understood(&[("LOCKPROF_SAMPLE", "2")]).cpu_limit > 0.0);
    assert_eq!(understood(&[("LOCKPROF_SAMPLE", "1")]).wait_sample_ns, 0);
    let by_alias = understood(&[("DD_PROFILING_CAPTURE_PCT", "100")]);
    assert_eq!(by_alias.wait_sample_ns, 0);
    let asked = understood(&[("LOCKPROF_SAMPLE", "1"), ("LOCKPROF_WAIT_SAMPLE", "1ms")]);
    assert_eq!(asked.wait_sample_ns, 1_000_000);
    assert_eq!(
        understood(&[("LOCKPROF_SAMPLE", "2")]).wait_sample_ns,
        100_000
    );
}

#[test]
fn a_complaint_stays_on_one_short_line() {
    let value = format!("a\nb\u{1b}[31m{}", "ü".repeat(1000));
    let (_, complaints) = with(&[("LOCKPROF_SAMPLE", &value)]);
    let complaint = &complaints[0];
    assert!(
        complaint.starts_with("LOCKPROF_SAMPLE=a?b?[31mü"),
        "{complaint}"
    );
    assert!(complaint.contains("ü…: not"), "{complaint}");
    assert!(complaint.chars().count() < 160);
}

#[test]
fn the_readme_shows_every_option_a_user_may_set() {
    let text = markdown();
    for opt in TABLE {
        assert_eq!(text.contains(&format!("`{}`", opt.name)), opt.name != RUN);
        for alias in opt.aliases {
            assert!(text.contains(alias.name));
        }
    }
    let widths: Vec<usize> = text
        .lines()
        .map(|line| line.matches(" | ").count())
        .collect();
    assert!(widths[2..].iter().all(|width| *width == 5), "{text}");
}

#[test]
fn names_and_flags_are_each_used_once() {
    let mut names: Vec<&str> = TABLE
        .iter()
        .flat_map(|opt| opt.aliases.iter().map(|alias| alias.name).chain([opt.name]))
        .chain(TABLE.iter().filter_map(|opt| opt.flag))
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}
