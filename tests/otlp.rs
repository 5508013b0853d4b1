//! What an OTLP receiver is sent, read by OpenTelemetry's own messages and held against the program's counts.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::process::Command;
use std::time::Duration;

use contract::sample_type::SampleType;
use support::background::Background;
use support::build;
use support::profile::Rows;
use support::program::Program;
use support::scratch::Scratch;

const CONTENTIONS: &str = "mutex:contentions:count:mutex:count";
const DELAY: &str = "mutex:delay:nanoseconds:mutex:count";
const ACQUISITIONS: &str = "mutex:acquisitions:count:mutex:count";
const HOLD: &str = "mutex:hold:nanoseconds:mutex:count";
const BLOCKED: &str = "mutex_holder:delay:nanoseconds:mutex_holder:count";

/// The receiver `support/otlp_receiver.py`, which says what is wrong with a request.
struct Receiver {
    folder: Scratch,
    server: Background,
    port: String,
}

impl Receiver {
    fn start() -> Self {
        Self::answering("200")
    }

    fn answering(status: &str) -> Self {
        let folder = Scratch::new();
        let script = build::root().join("tests/support/otlp_receiver.py");
        let mut command = Command::new(build::python());
        command.arg(script).arg(folder.path()).arg(status);
        let log = folder.join("log");
        let mut server = Background::start("scripts/check", &mut command, &log);
        let port = server.until("port", || fs::read_to_string(folder.join("port")).ok());
        Self {
            folder,
            server,
            port,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// All requests in the order in which they came: at least so many. The host does
    /// not wait for the last one longer than it must, and so do we.
    fn requests(mut self, at_least: usize) -> Vec<Request> {
        let folder = self.folder.path().to_owned();
        let read = |number| {
            let text = fs::read_to_string(folder.join(format!("{number}.tsv"))).ok()?;
            Some(Request::of(&text))
        };
        let mut requests: Vec<Request> = (0..at_least)
            .map(|number| self.server.until("request", || read(number)))
            .collect();
        requests.extend((at_least..).map_while(read));
        requests
    }
}

/// What one request said: lines of fields.
struct Request(Vec<Vec<String>>);

impl Request {
    fn of(text: &str) -> Self {
        let fields = |line: &str| line.split('\t').map(str::to_owned).collect();
        let new = Self(text.lines().map(fields).collect());
        let faults: Vec<String> = new.all("fault").map(|fault| fault.join(" ")).collect();
        assert_eq!(faults, Vec::<String>::new(), "in\n{text}");
        assert!(new.all("sum").count() > 0, "an empty request:\n{text}");
        new
    }

    fn all(&self, kind: &str) -> impl Iterator<Item = &[String]> {
        let lines = self.0.iter().filter(move |line| line[0] == kind);
        lines.map(|line| &line[1..])
    }

    /// What stands behind a kind and a name.
    fn value(&self, kind: &str, name: &str) -> Option<&str> {
        self.all(kind)
            .find(|fields| fields[0] == name)
            .map(|fields| fields[1].as_str())
    }

    fn sum(&self, series: &str, keep: impl Fn(&str, &str) -> bool) -> i64 {
        self.all("sample")
            .filter(|sample| sample[0] == series && keep(&sample[2], &sample[3]))
            .map(|sample| sample[1].parse::<i64>().unwrap())
            .sum()
    }
}

/// The sum of all requests over rows with such a lock and such a stack.
fn sum_of(requests: &[Request], series: &str, keep: impl Fn(&str, &str) -> bool + Copy) -> i64 {
    requests
        .iter()
        .map(|request| request.sum(series, keep))
        .sum()
}

fn expect_times_to_follow(requests: &[Request]) {
    let times = requests.iter().map(|request| {
        let mut times = request.all("time");
        let first = times.next().unwrap();
        assert!(times.all(|time| time[1..] == first[1..]));
        let number = |at: usize| first[at].parse::<i64>().unwrap();
        (number(1), number(2))
    });
    let times: Vec<(i64, i64)> = times.collect();
    for pair in times.windows(2) {
        assert_eq!(pair[0].0 + pair[0].1, pair[1].0, "{times:?}");
    }
}

/// Every number of the file, the whole, is the sum of the parts.
fn expect_parts_of(requests: &[Request], whole: &Rows) {
    for (series, column) in [
        (CONTENTIONS, SampleType::Contention),
        (DELAY, SampleType::AcquireWait),
        (ACQUISITIONS, SampleType::Acquire),
        (HOLD, SampleType::ReleaseHold),
        (BLOCKED, SampleType::Blocked),
    ] {
        let parts = sum_of(requests, series, |_, _| true);
        assert!(parts > 0, "{series}");
        assert_eq!(parts, whole.sum(column), "{series}\n{whole}");
        let sums = requests.iter().filter_map(|of| of.value("sum", series));
        let sums = sums.map(|sum| sum.parse::<i64>().unwrap());
        assert_eq!(sums.sum::<i64>(), parts, "{series}");
    }
}

#[test]
fn uploads_add_up_to_what_the_program_counted() {
    let receiver = Receiver::start();
    let run = Program::exact("told_in_parts")
        .env("LOCKPROF_SINK", "file,otlp")
        .env("LOCKPROF_INTERVAL", "1s")
        .env("LOCKPROF_OTLP_URL", &receiver.url(""))
        .compare();
    let requests = receiver.requests(2);
    for request in &requests {
        assert_eq!(
            request.all("path").next().unwrap(),
            ["/v1development/profiles"]
        );
        assert_eq!(
            request.value("scope", "liblockprof"),
            Some(env!("CARGO_PKG_VERSION"))
        );
    }
    expect_times_to_follow(&requests);
    let ids = requests.iter().flat_map(|request| request.all("id"));
    let mut ids: Vec<_> = ids.map(|id| id[0].clone()).collect();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "an id twice");

    let rounds = run.truth("rounds");
    let told = |lock: &str, _: &str| lock == "told_lock";
    assert_eq!(sum_of(&requests, ACQUISITIONS, told), 2 * rounds);
    let quiet = |lock: &str, _: &str| lock == "quiet_lock";
    assert_eq!(sum_of(&requests, ACQUISITIONS, quiet), run.truth("quiet"));
    assert_eq!(sum_of(&requests, CONTENTIONS, quiet), 0);
    let waiting = |_: &str, stack: &str| stack.starts_with("wait_for_holder;waiter;");
    let whole = run.profile();
    whole.expect_close(
        "delay",
        sum_of(&requests, DELAY, waiting),
        run.truth("waited_ns"),
        5,
    );
    let holding = |_: &str, stack: &str| stack.starts_with("hold_and_be_waited_for;holder;");
    whole.expect_close(
        "waiting caused",
        sum_of(&requests, BLOCKED, holding),
        run.truth("waited_ns"),
        10,
    );
    expect_parts_of(&requests, &whole);
}

#[test]
fn names_of_functions_are_left_to_the_receiver_where_we_have_none() {
    let receiver = Receiver::start();
    let run = Program::exact("recursive_exact")
        .env("LOCKPROF_SINK", "otlp")
        .env("LOCKPROF_SYMBOLS", "off")
        .env("LOCKPROF_OTLP_URL", &receiver.url("/"))
        .compare();
    assert!(run.files().is_empty(), "{:?}", run.files());
    let requests = receiver.requests(1);
    let mappings: Vec<_> = requests[0].all("mapping").collect();
    assert!(!mappings.is_empty());
    for mapping in mappings {
        let is_id = mapping[1].len() >= 16 && mapping[1].bytes().all(|c| c.is_ascii_hexdigit());
        assert!(is_id && mapping[2] == "bare", "{mapping:?}");
    }
    assert_eq!(sum_of(&requests, ACQUISITIONS, |_, _| true), 1000);
}

#[test]
fn the_variables_of_opentelemetry_are_understood() {
    let receiver = Receiver::start();
    Program::exact("recursive_exact")
        .env("LOCKPROF_SINK", "otlp")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url("/otlp/"))
        .env("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20b,x-tenant=7")
        .env(
            "OTEL_RESOURCE_ATTRIBUTES",
            "service.name=no,service.version=1.2,team=a%2Cb",
        )
        .env("OTEL_SERVICE_NAME", "shop")
        .env("LOCKPROF_ENV", "test")
        .compare();
    let requests = receiver.requests(1);
    let request = &requests[0];
    assert_eq!(
        request.all("path").next().unwrap(),
        ["/otlp/v1development/profiles"]
    );
    assert_eq!(request.value("header", "x-key"), Some("a b"));
    assert_eq!(request.value("header", "x-tenant"), Some("7"));
    let resource = |key: &str| request.value("resource", key);
    assert_eq!(resource("service.name"), Some("shop"));
    assert_eq!(resource("service.version"), Some("1.2"));
    assert_eq!(resource("deployment.environment.name"), Some("test"));
    assert_eq!(resource("team"), Some("a,b"));
    assert_eq!(resource("process.executable.name"), Some("recursive_exact"));
    assert!(resource("process.pid").unwrap().parse::<u32>().unwrap() > 1);
    assert_eq!(resource("service.instance.id").unwrap().len(), 36);
    assert!(!resource("host.name").unwrap().is_empty());
}

