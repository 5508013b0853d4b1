//! What could not be sent and is kept on disk for a later process.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use support::build;
use support::program::Program;
use support::receiver::{Act, Receiver};
use support::scratch::Scratch;
use support::sending::{ANNOUNCEMENT, EXIT_LIMIT, SLACK, losses, nobodys_url, program};

fn spooled(folder: &Path) -> Vec<String> {
    let names = support::program::files_in(folder);
    names
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn what_did_not_arrive_is_delivered_by_a_later_process_once() {
    let spool = Scratch::new();
    let folder = spool.path().to_str().unwrap();
    for _ in 0..2 {
        let run = program(30, &nobodys_url())
            .env("LOCKPROF_SPOOL", folder)
            .run();
        run.expect_success();
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        assert!(losses(&run).is_empty(), "kept is not lost");
    }
    assert_eq!(spooled(spool.path()).len(), 2);
    for name in spooled(spool.path()) {
        let bytes = fs::read(spool.join(&name)).unwrap();
        assert!(
            !String::from_utf8_lossy(&bytes).contains("secret"),
            "{name}"
        );
    }
    let receiver = Receiver::tcp(&[Act::Answer(200, "")]);
    // Of another service: not for them.
    let other = program(30, receiver.url()).env("LOCKPROF_SPOOL", folder);
    other.env("LOCKPROF_SERVICE", "other").compare();
    assert_eq!(receiver.requests().len(), 1);
    program(30, receiver.url())
        .env("LOCKPROF_SPOOL", folder)
        .compare();
    let requests = receiver.requests();
    assert_eq!(requests.len(), 4);
    assert!(
        spooled(spool.path()).is_empty(),
        "{:?}",
        spooled(spool.path())
    );
    for request in &requests {
        assert_eq!(request.line, requests[0].line);
        assert_eq!(
            request.headers.len(),
            requests[0].headers.len(),
            "{requests:#?}"
        );
    }
    program(30, receiver.url())
        .env("LOCKPROF_SPOOL", folder)
        .compare();
    assert_eq!(receiver.requests().len(), 5);
}

#[test]
fn a_hanging_receiver_leaves_everything_in_the_spool() {
    let spool = Scratch::new();
    let receiver = Receiver::tcp(&[Act::Hang]);
    let program = program(1300, receiver.url());
    let run = program
        .env("LOCKPROF_SPOOL", spool.path().to_str().unwrap())
        .run();
    run.expect_success();
    assert!(
        run.stderr.contains("is kept in the spool"),
        "{}",
        run.stderr
    );
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    assert!(run.elapsed < Duration::from_millis(1300) + EXIT_LIMIT + SLACK);
    assert_eq!(spooled(spool.path()).len(), 2);
}

#[test]
fn a_spool_that_cannot_be_written_costs_a_line_and_counts() {
    let url = nobodys_url();
    let run = program(30, &url)
        .env("LOCKPROF_SPOOL", "/proc/nowhere")
        .run();
    run.expect_success();
    assert_eq!(run.stderr.lines().count(), 2, "{}", run.stderr);
    assert!(
        run.stderr.contains("lockprof: LOCKPROF_SPOOL: "),
        "{}",
        run.stderr
    );
    assert_eq!(losses(&run).len(), 1);
}

#[test]
fn a_full_disk_under_the_spool_costs_a_line_and_counts() {
    let library = build::library().display();
    let program = build::program("locks_for_a_while");
    let script = format!(
        "mkdir spool && mount -t tmpfs -o size=16k none spool && \
         dd if=/dev/zero of=spool/filler bs=1k count=16 status=none && \
         LD_PRELOAD={library} {} 30; code=$?; ls -A spool > listing; exit $code",
        program.display()
    );
    let run = Program::at("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", &script])
        .sample("1")
        .announcing(ANNOUNCEMENT)
        .env("LOCKPROF_SINK", "file,datadog")
        .env("LOCKPROF_SPOOL", "spool")
        .env("DD_TRACE_AGENT_URL", &nobodys_url())
        .run_alone();
    run.expect_success();
    assert_eq!(run.stderr.lines().count(), 2, "{}", run.stderr);
    assert!(run.stderr.contains("No space left"), "{}", run.stderr);
    let listing = fs::read_to_string(run.home().join("listing")).unwrap();
    assert_eq!(listing, "filler\n");
}

#[test]
fn a_process_that_is_killed_in_the_middle_leaves_whole_files_only() {
    let spool = Scratch::new();
    let receiver = Receiver::tcp(&[Act::Hang]);
    let program = program(60_000, receiver.url());
    let started = program
        .env("LOCKPROF_SPOOL", spool.path().to_str().unwrap())
        .start(true);
    let begin = Instant::now();
    while receiver.requests().is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(8), "nothing was sent");
        std::thread::sleep(Duration::from_millis(10));
    }
    let run = started.kill();
    assert_eq!(run.stderr, "");
    assert!(run.profile().acquires() > 0);
    assert!(spooled(spool.path()).is_empty());
}
