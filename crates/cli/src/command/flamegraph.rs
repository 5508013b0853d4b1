//! `lockprof flamegraph`: stacks of waiting or holding as a picture.

use std::path::Path;
use std::process::ExitCode;

use clap::ArgMatches;

use super::selection::{self, Files};
use crate::analyse::filter::Filter;
use crate::analyse::stacks::{MEASURES, Measure, Stacks};
use crate::args::name;
use crate::output;
use crate::render::flame::Flame;
use crate::save;

/// Carries out the command.
pub(crate) fn flamegraph(matches: &ArgMatches) -> ExitCode {
    let filter = match selection::filter(matches) {
        Ok(filter) => filter,
        Err(mistake) => {
            output::message(&mistake);
            return ExitCode::from(2);
        }
    };
    let usual = MEASURES.iter().find(|measure| measure.is_usual(false));
    let Some(measure) = selection::measure(matches).or(usual) else {
        return ExitCode::from(2);
    };
    let Files { loaded, is_whole } = selection::files(matches);
    if loaded.is_empty() {
        return ExitCode::FAILURE;
    }
    let _ = selection::leaves_any(&loaded, &filter);
    let title = matches.get_one::<String>(name::TITLE).cloned();
    let flame = Flame {
        title: &title.unwrap_or_else(|| title_of(measure, &filter)),
        measure,
        is_icicle: matches.get_flag(name::ICICLE),
    };
    let stacks = Stacks::new(&loaded, selection::root(matches), &filter);
    let text = flame.render(stacks);
    let to = matches.get_one::<String>(name::OUT).map(Path::new);
    if save::hand_over(&text, to) && is_whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What is shown, and of what.
fn title_of(measure: &Measure, filter: &Filter) -> String {
    let mut title = format!("Lock profile: {}", measure.title);
    if !filter.is_all() {
        title.push_str(&format!(" {}", filter.shown()));
    }
    title
}
