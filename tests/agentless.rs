//! What Datadog gets past its Agent, from a receiver as strict as its intake, and what users are told when it gets nothing.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use support::certificates::identity;
use support::datadog::Upload;
use support::datadog::expect::{self, ACQUIRE, RELEASE, sum};
use support::program::Program;
use support::receiver::{Act, Received, Receiver};
use support::scratch::Scratch;
use support::sending::nobodys_url;

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A program that sends past the Agent, to this intake.
fn past_the_agent(intake: &Receiver, key: &str) -> Program {
    Program::exact("recursive_exact")
        .env("LOCKPROF_SINK", "datadog")
        .env(
            "LOCKPROF_DATADOG_INTAKE",
            &format!("{}/api/v2/profile", intake.url()),
        )
        .env("DD_PROFILING_AGENTLESS", "1")
        .env("DD_API_KEY", key)
}

/// What the one request was, for the parser of uploads.
fn upload_of(intake: &Receiver) -> Upload {
    let requests = intake.requests();
    assert_eq!(requests.len(), 1);
    let Received {
        line,
        headers,
        body,
        ..
    } = &requests[0];
    let headers = headers.iter();
    let head: String = headers
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    Upload::of_request(&format!("{line}\r\n{head}\r\n"), body)
}

#[test]
fn past_the_agent_the_intake_gets_the_key_and_the_host() {
    let scratch = Scratch::new();
    let accepting = [Act::Answer(202, "")];
    let in_secret = Receiver::tls(identity(scratch.path(), "localhost"), &accepting);
    let certificate = scratch.join("certificate.pem");
    for intake in [Receiver::tcp(&accepting), in_secret] {
        let run = past_the_agent(&intake, KEY)
            .env("DD_HOSTNAME", "the-host")
            .env("SSL_CERT_FILE", certificate.to_str().unwrap())
            .run();
        run.expect_success();
        let said = format!(
            "lockprof: Datadog: profiles go past the Agent to {}/api/v2/profile, \
             because DD_PROFILING_AGENTLESS is set\n",
            intake.url()
        );
        assert_eq!(run.stderr, said);
        let upload = upload_of(&intake);
        assert_eq!(upload.request, "POST /api/v2/profile");
        assert_eq!(upload.headers["dd-api-key"], KEY);
        assert_eq!(upload.tag("host"), Some("the-host"));
        assert_eq!(upload.tag("service"), Some("recursive_exact"));
        assert_eq!(upload.tag("env"), None);
        expect::expect_event(&upload);
        expect::expect_profile(&upload);
        let all = |column| sum(&upload.profile, column, |_| true);
        assert_eq!((all(ACQUIRE), all(RELEASE)), (1000, 1000));
    }
}

#[test]
fn a_wrong_key_costs_one_line_that_names_it_but_does_not_show_it() {
    let intake = Receiver::tcp(&[Act::Answer(403, "")]);
    let wrong = "ffffffffffffffffffffffffffffffff";
    let run = past_the_agent(&intake, wrong).run();
    run.expect_success();
    assert_eq!(intake.requests()[0].header("dd-api-key"), Some(wrong));
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.stderr);
    assert!(
        lines[1].contains("403") && lines[1].contains("DD_API_KEY"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains(wrong));
}

#[test]
fn an_agent_that_is_too_old_is_called_so() {
    let agent = Receiver::tcp(&[Act::Answer(404, "")]);
    let run = Program::exact("recursive_exact")
        .env("LOCKPROF_SINK", "datadog")
        .env("DD_TRACE_AGENT_URL", agent.url())
        .run();
    run.expect_success();
    let last = run.stderr.lines().last().unwrap();
    assert!(
        last.contains("404") && last.contains("older than 7.20"),
        "{}",
        run.stderr
    );
}

#[test]
fn nobody_there_costs_two_lines_and_leaves_the_file() {
    let run = Program::exact("recursive_exact")
        .env("DD_TRACE_AGENT_URL", &nobodys_url())
        .run();
    run.expect_success();
    assert_eq!(run.stderr.lines().count(), 2, "{}", run.stderr);
    run.profile().expect_counts("in the file", 1000, 1000);
}

#[test]
fn what_cannot_be_an_address_is_said_and_the_file_is_written() {
    for (name, value, word) in [
        ("DD_TRACE_AGENT_URL", "agent:8126", "agent:8126"),
        ("DD_PROFILING_AGENTLESS", "1", "DD_API_KEY"),
    ] {
        let run = Program::exact("recursive_exact").env(name, value).run();
        run.expect_success();
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        assert!(run.stderr.contains(word), "{}", run.stderr);
        run.profile().expect_counts("in the file", 1000, 1000);
    }
}
