//! Programs that send their profiles, and what they may show when that fails.

use std::net::TcpListener;
use std::time::Duration;

use super::program::{Program, Run};

/// Longest time the end of a host may be held up, and what a loaded machine adds.
pub(crate) const EXIT_LIMIT: Duration = Duration::from_secs(2);
pub(crate) const SLACK: Duration = Duration::from_millis(1500);

/// How the line begins that says where profiles go.
pub(crate) const ANNOUNCEMENT: &str = "lockprof: Datadog: profiles go to the Agent at ";

/// A program that locks for so many milliseconds and sends to this address.
pub(crate) fn program(milliseconds: u32, url: &str) -> Program {
    sending("locks_for_a_while", url).args([milliseconds.to_string()])
}

/// A program that sends to this address.
pub(crate) fn sending(name: &str, url: &str) -> Program {
    Program::exact(name)
        .announcing(ANNOUNCEMENT)
        .env("LOCKPROF_SINK", "file,datadog")
        .env("DD_TRACE_AGENT_URL", url)
        .env("LOCKPROF_INTERVAL", "1s")
        // Whatever this machine says of its network is not what is tested.
        .env("http_proxy", "")
        .env("HTTP_PROXY", "")
        .env("https_proxy", "")
        .env("HTTPS_PROXY", "")
        .env("all_proxy", "")
        .env("ALL_PROXY", "")
        .env("no_proxy", "")
        .env("NO_PROXY", "")
        .env("SSL_CERT_FILE", "")
}

/// An address at which nobody listens.
pub(crate) fn nobodys_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// The lines of the file's comments about lost uploads.
pub(crate) fn losses(run: &Run) -> Vec<String> {
    let comments = run.profile().comments;
    let lost = |comment: &String| comment.starts_with("lost: ") && comment.contains(" uploads to ");
    comments.into_iter().filter(lost).collect()
}

/// The host has noticed nothing but one line of ours, which contains `words`, and the
/// file counts what was lost, for a reason that contains `reason`.
pub(crate) fn expect_one_line_and_a_loss(run: &Run, milliseconds: u64, words: &str, reason: &str) {
    run.expect_success();
    assert_eq!(run.stdout, "EXIT-SUCCESS\n");
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert!(
        lines.len() == 1 && lines[0].starts_with("lockprof: ") && lines[0].contains(words),
        "not one line with {words:?}: {lines:#?}"
    );
    assert!(!run.stderr.contains("secret"), "{}", run.stderr);
    let limit = Duration::from_millis(milliseconds) + EXIT_LIMIT + SLACK;
    assert!(run.elapsed < limit, "{:?}", run.elapsed);
    let losses = losses(run);
    assert!(
        losses.len() == 1 && losses[0].contains(reason),
        "not one loss because of {reason:?}: {losses:?}"
    );
}
