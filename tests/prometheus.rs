//! What Prometheus learns from us: through node_exporter's textfile collector, scraped and queried by its own programs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use support::background::Background;
use support::build;
use support::program::{Program, Started, files_in};
use support::scratch::Scratch;

/// Values by series, as they stand in a page.
type Values = BTreeMap<String, f64>;

fn values(page: &str) -> Values {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.parse().unwrap())
        })
        .collect()
}

/// The value of a family for a lock; fails when there is none or several.
fn value(values: &Values, family: &str, lock: &str) -> f64 {
    let start = format!("{family}{{lock=\"{lock}\",");
    let mut found = values
        .iter()
        .filter(|(series, _)| series.starts_with(&start));
    let value = found.next().map(|(_, value)| *value);
    assert!(found.next().is_none(), "{family} twice: {values:#?}");
    value.unwrap_or_else(|| panic!("no {start}: {values:#?}"))
}

/// The program, writing into this folder every second.
fn writing_to(folder: &Path) -> Program {
    Program::exact("told_in_parts")
        .env("LOCKPROF_SINK", "file,prometheus")
        .env("LOCKPROF_INTERVAL", "1s")
        .env("LOCKPROF_SERVICE", "shop \"one\"")
        .env("LOCKPROF_PROMETHEUS_FILE", &folder.display().to_string())
}

/// Reads the file as often as it changes until the program has ended: no counter may
/// decrease. Returns how often it changed.
fn watch(program: &Started, folder: &Path) -> usize {
    let (mut last, mut text, mut changes) = (Values::new(), String::new(), 0);
    let alive = format!("/proc/{}/stat", program.id());
    // A process that has ended stays a zombie until it is waited for.
    while fs::read_to_string(&alive).is_ok_and(|stat| !stat.contains(") Z ")) {
        for file in files_in(folder) {
            let now = fs::read_to_string(&file).unwrap_or_default();
            if file.extension().is_some_and(|ending| ending == "prom") && now != text {
                let new = values(&now);
                for (series, value) in &last {
                    assert!(
                        new[series] >= *value,
                        "{series}: {value}, then {}",
                        new[series]
                    );
                }
                (last, text, changes) = (new, now, changes + 1);
            }
        }
        thread::sleep(Duration::from_millis(20));
    }
    changes
}

/// What the checker of Prometheus says of a page: nothing, when it is as it should be.
fn check(page: &Path) -> String {
    let output = Command::new(build::unpacked("prometheus", "promtool"))
        .args(["check", "metrics"])
        .stdin(fs::File::open(page).unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let (said, failed) = (output.stdout, output.stderr);
    String::from_utf8_lossy(&[said, failed].concat()).into_owned()
}

#[test]
fn the_file_counts_up_to_what_the_program_counted() {
    let folder = Scratch::new();
    let program = writing_to(folder.path()).start(true);
    let changes = watch(&program, folder.path());
    let run = program.wait(Duration::from_secs(20));
    run.expect_success();
    assert_eq!(run.stderr, "");
    assert!(changes >= 2, "written {changes} times");
    let files = files_in(folder.path());
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(check(&files[0]), "");

    let page = values(&fs::read_to_string(&files[0]).unwrap());
    let whole = run.profile().lock("told_lock");
    let seconds = |ns: i64| format!("{:.6}", ns as f64 / 1e9);
    let told = |family: &str| value(&page, family, "told_lock");
    let close = |family: &str, ns: i64| {
        assert_eq!(format!("{:.6}", told(family)), seconds(ns), "{family}");
    };
    let count = |family: &str| format!("{}", told(family));
    let rounds = run.truth("rounds");
    assert_eq!(
        count("lockprof_acquisitions_total"),
        (2 * rounds).to_string()
    );
    assert_eq!(
        value(&page, "lockprof_acquisitions_total", "quiet_lock").to_string(),
        run.truth("quiet").to_string()
    );
    let contentions = whole.contentions().to_string();
    assert_eq!(count("lockprof_contentions_total"), contentions);
    assert_eq!(count("lockprof_wait_seconds_count"), contentions);
    close("lockprof_wait_seconds_sum", whole.wait_ns());
    close("lockprof_hold_seconds_total", whole.hold_ns());
    let blocked = whole.sum(contract::sample_type::SampleType::Blocked);
    close("lockprof_blocked_seconds_total", blocked);
    assert!(blocked > 0);
    assert_eq!(count("lockprof_queue_max"), "1");
}

#[test]
fn a_forked_child_has_a_file_of_its_own() {
    let folder = Scratch::new();
    let place = format!("{}/%e.prom", folder.path().display());
    let run = Program::exact("fork_child_goes_on")
        .env("LOCKPROF_SINK", "prometheus")
        .env("LOCKPROF_PROMETHEUS_FILE", &place)
        .compare();
    let child = run.truth("child_pid");
    let files = files_in(folder.path());
    let names = files
        .iter()
        .map(|file| file.file_name().unwrap().to_string_lossy());
    let expected = [
        format!("fork_child_goes_on.{child}.prom"),
        "fork_child_goes_on.prom".to_owned(),
    ];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    let [of_child, of_parent] = [0, 1].map(|at: usize| fs::read_to_string(&files[at]).unwrap());
    let acquisitions =
        |page: &str, lock| value(&values(page), "lockprof_acquisitions_total", lock).to_string();
    assert_eq!(acquisitions(&of_child, "child_lock"), "40");
    assert_eq!(acquisitions(&of_parent, "parent_lock"), "20");
    assert!(of_child.contains(&format!("pid=\"{child}\"")), "{of_child}");
    // A program that runs once on a machine keeps its series when it is restarted.
    assert!(!of_parent.contains("pid="), "{of_parent}");
}

#[test]
fn without_a_place_or_with_a_bad_one_there_is_one_message() {
    for (place, words) in [
        ("", "LOCKPROF_PROMETHEUS_FILE"),
        (
            "/proc/self/nothing/a.prom",
            "cannot write /proc/self/nothing/a.prom",
        ),
        ("%q.prom", "unknown sequence %q"),
    ] {
        let run = Program::exact("recursive_exact")
            .env("LOCKPROF_SINK", "file,prometheus")
            .env("LOCKPROF_PROMETHEUS_FILE", place)
            .run();
        run.expect_success();
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        assert!(run.stderr.contains(words), "{}", run.stderr);
        run.profile()
            .expect_counts("in the file beside it", 1000, 1000);
    }
}

/// A port that nobody has, as far as one can know.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn node_exporter(folder: &Path, address: &str, log: &Path) -> Background {
    let package = "prometheus-node-exporter";
    let mut command = Command::new(build::unpacked(package, package));
    command
        .args(["--collector.disable-defaults", "--collector.textfile"])
        .arg(format!(
            "--collector.textfile.directory={}",
            folder.display()
        ))
        .arg(format!("--web.listen-address={address}"));
    Background::start(package, &mut command, log)
}

