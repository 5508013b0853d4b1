//! `lockprof report`: what profile files say.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ArgMatches;
use contract::sample_type::SampleType;

use super::list;
use crate::analyse::{self, By, remarks};
use crate::args::name;
use crate::columns::{self, Column};
use crate::load::{self, Loaded};
use crate::output;
use crate::render::summary::{Findings, Summary};
use crate::render::{csv, folded, json};

/// Rows of a table when nothing else is asked for.
const USUAL_ROWS: usize = 20;

/// Carries out the command.
pub(crate) fn report(matches: &ArgMatches) -> ExitCode {
    let requests =
        Request::new(matches).and_then(|table| Ok((table, list::Request::new(matches)?)));
    let (request, listing) = match requests {
        Ok(requests) => requests,
        Err(mistake) => {
            output::message(&mistake);
            return ExitCode::from(2);
        }
    };
    let paths = matches.get_many::<PathBuf>(name::FILES);
    let mut files = Vec::new();
    let mut is_whole = true;
    for path in paths.into_iter().flatten() {
        match load::load(path) {
            Ok(profile) => files.push(Loaded::new(path.clone(), profile)),
            Err(reason) => {
                output::message(&format!("{}: {reason}", path.display()));
                is_whole = false;
            }
        }
    }
    let is_empty = |file: &&Loaded| file.profile.samples.is_empty() && file.sync.samples.is_empty();
    for file in files.iter().filter(is_empty) {
        output::message(&format!("{}: an empty profile", file.path.display()));
    }
    if let Some(listing) = listing.filter(|_| !files.is_empty()) {
        let listed = listing.carry_out(&files);
        return if is_whole { listed } else { ExitCode::FAILURE };
    }
    if !matches!(request.format, Format::Table) {
        warn_of_losses(&files);
    }
    let is_printed = files.is_empty() || output::print(&request.render(&files));
    if is_whole && is_printed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What is asked for.
struct Request {
    by: By,
    sort: &'static Column,
    top: Option<usize>,
    format: Format,
}

enum Format {
    Table,
    Json,
    Csv,
    Folded(SampleType),
}

impl Request {
    fn new(matches: &ArgMatches) -> Result<Self, String> {
        let word = |name| matches.get_one::<String>(name).map_or("", String::as_str);
        let by = match word(name::BY) {
            "name" => By::Name,
            "site" => By::Site,
            "thread" => By::Thread,
            "edge" => By::Edge,
            "holder" => By::Holder,
            "sync" => By::Sync,
            _ => By::Lock,
        };
        let format = match word(name::FORMAT) {
            "json" => Format::Json,
            "csv" => Format::Csv,
            "folded" => Format::Folded(match word(name::VALUE) {
                "hold" => SampleType::ReleaseHold,
                "acquisitions" => SampleType::Acquire,
                "contentions" => SampleType::Contention,
                _ => SampleType::AcquireWait,
            }),
            _ => Format::Table,
        };
        if matches.contains_id(name::VALUE) && !matches!(format, Format::Folded(_)) {
            return Err("--value goes with --format folded".to_owned());
        }
        let top = match matches.get_one::<usize>(name::TOP) {
            Some(0) => None,
            Some(top) => Some(*top),
            None => matches!(format, Format::Table).then_some(USUAL_ROWS),
        };
        Ok(Self {
            by,
            sort: sort_column(by, matches.get_one::<String>(name::SORT))?,
            top,
            format,
        })
    }

    fn render(&self, files: &[Loaded]) -> String {
        let profiles = files.iter().map(|file| match self.by {
            By::Sync => &file.sync,
            _ => &file.profile,
        });
        if let Format::Folded(column) = self.format {
            return folded::render(profiles, column);
        }
        let analysis = analyse::analyse(profiles, self.by);
        let rows = analysis.sorted(self.sort, self.top);
        let columns = columns::of(self.by);
        let findings = Findings::new(files, self.by);
        match self.format {
            Format::Json => {
                json::render(self.by, self.sort.key, files, &rows, &analysis, &findings)
            }
            Format::Csv => csv::render(&columns, &rows, &analysis.total_row()),
            Format::Table | Format::Folded(_) => Summary {
                analysis: &analysis,
                findings: &findings,
                by: self.by,
                sort: self.sort,
                top: self.top,
                profiles: files.len(),
                width: output::width(),
            }
            .render(),
        }
    }
}

/// Says what profiles say was lost, where the report itself has no place for it.
fn warn_of_losses(files: &[Loaded]) {
    let remarks = remarks::collect(files.iter().map(|file| &file.profile));
    for loss in remarks.losses() {
        output::message(&format!("warning: {loss}"));
    }
}

fn sort_column(by: By, key: Option<&String>) -> Result<&'static Column, String> {
    let key = key.map_or(columns::usual_sort(by), String::as_str);
    let columns = columns::of(by);
    if let Some(column) = columns.iter().find(|column| column.key == key) {
        return Ok(column);
    }
    let keys: Vec<&str> = columns.iter().map(|column| column.key).collect();
    Err(format!(
        "--sort {key}: by {} the keys are: {}",
        columns::by_name(by),
        keys.join(", ")
    ))
}
