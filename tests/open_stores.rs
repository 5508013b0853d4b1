//! Pyroscope and Parca: what they are told, against receivers that refuse what those would.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeSet;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message;

use support::build;
use support::open_profile::OpenProfile;
use support::program::{Program, Run};
use support::receiver::{Act, Received, Receiver};
use support::scratch::Scratch;

/// Locks of [`busy`] that have a name in the store: the one waited for among them.
const NAMED: usize = 20;

/// A program that locks in two of its seconds, known under a name of its own.
fn busy(sinks: &str) -> Program {
    Program::exact("busy_then_busy")
        .env("LOCKPROF_SINK", sinks)
        .env("LOCKPROF_INTERVAL", "1s")
        .env("LOCKPROF_SERVICE", "shop")
        .env("LOCKPROF_HOST", "box")
        .env("LOCKPROF_ENV", "test")
        .env("LOCKPROF_VERSION", "1.2")
        .env("LOCKPROF_TAGS", "team:perf,k8s.pod-name:a b,7up:x")
}

/// A store that takes whatever comes.
fn accepting() -> Receiver {
    Receiver::tcp(&[Act::Answer(200, "")])
}

/// Decodes a request to Pyroscope, or fails where Pyroscope would refuse it.
fn pyroscope_accepts(request: &Received) -> Vec<OpenProfile> {
    assert_eq!(request.line, "POST /push.v1.PusherService/Push HTTP/1.1");
    assert_eq!(request.header("Content-Type"), Some("application/proto"));
    assert_eq!(request.header("Content-Encoding"), None);
    let push = PushRequest::decode(request.body.as_slice()).unwrap();
    assert!(!push.series.is_empty());
    let mut ids = BTreeSet::new();
    let mut accept = |series: &RawProfileSeries| {
        let pairs = series.labels.iter();
        let pairs: Vec<_> = pairs.map(|l| (l.name.clone(), l.value.clone())).collect();
        assert!(pairs.is_sorted(), "{pairs:?}");
        let [sample] = &series.samples[..] else {
            panic!("{} samples", series.samples.len());
        };
        let form: Vec<_> = sample.id.split('-').map(str::len).collect();
        assert_eq!(form, [8, 4, 4, 4, 12], "{}", sample.id);
        assert!(ids.insert(sample.id.clone()), "{} twice", sample.id);
        OpenProfile::accept(pairs, &sample.raw_profile)
    };
    push.series.iter().map(&mut accept).collect()
}

#[derive(Clone, PartialEq, Message)]
struct PushRequest {
    #[prost(message, repeated, tag = "1")]
    series: Vec<RawProfileSeries>,
}

#[derive(Clone, PartialEq, Message)]
struct RawProfileSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<LabelPair>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<RawSample>,
}

#[derive(Clone, PartialEq, Message)]
struct LabelPair {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct RawSample {
    #[prost(bytes = "vec", tag = "1")]
    raw_profile: Vec<u8>,
    #[prost(string, tag = "2")]
    id: String,
}

/// Decodes a request to Parca's gateway, or fails where Parca would refuse it.
fn parca_accepts(request: &Received) -> Vec<OpenProfile> {
    assert_eq!(request.line, "POST /api/profiles/writeraw HTTP/1.1");
    assert_eq!(request.header("Content-Type"), Some("application/json"));
    let json: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    let keys: BTreeSet<&String> = json.as_object().unwrap().keys().collect();
    assert!(keys.into_iter().eq(["normalized", "series"]), "{json}");
    assert_eq!(
        json["normalized"], false,
        "addresses are those of the process"
    );
    let series = json["series"].as_array().unwrap();
    let accept = |series: &serde_json::Value| {
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let pairs = series["labels"]["labels"].as_array().unwrap();
        let pairs = pairs.iter().map(|l| (text(&l["name"]), text(&l["value"])));
        let [sample] = &series["samples"].as_array().unwrap()[..] else {
            panic!("{series}");
        };
        let raw = STANDARD.decode(text(&sample["rawProfile"])).unwrap();
        OpenProfile::accept(pairs.collect(), &raw)
    };
    series.iter().map(accept).collect()
}

/// All profiles of a name, after what holds for all of them together.
fn named<'a>(profiles: &'a [OpenProfile], name: &str) -> Vec<&'a OpenProfile> {
    let named: Vec<_> = profiles.iter().filter(|p| p.name == name).collect();
    // Equal labels at the same millisecond are one profile to a store.
    let times: BTreeSet<i64> = named.iter().map(|p| p.start_unix_ns / 1_000_000).collect();
    assert_eq!(times.len(), named.len(), "{name}: {times:?}");
    let mut locks: BTreeSet<&str> = BTreeSet::new();
    for profile in &named {
        let tags = ["_7up", "k8s_pod_name", "team"].map(|key| profile.labels[key].as_str());
        assert_eq!(tags, ["x", "a b", "perf"]);
        let own = ["environment", "host", "service_name", "version"];
        let own = own.map(|key| profile.labels[key].as_str());
        assert_eq!(own, ["test", "box", "shop", "1.2"]);
        locks.extend(profile.rows.iter().map(|row| row.lock.as_str()));
    }
    assert!(
        locks.contains("busy_lock") && locks.contains("[others]"),
        "{locks:?}"
    );
    // Some names are kept for locks that come later.
    assert!((NAMED / 2..=NAMED + 1).contains(&locks.len()), "{locks:?}");
    named
}

