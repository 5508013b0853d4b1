//! `lockprof diff`: what differs between two profiles, and whether it may.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ArgMatches;

use super::selection::{self, Files};
use crate::analyse::By;
use crate::analyse::condition::Condition;
use crate::analyse::diff::{Diff, QUANTITIES, Scale};
use crate::analyse::filter::Filter;
use crate::args::name;
use crate::output;
use crate::render::diff::{self, View};

/// Rows for people when nothing else is asked for.
const USUAL_ROWS: usize = 20;
/// Some condition is broken.
const BROKEN: u8 = 3;

/// Carries out the command.
pub(crate) fn diff(matches: &ArgMatches) -> ExitCode {
    let request = match Request::new(matches) {
        Ok(request) => request,
        Err(mistake) => {
            output::message(&mistake);
            return ExitCode::from(2);
        }
    };
    let Files { mut loaded, .. } = selection::files(matches);
    let is_checked =
        selection::leaves_any(&loaded, &request.filter) || request.conditions.is_empty();
    let paths: Vec<PathBuf> = loaded.iter().map(|file| file.path.clone()).collect();
    let ([before, after], [first, second]) = (loaded.as_mut_slice(), paths.as_slice()) else {
        return ExitCode::FAILURE;
    };
    let mut diff = Diff::new([before, after], request.by, &request.filter, request.scale);
    diff.arrange(request.first, request.min_wait_ns);
    let view = View {
        diff: &diff,
        by: request.by,
        first: request.first,
        top: request.top,
        files: [first, second].map(|path| path.to_string_lossy().into_owned()),
        width: output::width(),
    };
    let broken = request.broken(&view);
    let text = match request.format.as_str() {
        "json" => view.json(&broken),
        "csv" => view.csv(),
        "markdown" => view.markdown(),
        _ => view.table(),
    };
    let is_printed = output::print(&text);
    for line in &broken {
        output::message(line);
    }
    match (is_printed && is_checked, broken.is_empty()) {
        (false, _) => ExitCode::FAILURE,
        (true, false) => ExitCode::from(BROKEN),
        (true, true) => ExitCode::SUCCESS,
    }
}

struct Request {
    by: By,
    first: usize,
    top: Option<usize>,
    scale: Scale,
    format: String,
    filter: Filter,
    min_wait_ns: u64,
    conditions: Vec<Condition>,
}

impl Request {
    fn new(matches: &ArgMatches) -> Result<Self, String> {
        let word = |name| matches.get_one::<String>(name).map_or("", String::as_str);
        let format = word(name::FORMAT).to_owned();
        let conditions = matches.get_many::<String>(name::FAIL_ON);
        let conditions = conditions.into_iter().flatten();
        Ok(Self {
            // Locks lie elsewhere in every run: only their names are the same.
            by: if word(name::BY) == "site" {
                By::Site
            } else {
                By::Name
            },
            first: QUANTITIES
                .iter()
                .position(|quantity| quantity.key == word(name::VALUE))
                .unwrap_or(0),
            top: match matches.get_one::<usize>(name::TOP) {
                Some(0) => None,
                Some(top) => Some(*top),
                None => matches!(format.as_str(), "table" | "markdown").then_some(USUAL_ROWS),
            },
            scale: match word(name::SCALE) {
                "whole" => Scale::Whole,
                "second" => Scale::Second,
                _ => Scale::Auto,
            },
            format,
            filter: selection::filter(matches)?,
            min_wait_ns: selection::min_wait_ns(matches)?,
            conditions: conditions
                .map(|text| Condition::new(text))
                .collect::<Result<_, _>>()?,
        })
    }

    /// One line for each row that breaks a condition.
    fn broken(&self, view: &View) -> Vec<String> {
        let mut lines = Vec::new();
        for condition in &self.conditions {
            let quantity = condition.quantity();
            for (row, change) in condition.broken_by(view.diff) {
                lines.push(format!(
                    "{}: {}: {}, {} to {}",
                    condition.text,
                    row.name,
                    diff::relative(&change),
                    view.amount(quantity, change.before),
                    view.amount(quantity, change.after),
                ));
            }
        }
        lines
    }
}
