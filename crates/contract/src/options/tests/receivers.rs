//! Options that say where profiles are sent, and in whose words.

use super::{check, understood, with};

#[test]
fn addresses_get_a_path_where_they_have_none() {
    const PLACE: &str = "/v1development/profiles";
    for (name, given, expected) in [
        (
            "LOCKPROF_OTLP_URL",
            "http://c:4318",
            format!("http://c:4318{PLACE}"),
        ),
        (
            "LOCKPROF_OTLP_URL",
            "http://c:4318/",
            format!("http://c:4318{PLACE}"),
        ),
        (
            "LOCKPROF_OTLP_URL",
            "http://c/in?a=b",
            "http://c/in?a=b".to_owned(),
        ),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "https://c",
            format!("https://c{PLACE}"),
        ),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://c/otlp/",
            format!("http://c/otlp{PLACE}"),
        ),
        (
            "OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT",
            "http://c/p",
            "http://c/p".to_owned(),
        ),
        (
            "OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT",
            "http://c",
            "http://c/".to_owned(),
        ),
    ] {
        assert_eq!(
            understood(&[(name, given)]).otlp_url,
            expected,
            "{name}={given}"
        );
    }
    let both = understood(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://all"),
        ("OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT", "http://this/one"),
    ]);
    assert_eq!(both.otlp_url, "http://this/one");
    for given in ["collector:4318", "http://", "grpc://c", "http://a b"] {
        assert!(check("LOCKPROF_OTLP_URL", given).is_err(), "{given}");
        let bad = ("OTEL_EXPORTER_OTLP_ENDPOINT", given);
        let (options, complaints) = with(&[bad, ("LOCKPROF_SINK", "otlp")]);
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert_eq!(options.otlp_url, understood(&[]).otlp_url);
        // Who sends nothing may say there what others understand.
        assert_eq!(understood(&[bad]).otlp_url, options.otlp_url);
    }
}

#[test]
fn prometheus_needs_a_place() {
    let (options, complaints) = with(&[("LOCKPROF_SINK", "file,prometheus")]);
    assert_eq!(options.sinks, ["file"]);
    assert_eq!(
        complaints,
        ["LOCKPROF_SINK=prometheus: nothing without LOCKPROF_PROMETHEUS_FILE"]
    );
    let whole = understood(&[
        ("LOCKPROF_SINK", "prometheus"),
        ("LOCKPROF_PROMETHEUS_FILE", "/metrics/"),
    ]);
    assert_eq!(whole.sinks, ["prometheus"]);
}

#[test]
fn pairs_are_percent_encoded() {
    for bad in ["key", "=value", "a=%4", "a=%zz", "a=%ff", "a=%+1"] {
        assert!(check("LOCKPROF_OTLP_HEADERS", bad).is_err(), "{bad}");
    }
    let headers = |text| understood(&[("OTEL_EXPORTER_OTLP_HEADERS", text)]).otlp_headers;
    assert_eq!(headers("a=b=c"), [("a".to_owned(), "b=c".to_owned())]);
    assert_eq!(headers("a="), [("a".to_owned(), String::new())]);
    assert_eq!(headers("a=%C3%BC,"), [("a".to_owned(), "ü".to_owned())]);
}

#[test]
fn what_opentelemetry_says_of_the_program_stands_in_for_our_options() {
    let attributes = "service.name=theirs,service.version=2,deployment.environment.name=test,\
                      host.name=h,team=a";
    let options = understood(&[
        ("OTEL_RESOURCE_ATTRIBUTES", attributes),
        ("OTEL_SERVICE_NAME", "ours"),
        ("LOCKPROF_TAGS", "team:b"),
    ]);
    assert_eq!(options.service.as_deref(), Some("ours"));
    assert_eq!(options.version.as_deref(), Some("2"));
    assert_eq!(options.environment.as_deref(), Some("test"));
    assert_eq!(options.host.as_deref(), Some("h"));
    assert_eq!(options.tags, [("team".to_owned(), "b".to_owned())]);
}

#[test]
fn no_message_repeats_a_key() {
    for name in ["LOCKPROF_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"] {
        let (_, complaints) = with(&[(name, "secret"), ("LOCKPROF_SINK", "otlp")]);
        let expected =
            format!("{name}=…: not a comma-separated list of key=value pairs; using nothing");
        assert_eq!(complaints, [expected]);
    }
    let complaint = check("LOCKPROF_OTLP_HEADERS", "secret").unwrap_err();
    assert!(!complaint.to_string().contains("secret"), "{complaint}");
}
