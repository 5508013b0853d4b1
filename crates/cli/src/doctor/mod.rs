//! `lockprof doctor`: what can keep a program from having samples, checked one by one.

mod binary;
mod options;
mod output_place;
mod profiles;
mod receivers;
mod running;
pub(crate) mod subject;
#[cfg(test)]
mod tests;

pub(crate) use subject::Subject;

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All is well.
    Good,
    /// It may be the reason, or limits what is seen.
    Doubt,
    /// It keeps samples away.
    Bad,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) verdict: Verdict,
    /// What is so.
    pub(crate) text: String,
    /// What to do about it.
    pub(crate) advice: Option<String>,
}

impl Check {
    fn good(text: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Good,
            text: text.into(),
            advice: None,
        }
    }

    fn doubt(text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Doubt,
            text: text.into(),
            advice: Some(advice.into()),
        }
    }

    fn bad(text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Bad,
            text: text.into(),
            advice: Some(advice.into()),
        }
    }
}

/// All checks, in the order in which things go wrong.
pub(crate) fn examine(subject: &Subject) -> Vec<Check> {
    let mut checks = binary::check(subject);
    if let Some(process) = &subject.process {
        checks.extend(running::check(subject, process));
    }
    if subject.environment.is_none() {
        // What follows would be about the defaults, which nobody may have meant.
        return checks;
    }
    let (options, complaints) = subject.options();
    checks.extend(options::check(subject, &options, &complaints));
    checks.extend(output_place::check(subject, &options));
    checks.extend(receivers::check(&options));
    if let Some(process) = &subject.process {
        checks.extend(profiles::check(subject, process, &options));
    }
    checks
}