/// The sum of a column over all uploads, of rows from stacks that begin in `function`.
fn sum(profiles: &[&OpenProfile], column: &str, function: &str) -> i64 {
    let leaf =
        |stack: &[String]| function.is_empty() || stack.first().is_some_and(|f| f == function);
    let sums = profiles
        .iter()
        .map(|p| p.sum(column, |row| leaf(&row.stack)));
    sums.sum()
}

/// The uploads add up to what the program counted and timed itself.
fn expect_truth(run: &Run, profiles: &[OpenProfile]) {
    let (taken, waited_ns, held_ns) = (
        run.truth("taken"),
        run.truth("waited_ns"),
        run.truth("held_ns"),
    );
    let close = |what: &str, seen: i64, truth: i64| {
        let off = (seen - truth).abs();
        assert!(
            off * 10 <= truth,
            "{what}: {seen} is not within 10 % of {truth}"
        );
    };
    let waiters = named(profiles, "mutex");
    assert_eq!(
        waiters[0].types,
        [
            "contentions/count",
            "delay/nanoseconds",
            "acquisitions/count"
        ]
    );
    assert_eq!(sum(&waiters, "acquisitions", ""), taken);
    assert_eq!(sum(&waiters, "acquisitions", "take_small"), 60);
    assert_eq!(sum(&waiters, "acquisitions", "keep_busy"), 80);
    let asked = sum(&waiters, "contentions", "ask_busy");
    assert!((76..=80).contains(&asked), "{asked} of 80 contended");
    close("waiting", sum(&waiters, "delay", "ask_busy"), waited_ns);

    let holders = named(profiles, "mutex_holder");
    assert_eq!(
        holders[0].types,
        ["releases/count", "delay/nanoseconds", "hold/nanoseconds"]
    );
    assert_eq!(sum(&holders, "releases", ""), taken);
    close("holding", sum(&holders, "hold", "keep_busy"), held_ns);
    // Blame: what the one waited, the other is told to have caused, up to its release.
    let caused_ns = sum(&holders, "delay", "keep_busy");
    let least_ns = asked * 4_500_000;
    assert!(
        (least_ns..=waited_ns + waited_ns / 10).contains(&caused_ns),
        "{caused_ns} of {waited_ns} ns caused"
    );
    assert!(sum(&holders, "delay", "ask_busy") * 10 < waited_ns);

    // Each upload tells what came since the one before.
    assert!(waiters.len() >= 2, "{} uploads", waiters.len());
    let second = waiters
        .iter()
        .filter(|p| p.sum("contentions", |_| true) != 0);
    assert!(second.count() >= 2, "all of it came with one upload");
}

