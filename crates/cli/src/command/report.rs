//! `lockprof report`: what profile files say.

use std::process::ExitCode;

use clap::ArgMatches;

use super::list;
use super::selection::{self, Files};
use crate::analyse::filter::Filter;
use crate::analyse::stacks::{MEASURES, Measure, Root, Stacks};
use crate::analyse::{self, Analysis, By, remarks};
use crate::args::name;
use crate::columns::{self, Column};
use crate::load::Loaded;
use crate::output;
use crate::render::summary::{Findings, Summary};
use crate::render::{csv, dot, folded, json, markdown, speedscope};

/// Rows for people when nothing else is asked for.
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
    let Files { loaded, is_whole } = selection::files(matches);
    let _ = selection::leaves_any(&loaded, &request.filter);
    if let Some(listing) = listing.filter(|_| !loaded.is_empty()) {
        let listed = listing.carry_out(&loaded);
        return if is_whole { listed } else { ExitCode::FAILURE };
    }
    if !matches!(request.format, Format::Table | Format::Markdown) {
        warn_of_losses(&loaded);
    }
    let is_printed = loaded.is_empty() || output::print(&request.render(&loaded));
    if is_whole && is_printed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What is asked for.
pub(super) struct Request {
    by: By,
    sort: &'static Column,
    top: Option<usize>,
    format: Format,
    filter: Filter,
    min_wait_ns: u64,
    has_histogram: bool,
    root: Root,
    /// What stacks are weighed by.
    measure: &'static Measure,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Table,
    Markdown,
    Json,
    Csv,
    Folded,
    Speedscope,
    Dot,
}

impl Format {
    fn new(word: &str) -> Self {
        match word {
            "json" => Self::Json,
            "csv" => Self::Csv,
            "markdown" => Self::Markdown,
            "folded" => Self::Folded,
            "speedscope" => Self::Speedscope,
            "dot" => Self::Dot,
            _ => Self::Table,
        }
    }

    /// Whether it shows whole stacks.
    fn is_stacks(self) -> bool {
        matches!(self, Self::Folded | Self::Speedscope)
    }

    /// Whether people look at it, to whom many rows say nothing.
    fn is_short(self) -> bool {
        matches!(self, Self::Table | Self::Markdown | Self::Dot)
    }
}

impl Request {
    /// # Errors
    ///
    /// One line about what makes no sense.
    pub(super) fn new(matches: &ArgMatches) -> Result<Self, String> {
        let word = |name| matches.get_one::<String>(name).map(String::as_str);
        let format = Format::new(word(name::FORMAT).unwrap_or("table"));
        let by = by(word(name::BY), format)?;
        for name in [name::VALUE, name::ROOT] {
            if matches.contains_id(name) && !format.is_stacks() {
                return Err(format!("--{name} goes with --format folded or speedscope"));
            }
        }
        let has_histogram = matches.get_flag(name::HISTOGRAM);
        if has_histogram && !matches!(format, Format::Table | Format::Markdown | Format::Json) {
            return Err("--histogram goes with --format table, markdown or json".to_owned());
        }
        let top = match matches.get_one::<usize>(name::TOP) {
            Some(0) => None,
            Some(top) => Some(*top),
            None => format.is_short().then_some(USUAL_ROWS),
        };
        let usual_measure = MEASURES
            .iter()
            .find(|measure| measure.is_usual(by == By::Sync));
        Ok(Self {
            by,
            sort: sort_column(by, matches.get_one::<String>(name::SORT))?,
            top,
            format,
            filter: selection::filter(matches)?,
            min_wait_ns: selection::min_wait_ns(matches)?,
            has_histogram,
            root: selection::root(matches),
            measure: selection::measure(matches)
                .or(usual_measure)
                .ok_or("there is nothing to weigh by")?,
        })
    }

    /// What is printed.
    pub(super) fn render(&self, files: &[Loaded]) -> String {
        let stacks = || Stacks::new(files, self.root, &self.filter);
        match self.format {
            Format::Folded => return folded::render(stacks(), self.measure),
            Format::Speedscope => return speedscope::render(stacks(), self.measure),
            _ => {}
        }
        let mut analysis = self.analyse(files);
        let left_out = analysis.leave_out(self.min_wait_ns);
        let findings = Findings::selected(files, self.by, &self.filter);
        let summary = Summary {
            analysis: &analysis,
            findings: &findings,
            by: self.by,
            sort: self.sort,
            top: self.top,
            profiles: files.len(),
            width: output::width(),
            filter: &self.filter,
            left_out: (left_out, self.min_wait_ns),
            has_histogram: self.has_histogram,
        };
        let rows = analysis.sorted(self.sort, self.top);
        match self.format {
            Format::Json => json::render(&summary, files, &rows),
            Format::Csv => csv::render(&columns::of(self.by), &rows, &analysis.total_row()),
            Format::Dot => dot::render(&rows, analysis.rows.len()),
            Format::Markdown => markdown::render(&summary),
            _ => summary.render(),
        }
    }

    fn analyse(&self, files: &[Loaded]) -> Analysis {
        if self.by == By::Kind {
            return analyse::by_kind(files, &self.filter);
        }
        let profiles = files.iter().map(|file| match self.by {
            By::Sync => &file.sync,
            _ => &file.profile,
        });
        if self.by == By::Name {
            return analyse::by_name(profiles, &self.filter);
        }
        analyse::selected(profiles, self.by, &self.filter)
    }
}

/// What rows are about: in a graph, always who waits for whom.
fn by(word: Option<&str>, format: Format) -> Result<By, String> {
    let by = word.and_then(|word| {
        let mut all = columns::ALL.iter();
        all.find(|by| columns::by_name(**by) == word).copied()
    });
    match (by, format) {
        (None, Format::Dot) => Ok(By::Edge),
        (Some(By::Edge | By::Sync), Format::Dot) => Ok(by.unwrap_or(By::Edge)),
        (Some(by), Format::Dot) => Err(format!(
            "--by {}: a graph is --by edge or --by sync",
            columns::by_name(by)
        )),
        (by, _) => Ok(by.unwrap_or(By::Lock)),
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
