//! Which address is chosen, for which reason, and what cannot be one.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;

fn options() -> Datadog {
    Datadog {
        site: "datadoghq.com".to_owned(),
        ..Datadog::default()
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn chosen(options: &Datadog, has_socket: bool) -> Address {
    Address::choose(options, |path| {
        assert_eq!(path, Path::new(SOCKET));
        has_socket
    })
    .unwrap()
}

const AGENT: &str = "http://localhost:8126/profiling/v1/input";

#[test]
fn each_address_gives_way_to_the_next_better_one() {
    let mut options = options();
    let address = chosen(&options, false);
    assert_eq!(address.url(), AGENT);
    options.key = some("key");
    let address = chosen(&options, false);
    assert_eq!(
        address.url(),
        "https://intake.profile.datadoghq.com/api/v2/profile"
    );
    assert_eq!(address.key(), Some("key"));
    let address = chosen(&options, true);
    assert_eq!(
        address.url(),
        format!("unix://{SOCKET}:/profiling/v1/input")
    );
    assert_eq!(address.key(), None);
    options.agent_port = Some(18126);
    assert_eq!(
        chosen(&options, true).url(),
        "http://localhost:18126/profiling/v1/input"
    );
    options.agent_host = some("agent");
    assert_eq!(
        chosen(&options, true).url(),
        "http://agent:18126/profiling/v1/input"
    );
    options.agent = some("https://other/");
    let address = chosen(&options, true);
    assert_eq!(address.url(), "https://other/profiling/v1/input");
    assert!(!address.is_agentless());
    options.agentless = Some(true);
    assert!(chosen(&options, true).is_agentless());
}

#[test]
fn a_key_alone_can_be_forbidden_to_lead_past_the_agent() {
    let mut options = options();
    options.key = some("key");
    options.agentless = Some(false);
    let address = chosen(&options, false);
    assert_eq!((address.url().as_str(), address.key()), (AGENT, None));
}

#[test]
fn the_user_is_told_which_way_and_why_but_no_secret() {
    let mut options = options();
    assert_eq!(
        chosen(&options, false).sentence(),
        "profiles go to the Agent at http://localhost:8126, because nothing else is set"
    );
    options.agent = some("unix:///run/agent.sock");
    assert_eq!(
        chosen(&options, false).sentence(),
        "profiles go to the Agent at /run/agent.sock, because an Agent's address is set"
    );
    options.agent = some("http://me:secret@agent:1");
    assert_eq!(
        chosen(&options, false).sentence(),
        "profiles go to the Agent at http://agent:1, because an Agent's address is set"
    );
    options.agent = None;
    options.key = some(" secret\n");
    options.site = "datadoghq.eu".to_owned();
    let address = chosen(&options, false);
    assert_eq!(address.key(), Some("secret"));
    assert_eq!(
        address.sentence(),
        "profiles go past the Agent to https://intake.profile.datadoghq.eu/api/v2/profile, \
         because DD_API_KEY is set, but no address of an Agent, nor is there its socket"
    );
}

#[test]
fn hosts_of_six_groups_get_brackets_and_paths_are_kept() {
    let mut options = options();
    options.agent_host = some("::1");
    assert_eq!(
        chosen(&options, false).url(),
        "http://[::1]:8126/profiling/v1/input"
    );
    options.agent = some("http://proxy/datadog/");
    assert_eq!(
        chosen(&options, false).url(),
        "http://proxy/datadog/profiling/v1/input"
    );
    options.agent = some("http://agent:8126/profiling/v1/input");
    assert_eq!(
        chosen(&options, false).url(),
        "http://agent:8126/profiling/v1/input"
    );
}

#[test]
fn an_intake_of_ones_own_is_used_as_it_is() {
    let mut options = options();
    options.agentless = Some(true);
    options.key = some("key");
    options.intake = some("http://127.0.0.1:1/in?x=y");
    assert_eq!(chosen(&options, true).url(), "http://127.0.0.1:1/in?x=y");
}

#[test]
fn what_cannot_be_an_address_is_an_error() {
    let refused = |change: fn(&mut Datadog)| {
        let mut options = options();
        change(&mut options);
        let error = Address::choose(&options, |_| false).unwrap_err();
        assert!(!error.contains('\n') && error.len() > 20, "{error}");
        error
    };
    for wrong in [
        "agent:8126",
        "unix://relative",
        "unix:///",
        "http://",
        "http:///x",
        "ftp://x",
        "http://a b",
    ] {
        let mut options = options();
        options.agent = some(wrong);
        let result = Address::choose(&options, |_| false);
        assert_eq!(result.is_ok(), wrong == "unix:///", "{wrong}: {result:?}");
    }
    assert!(refused(|options| options.agentless = Some(true)).contains("DD_API_KEY"));
    assert!(refused(|options| options.agent_host = some("a/b")).contains("a/b"));
    assert!(refused(|options| options.agent_host = some("a b")).contains("a b"));
    let secret = refused(|options| options.key = some("se cret"));
    assert!(!secret.contains("cret"), "{secret}");
    refused(|options| {
        options.key = some("key");
        options.site = "datadoghq.com/x".to_owned();
    });
    refused(|options| {
        options.key = some("key");
        options.intake = some("datadoghq.com");
    });
}
