//! What the columns of a report are made of. Sorting, tables, JSON, CSV and the help
//! are made from the table of all columns.

#[cfg(test)]
mod document;
mod help;
mod table;

use std::cmp::Ordering;

use crate::analyse::{By, Row};
pub(crate) use help::help;
pub(crate) use table::{COLUMNS, HOLD_UNSEEN_NS, WAIT_UNSEEN_NS};

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// A name; none where there is none.
    Text(Option<String>),
    /// A number that only tells things apart.
    Id(Option<i64>),
    /// How many.
    Count(Option<u64>),
    /// How long, nanoseconds.
    Time(Option<u64>),
    /// Thousandths of a per cent.
    Share(Option<u64>),
    /// How much another cell may be off.
    Error(Error),
}

/// Half of the interval around an estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Error {
    /// In the unit of the estimate; 0 where it is exact, none where nobody knows.
    pub(crate) half_width: Option<u64>,
    /// The estimate.
    pub(crate) of: u64,
    /// Whether both are nanoseconds.
    pub(crate) is_time: bool,
}

/// When tables for people show a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Always; where the terminal is narrow, the highest ranks go first, 0 never.
    Rank(u8),
    /// The same, but only if some row has something other than 0, or than exact.
    IfAny(u8),
    /// Never: for programs.
    Never,
}

/// One column.
pub(crate) struct Column {
    /// What `--sort` takes, and with a unit behind it the key in JSON and CSV.
    pub(crate) key: &'static str,
    /// Two lines above the table.
    pub(crate) title: (&'static str, &'static str),
    /// What it says, as a formula where it is computed.
    pub(crate) help: &'static str,
    /// In which reports it is.
    pub(crate) views: &'static [By],
    /// When people see it.
    pub(crate) shown: Shown,
    /// Its value in a row.
    pub(crate) value: fn(&Row) -> Cell,
}

/// All reports.
pub(crate) const ALL: &[By] = &[
    By::Lock,
    By::Name,
    By::Site,
    By::Thread,
    By::Edge,
    By::Holder,
    By::Sync,
    By::Kind,
];

/// The columns of a report.
pub(crate) fn of(by: By) -> Vec<&'static Column> {
    COLUMNS
        .iter()
        .filter(|column| column.views.contains(&by))
        .collect()
}

/// The column that decides the order of a report when nothing else is asked for.
pub(crate) fn usual_sort(by: By) -> &'static str {
    match by {
        By::Holder => "blocked",
        By::Lock | By::Name | By::Site | By::Thread | By::Edge | By::Sync | By::Kind => "wait",
    }
}

/// A key as it stands in JSON and CSV: with the unit of its values.
pub(crate) fn raw_key(key: &str, cell: &Cell) -> String {
    let key = key.replace('-', "_");
    match cell {
        Cell::Time(_) => format!("{key}_ns"),
        Cell::Error(error) if error.is_time => format!("{key}_ns"),
        Cell::Share(_) => format!("{key}_percent"),
        Cell::Text(_) | Cell::Id(_) | Cell::Count(_) | Cell::Error(_) => key,
    }
}

impl Column {
    /// Its key in JSON and CSV.
    pub(crate) fn raw_key(&self, cell: &Cell) -> String {
        raw_key(self.key, cell)
    }

    /// The order of rows: names from A to Z, numbers from the largest, what there is
    /// not at the end; of equals, by waiting and then by what they are about.
    pub(crate) fn order(&self, a: &Row, b: &Row) -> Ordering {
        let own = match ((self.value)(a), (self.value)(b)) {
            (Cell::Text(a), Cell::Text(b)) => (a.is_none(), a).cmp(&(b.is_none(), b)),
            (Cell::Id(a), Cell::Id(b)) => (a.is_none(), a).cmp(&(b.is_none(), b)),
            (Cell::Error(a), Cell::Error(b)) => b.half_width.cmp(&a.half_width),
            (Cell::Count(a), Cell::Count(b))
            | (Cell::Time(a), Cell::Time(b))
            | (Cell::Share(a), Cell::Share(b)) => b.cmp(&a),
            _ => Ordering::Equal,
        };
        own.then_with(|| b.totals.wait_ns().cmp(&a.totals.wait_ns()))
            .then_with(|| b.totals.acquisitions.cmp(&a.totals.acquisitions))
            .then_with(|| b.totals.hold_ns.cmp(&a.totals.hold_ns))
            .then_with(|| a.key.cmp(&b.key))
    }
}

/// Per cent from thousandths of it.
pub(crate) fn percent(millipercent: u64) -> f64 {
    f64::from(u32::try_from(millipercent).unwrap_or(u32::MAX)) / 1_000.0
}

/// The word for a report's rows.
pub(crate) fn by_name(by: By) -> &'static str {
    match by {
        By::Lock => "lock",
        By::Name => "name",
        By::Site => "site",
        By::Thread => "thread",
        By::Edge => "edge",
        By::Holder => "holder",
        By::Sync => "sync",
        By::Kind => "kind",
    }
}
