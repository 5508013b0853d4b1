//! What the variables of other tracers mean to us.

use super::*;

#[test]
fn our_own_names_win_over_those_of_the_tracers() {
    let options = understood(&[
        ("LOCKPROF_SAMPLE", "5"),
        ("DD_PROFILING_CAPTURE_PCT", "nonsense"),
        ("LOCKPROF_ENABLED", "1"),
        ("DD_PROFILING_ENABLED", "0"),
    ]);
    assert_eq!(options.sample, 5);
    assert!(options.enabled);
}

#[test]
fn percent_sampled_becomes_one_in_so_many() {
    for (percent, sample) in [
        ("1.0", 100),
        ("1", 100),
        ("100", 1),
        ("70", 1),
        ("50", 2),
        ("0.1%", 1000),
        ("3", 33),
        ("0.000000001", 1_000_000_000),
    ] {
        let options = understood(&[("DD_PROFILING_CAPTURE_PCT", percent)]);
        assert_eq!(options.sample, sample, "{percent}");
    }
}

#[test]
fn the_tracers_numbers_are_cut_to_our_bounds() {
    for (frames, cut) in [
        ("600", 64),
        ("0", 1),
        ("30", 30),
        ("99999999999999999999", 64),
    ] {
        let options = understood(&[("DD_PROFILING_MAX_FRAMES", frames)]);
        assert_eq!(options.max_frames, cut);
    }
    for (interval, ns) in [("60.0", 60_000_000_000), ("0.1", 1_000_000_000)] {
        let options = understood(&[("DD_PROFILING_UPLOAD_INTERVAL", interval)]);
        assert_eq!(options.interval_ns, ns);
    }
}

#[test]
fn either_switch_of_the_tracers_only_switches_off() {
    for (pairs, enabled) in [
        (&[("DD_PROFILING_ENABLED", "0")][..], false),
        (&[("DD_PROFILING_LOCK_ENABLED", "false")], false),
        (
            &[
                ("DD_PROFILING_ENABLED", "1"),
                ("DD_PROFILING_LOCK_ENABLED", "0"),
            ],
            false,
        ),
        (&[("DD_PROFILING_ENABLED", "auto")], true),
    ] {
        assert_eq!(understood(pairs).enabled, enabled, "{pairs:?}");
    }
}

#[test]
fn tags_of_the_tracers_are_merged_and_those_for_profiles_win() {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let both = [
        ("DD_TAGS", "team:core,region:eu"),
        ("DD_PROFILING_TAGS", "team:perf why:slow"),
    ];
    assert_eq!(
        understood(&both).tags,
        [
            pair("team", "perf"),
            pair("why", "slow"),
            pair("region", "eu")
        ]
    );
    let with_own = [both[0], both[1], ("LOCKPROF_TAGS", "a:1")];
    assert_eq!(understood(&with_own).tags, [pair("a", "1")]);
}

#[test]
fn the_tracers_variables_add_datadog_only_where_no_sink_is_named() {
    for (name, value) in [
        ("DD_TRACE_AGENT_URL", "http://agent:8126"),
        ("LOCKPROF_DATADOG_AGENT", "http://agent:8126"),
        ("DD_AGENT_HOST", "agent"),
        ("DD_TRACE_AGENT_HOSTNAME", "agent"),
        ("DD_PROFILING_ENABLED", "1"),
        ("DD_PROFILING_ENABLED", "True"),
        ("DD_PROFILING_ENABLED", "auto"),
        ("DD_PROFILING_AGENTLESS", "1"),
    ] {
        let asked = understood(&[(name, value)]);
        assert_eq!(asked.sinks, ["file", "datadog"], "{name}={value}");
        let named = understood(&[(name, value), ("LOCKPROF_SINK", "file")]);
        assert_eq!(named.sinks, ["file"], "{name}={value}");
    }
    for (name, value) in [
        ("DD_API_KEY", "0123456789abcdef0123456789abcdef"),
        ("DD_SITE", "datadoghq.eu"),
        ("DD_SERVICE", "shop"),
        ("DD_TRACE_AGENT_PORT", "8126"),
        ("DD_PROFILING_AGENTLESS", "0"),
        ("DD_PROFILING_ENABLED", "0"),
    ] {
        let asked = understood(&[(name, value)]);
        assert_eq!(asked.sinks, ["file"], "{name}={value}");
    }
}

#[test]
fn the_tracers_prefix_of_files_is_a_place_and_keeps_datadog_out() {
    let options = understood(&[
        ("DD_PROFILING_OUTPUT_PPROF", "/tmp/100%/shop"),
        ("DD_PROFILING_ENABLED", "1"),
    ]);
    assert_eq!(options.output.as_deref(), Some("/tmp/100%%/shop.%p.pb.gz"));
    assert_eq!(options.sinks, ["file"]);
    let named = understood(&[
        ("DD_PROFILING_OUTPUT_PPROF", "shop"),
        ("LOCKPROF_OUTPUT", "here"),
        ("LOCKPROF_SINK", "datadog"),
    ]);
    assert_eq!(named.output.as_deref(), Some("here"));
    assert_eq!(named.sinks, ["datadog"]);
}

#[test]
fn the_agents_port_is_known_only_when_it_is_said() {
    let port = |pairs| understood(pairs).datadog.agent_port;
    assert_eq!(port(&[("DD_AGENT_HOST", "agent")]), None);
    assert_eq!(
        port(&[("DD_AGENT_PORT", "1"), ("DD_TRACE_AGENT_PORT", "2")]),
        Some(2)
    );
    let (options, complaints) = with(&[("DD_AGENT_PORT", "70000")]);
    assert_eq!(options.datadog.agent_port, Some(8126));
    assert_eq!(
        complaints,
        ["DD_AGENT_PORT=70000: not a whole number between 1 and 65535; using 8126"]
    );
}

#[test]
fn the_tracers_say_milliseconds() {
    let timeout = |text| understood(&[("DD_PROFILING_API_TIMEOUT_MS", text)]).upload_timeout_ns;
    assert_eq!(timeout("2500"), 2_500_000_000);
    assert_eq!(timeout("1"), 100_000_000);
    let (options, complaints) = with(&[("DD_PROFILING_API_TIMEOUT_MS", "2s")]);
    assert_eq!(options.upload_timeout_ns, 10_000_000_000);
    assert_eq!(
        complaints,
        ["DD_PROFILING_API_TIMEOUT_MS=2s: not a whole number of milliseconds; using 10s"]
    );
}