#[test]
fn pyroscope_learns_who_waited_and_who_held() {
    let store = accepting();
    let run = busy("pyroscope")
        .env("PYROSCOPE_SERVER_ADDRESS", &format!("{}/", store.url()))
        .env("PYROSCOPE_TENANT_ID", "blue")
        .env("PYROSCOPE_BASIC_AUTH_USER", "Aladdin")
        .env("PYROSCOPE_BASIC_AUTH_PASSWORD", "open sesame")
        .compare();
    assert!(
        run.files().is_empty(),
        "nobody asked for a file: {:?}",
        run.files()
    );
    let requests = store.requests();
    for request in &requests {
        assert_eq!(request.header("X-Scope-OrgID"), Some("blue"));
        let authorization = request.header("Authorization");
        assert_eq!(authorization, Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    }
    let profiles: Vec<_> = requests.iter().flat_map(pyroscope_accepts).collect();
    expect_truth(&run, &profiles);
}

#[test]
fn parca_learns_the_same_and_so_does_the_file() {
    let (parca, pyroscope) = (accepting(), accepting());
    let run = busy("file,parca,pyroscope")
        .env("LOCKPROF_PARCA_URL", parca.url())
        .env("LOCKPROF_PARCA_TOKEN", "t0k")
        .env("LOCKPROF_PYROSCOPE_URL", pyroscope.url())
        .env("PYROSCOPE_AUTH_TOKEN", "glsa_1")
        .compare();
    let received = parca.requests();
    for request in &received {
        assert_eq!(request.header("Authorization"), Some("Bearer t0k"));
    }
    let profiles: Vec<_> = received.iter().flat_map(parca_accepts).collect();
    expect_truth(&run, &profiles);

    let received = pyroscope.requests();
    for request in &received {
        assert_eq!(request.header("Authorization"), Some("Bearer glsa_1"));
        assert_eq!(request.header("X-Scope-OrgID"), None);
    }
    let both: Vec<_> = received.iter().flat_map(pyroscope_accepts).collect();
    let file = run.profile();
    for profiles in [&profiles, &both] {
        let (waiters, holders) = (named(profiles, "mutex"), named(profiles, "mutex_holder"));
        assert_eq!(sum(&waiters, "contentions", ""), file.contentions());
        assert_eq!(sum(&waiters, "delay", ""), file.wait_ns());
        assert_eq!(sum(&holders, "hold", ""), file.hold_ns());
    }
}

#[test]
fn a_forked_child_sends_what_it_did_itself() {
    let store = accepting();
    Program::exact("fork_child_goes_on")
        .env("LOCKPROF_SINK", "pyroscope")
        .env("LOCKPROF_PYROSCOPE_URL", store.url())
        .compare();
    let received = store.requests();
    let profiles: Vec<_> = received.iter().flat_map(pyroscope_accepts).collect();
    let waiters: Vec<_> = profiles.iter().filter(|p| p.name == "mutex").collect();
    assert_eq!(sum(&waiters, "acquisitions", "child_work"), 40);
    assert_eq!(sum(&waiters, "acquisitions", "parent_work"), 20);
    for profile in &waiters {
        let works = ["child_work", "parent_work"].map(|work| sum(&[profile], "acquisitions", work));
        assert!(works.contains(&0), "one upload of two processes: {works:?}");
    }
}

#[test]
fn go_tool_pprof_reads_what_the_stores_get() {
    let store = accepting();
    let run = Program::exact("recursive_exact")
        .env("LOCKPROF_SINK", "pyroscope")
        .env("LOCKPROF_PYROSCOPE_URL", store.url())
        .compare();
    let received = store.requests();
    let profiles: Vec<_> = received.iter().flat_map(pyroscope_accepts).collect();
    let names: Vec<_> = profiles.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["mutex", "mutex_holder"]);
    assert_eq!(profiles[0].sum("acquisitions", |_| true), 1000);
    assert_eq!(profiles[1].sum("releases", |_| true), 1000);
    assert!(run.truth("wall_ns") <= profiles[0].duration_ns);
    let scratch = Scratch::new();
    for (profile, types) in profiles.iter().zip([
        "contentions/count delay/nanoseconds[dflt] acquisitions/count",
        "releases/count delay/nanoseconds[dflt] hold/nanoseconds",
    ]) {
        let file = scratch.join("profile.pb.gz");
        std::fs::write(&file, &profile.raw).unwrap();
        let raw = build::tool(
            "golang-go",
            Command::new("go")
                .args(["tool", "pprof", "-raw"])
                .arg(&file)
                .env("HOME", scratch.path())
                .env("PPROF_TMPDIR", scratch.path())
                .env("GOFLAGS", "-mod=mod")
                .current_dir(scratch.path()),
        );
        let mut lines = raw.lines();
        let is_known = |line: &str| line == "PeriodType: contentions count";
        assert!(lines.any(is_known), "{raw}");
        assert!(lines.any(|line| line == types), "{types} in\n{raw}");
        assert!(raw.contains("lock_name:[shared_lock]"), "{raw}");
        assert!(raw.contains("take_outer"), "{raw}");
    }
}

#[test]
fn who_is_not_let_in_is_told_where_to_look_and_no_secret() {
    for (sink, url, hint) in [
        (
            "pyroscope",
            "LOCKPROF_PYROSCOPE_URL",
            "LOCKPROF_PYROSCOPE_USER",
        ),
        ("parca", "LOCKPROF_PARCA_URL", "LOCKPROF_PARCA_TOKEN"),
    ] {
        let store = Receiver::tcp(&[Act::Answer(401, "")]);
        let run = Program::exact("recursive_exact")
            .env("LOCKPROF_SINK", sink)
            .env(url, store.url())
            .env("LOCKPROF_PYROSCOPE_USER", "Aladdin")
            .env("LOCKPROF_PYROSCOPE_PASSWORD", "open sesame")
            .env("LOCKPROF_PARCA_TOKEN", "open sesame")
            .run();
        run.expect_success();
        assert!(!store.requests().is_empty());
        assert!(run.stderr.contains(hint), "{}", run.stderr);
        let ours = run
            .stderr
            .lines()
            .all(|line| line.starts_with("lockprof: "));
        assert!(ours, "{}", run.stderr);
        for secret in ["sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ"] {
            assert!(!run.stderr.contains(secret), "{}", run.stderr);
        }
    }
}
