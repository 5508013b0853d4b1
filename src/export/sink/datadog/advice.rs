//! What can be done about an answer of Datadog's, or of its Agent's.

use contract::options::DatadogAddress;

/// What can be done, by the status that was answered.
pub(super) fn of(address: &DatadogAddress) -> fn(u16) -> Option<&'static str> {
    if address.is_agentless() {
        of_intake
    } else {
        of_agent
    }
}

const TOO_LARGE: &str = "the profile is too large; a shorter LOCKPROF_INTERVAL or fewer LOCKPROF_MAX_FRAMES make it smaller";

/// Of an Agent.
fn of_agent(status: u16) -> Option<&'static str> {
    match status {
        400 => Some(
            "Datadog did not understand the profile, or the Agent's own api_key is wrong; its log says more",
        ),
        401 | 403 => Some("the Agent's own api_key is wrong, or it is for another site"),
        404 => Some("this Agent takes no profiles: it is older than 7.20, or no Agent at all"),
        413 => Some(TOO_LARGE),
        502..=504 => Some("the Agent cannot reach Datadog"),
        _ => None,
    }
}

/// Of the intake.
fn of_intake(status: u16) -> Option<&'static str> {
    match status {
        400 => Some("Datadog did not understand the profile; is DD_SITE the site of DD_API_KEY?"),
        401 | 403 => Some("DD_API_KEY is wrong, or it is for another site than DD_SITE"),
        404 => Some("there is no intake; is DD_SITE right?"),
        413 => Some(TOO_LARGE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn answers_that_a_user_can_act_on_are_explained() {
        for status in [400, 403, 404, 413] {
            assert!(of_agent(status).is_some(), "{status}");
            assert!(of_intake(status).is_some(), "{status}");
        }
        assert!(of_agent(404).unwrap().contains("7.20"));
        assert!(of_intake(403).unwrap().contains("DD_API_KEY"));
        assert_eq!((of_agent(500), of_intake(503)), (None, None));
    }
}