#[test]
fn a_forked_child_sends_for_itself() {
    let receiver = Receiver::start();
    let run = Program::exact("fork_child_goes_on")
        .env("LOCKPROF_SINK", "otlp")
        .env("LOCKPROF_OTLP_URL", &receiver.url(""))
        .compare();
    let requests = receiver.requests(2);
    let of_process = |key: &str| {
        let pid = run.truth(key).to_string();
        let its = |request: &&Request| request.value("resource", "process.pid") == Some(&pid);
        requests
            .iter()
            .find(its)
            .unwrap_or_else(|| panic!("nothing of {key}"))
    };
    let (parent, child) = (of_process("parent_pid"), of_process("child_pid"));
    let at = |request: &Request, lock: &str| request.sum(ACQUISITIONS, |of, _| of == lock);
    assert_eq!(
        (at(parent, "parent_lock"), at(parent, "child_lock")),
        (20, 0)
    );
    assert_eq!((at(child, "parent_lock"), at(child, "child_lock")), (0, 40));
    let id = |request: &Request| {
        request
            .value("resource", "service.instance.id")
            .unwrap()
            .to_owned()
    };
    assert_ne!(id(parent), id(child));
}

#[test]
fn a_receiver_without_profiles_costs_one_message_that_says_what_to_do() {
    let receiver = Receiver::answering("404");
    let program = Program::exact("recursive_exact")
        .env("LOCKPROF_SINK", "otlp")
        .env("LOCKPROF_OTLP_URL", &receiver.url(""))
        .within(Duration::from_secs(40));
    let run = program.run();
    run.expect_success();
    let about_us: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(about_us.len(), 1, "{}", run.stderr);
    for words in [
        "lockprof: ",
        "404",
        "LOCKPROF_OTLP_URL",
        "service.profilesSupport",
    ] {
        assert!(about_us[0].contains(words), "{}", run.stderr);
    }
}