/// A server that scrapes another one.
fn prometheus(home: &Scratch, target: &str, address: &str) -> Background {
    let configuration = home.join("prometheus.yml");
    let text = format!(
        "global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}\n\
         scrape_configs: [{{job_name: node, static_configs: [{{targets: ['{target}']}}]}}]\n"
    );
    fs::write(&configuration, text).unwrap();
    let mut command = Command::new(build::unpacked("prometheus", "prometheus"));
    command
        .arg(format!("--config.file={}", configuration.display()))
        .arg(format!(
            "--storage.tsdb.path={}",
            home.join("data").display()
        ))
        .arg(format!("--web.listen-address={address}"));
    Background::start("prometheus", &mut command, &home.join("prometheus.log"))
}

/// Lines of an answer; none while there is none.
fn query(address: &str, expression: &str) -> Option<Vec<String>> {
    let output = Command::new(build::unpacked("prometheus", "promtool"))
        .args(["query", "instant", &format!("http://{address}"), expression])
        .output()
        .unwrap();
    let lines = String::from_utf8_lossy(&output.stdout);
    let lines = lines.lines().filter(|line| !line.is_empty());
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    (output.status.success() && !lines.is_empty()).then_some(lines)
}

/// The number of an answer that is one series.
fn number(answer: &[String]) -> f64 {
    assert_eq!(answer.len(), 1, "{answer:?}");
    let behind = answer[0].split("=> ").nth(1);
    let behind = behind.unwrap_or_else(|| panic!("{answer:?}"));
    behind.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn prometheus_answers_what_users_ask_first() {
    let (folder, home) = (Scratch::new(), Scratch::new());
    // Two processes of one service: the collector takes neither, should a series be in both.
    let (one, two) = (writing_to(folder.path()), writing_to(folder.path()));
    let (one, two) = (one.start(true), two.start(true));
    let runs = [one, two].map(|run| run.wait(Duration::from_secs(20)));
    assert_eq!(files_in(folder.path()).len(), 2);

    let (exporter, server) = (free_address(), free_address());
    let _exporter = node_exporter(folder.path(), &exporter, &home.join("exporter.log"));
    let mut prometheus = prometheus(&home, &exporter, &server);
    let mut ask = |expression: &str| prometheus.until(expression, || query(&server, expression));
    assert_eq!(
        number(&ask("count(count by (pid) (lockprof_queue_max))")).to_string(),
        "2"
    );
    assert_eq!(number(&ask("node_textfile_scrape_error")).to_string(), "0");

    let top = ask("topk(1, sum by (service, lock) (lockprof_wait_seconds_sum))");
    let labels = "{lock=\"told_lock\", service=\"shop \\\"one\\\"\"}";
    assert!(top[0].starts_with(labels), "{top:?}");
    let waited: i64 = runs.iter().map(|run| run.profile().wait_ns()).sum();
    assert_eq!(
        format!("{:.6}", number(&top)),
        format!("{:.6}", waited as f64 / 1e9)
    );

    // Most waits are for 20 ms and somewhat more.
    let half = ask(
        "histogram_quantile(0.5, sum by (le) (lockprof_wait_seconds_bucket{lock=\"told_lock\"}))",
    );
    let half = number(&half);
    assert!((0.0167..0.0672).contains(&half), "{half}");
}
