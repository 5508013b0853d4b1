//! What differs between two profiles, row by row, and whether chance explains it.

use std::collections::BTreeMap;

use super::filter::Filter;
use super::totals::value;
use super::weights::float;
use super::{Analysis, By, Key, Row, selected};
use crate::columns::{self, Cell};
use crate::load::Loaded;

/// Something that is compared.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Quantity {
    /// The key of its column, and of that which says how sure it is.
    pub(crate) key: &'static str,
    error_key: &'static str,
    /// Whether it is nanoseconds.
    pub(crate) is_time: bool,
}

const COUNT: usize = 4;

/// All of them.
pub(crate) static QUANTITIES: [Quantity; COUNT] = [
    quantity("wait", "wait-error", true),
    quantity("waits", "waits-error", false),
    quantity("hold", "hold-error", true),
    quantity("acquisitions", "acquisitions-error", false),
];

const fn quantity(key: &'static str, error_key: &'static str, is_time: bool) -> Quantity {
    Quantity {
        key,
        error_key,
        is_time,
    }
}

/// One quantity of one row, twice.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Change {
    pub(crate) before: f64,
    pub(crate) after: f64,
    /// What chance may be in the difference; none where nobody knows.
    pub(crate) error: Option<f64>,
}

/// One lock or site.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) name: String,
    /// In the order of [`QUANTITIES`].
    pub(crate) changes: [Change; COUNT],
}

/// Whether numbers are of the whole profiles or of a second of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Of a second, where the profiles are not of about the same length.
    Auto,
    Whole,
    Second,
}

/// Two profiles.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Diff {
    pub(crate) rows: Vec<Difference>,
    pub(crate) total: Difference,
    pub(crate) is_per_second: bool,
    /// How long they are, nanoseconds.
    pub(crate) durations_ns: [u64; 2],
}

impl Change {
    pub(crate) fn difference(&self) -> f64 {
        self.after - self.before
    }

    /// In per cent; none from nothing.
    pub(crate) fn percent(&self) -> Option<f64> {
        (self.before > 0.0).then(|| 100.0 * self.difference() / self.before)
    }

    /// Whether chance does not explain the difference; none where nobody knows.
    pub(crate) fn is_significant(&self) -> Option<bool> {
        self.error.map(|error| self.difference().abs() > error)
    }
}

impl Difference {
    /// Its change of one quantity.
    pub(crate) fn of(&self, quantity: &Quantity) -> Option<&Change> {
        let mut pairs = QUANTITIES.iter().zip(&self.changes);
        pairs
            .find(|(of, _)| *of == quantity)
            .map(|(_, change)| change)
    }
}

impl Diff {
    /// Compares by lock name or by function: addresses and lines change from run to run
    /// and from build to build.
    pub(crate) fn new(
        [before, after]: [&mut Loaded; 2],
        by: By,
        filter: &Filter,
        scale: Scale,
    ) -> Self {
        let durations_ns = [&*before, &*after].map(|file| value(file.profile.duration_ns));
        let is_per_second = match scale {
            Scale::Auto => {
                let [one, other] = durations_ns;
                one.abs_diff(other) > one.max(other) / 100
            }
            Scale::Whole => false,
            Scale::Second => true,
        };
        let sides = [before, after].map(|file| {
            if by == By::Site {
                forget_lines(file);
            }
            selected([&file.profile], by, filter)
        });
        let seconds = durations_ns.map(|ns| {
            let is_known = is_per_second && ns > 0;
            if is_known { float(ns) / 1e9 } else { 1.0 }
        });
        Self {
            rows: joined(&sides, by, seconds),
            total: Difference {
                name: "all".to_owned(),
                changes: changes(
                    sides
                        .each_ref()
                        .map(Analysis::total_row)
                        .each_ref()
                        .map(Some),
                    by,
                    seconds,
                ),
            },
            is_per_second,
            durations_ns,
        }
    }

    /// Leaves rows out that have less waiting on both sides, and puts those first whose
    /// quantity of this number differs most.
    pub(crate) fn arrange(&mut self, by: usize, min_wait_ns: u64) {
        let least = float(min_wait_ns);
        let of = |row: &Difference, at: usize| row.changes.get(at).copied().unwrap_or_default();
        self.rows.retain(|row| {
            let wait = of(row, 0);
            wait.before.max(wait.after) >= least
        });
        self.rows.sort_by(|a, b| {
            let [one, other] = [a, b].map(|row| of(row, by).difference().abs());
            other.total_cmp(&one).then_with(|| a.name.cmp(&b.name))
        });
    }
}

fn forget_lines(file: &mut Loaded) {
    let locations = file.profile.locations.iter_mut();
    for line in locations.flat_map(|location| &mut location.lines) {
        line.line = 0;
    }
}

fn joined(sides: &[Analysis; 2], by: By, seconds: [f64; 2]) -> Vec<Difference> {
    let mut rows: BTreeMap<String, [Option<&Row>; 2]> = BTreeMap::new();
    let [before, after] = sides;
    for row in &before.rows {
        rows.entry(name(row)).or_default()[0] = Some(row);
    }
    for row in &after.rows {
        rows.entry(name(row)).or_default()[1] = Some(row);
    }
    let rows = rows.into_iter();
    rows.map(|(name, rows)| Difference {
        name,
        changes: changes(rows, by, seconds),
    })
    .collect()
}

fn name(row: &Row) -> String {
    match &row.key {
        Key::Site(site) => site.to_string(),
        key => key.lock_name().unwrap_or_default().to_owned(),
    }
}

fn changes(rows: [Option<&Row>; 2], by: By, seconds: [f64; 2]) -> [Change; COUNT] {
    let columns = columns::of(by);
    QUANTITIES.each_ref().map(|quantity| {
        let cell = |key: &str, row: Option<&Row>| {
            let column = columns.iter().find(|column| column.key == key)?;
            row.map(|row| (column.value)(row))
        };
        let [before, after] = rows.map(|row| number(cell(quantity.key, row)));
        let [error_before, error_after] = rows.map(|row| error(cell(quantity.error_key, row)));
        let [first, second] = seconds;
        let error = error_before.zip(error_after);
        Change {
            before: before / first,
            after: after / second,
            error: error.map(|(a, b)| (a / first).hypot(b / second)),
        }
    })
}

fn number(cell: Option<Cell>) -> f64 {
    match cell {
        Some(Cell::Count(Some(number)) | Cell::Time(Some(number))) => float(number),
        _ => 0.0,
    }
}

/// What is not there is not there for sure: longer waits are all kept, and of what else
/// there was, the other side's error tells.
fn error(cell: Option<Cell>) -> Option<f64> {
    match cell {
        None => Some(0.0),
        Some(Cell::Error(error)) if error.of == 0 => Some(0.0),
        Some(Cell::Error(error)) => error.half_width.map(float),
        Some(_) => None,
    }
}
