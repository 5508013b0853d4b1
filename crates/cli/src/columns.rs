//! The table of all columns of a report: key, title, formula. Sorting, tables,
//! JSON, CSV and the help are made from it.

use std::cmp::Ordering;
use std::fmt::Write as _;

use crate::analyse::{By, Key, Row};

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// A name; none where there is none.
    Text(Option<String>),
    /// A number that only tells things apart.
    Id(Option<i64>),
    /// How many.
    Count(u64),
    /// How long, nanoseconds.
    Time(Option<u64>),
    /// Thousandths of a per cent.
    Share(Option<u64>),
}

/// When tables for people show a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Always; where the terminal is narrow, the highest ranks go first, 0 never.
    Rank(u8),
    /// The same, but only if some row has a value other than 0.
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

const ALL: &[By] = &[By::Lock, By::Site, By::Thread];
const LOCK: &[By] = &[By::Lock];
const SITE: &[By] = &[By::Site];
const THREAD: &[By] = &[By::Thread];
const NOT_SITE: &[By] = &[By::Lock, By::Thread];

/// Columns of the help: the longest key, and the text beside it.
const KEY_WIDTH: usize = 14;
const HELP_WIDTH: usize = 62;

/// Shortens the rows of the table below.
const fn column(
    key: &'static str,
    title: (&'static str, &'static str),
    views: &'static [By],
    shown: Shown,
    value: fn(&Row) -> Cell,
    help: &'static str,
) -> Column {
    Column {
        key,
        title,
        help,
        views,
        shown,
        value,
    }
}

/// All columns, in the order in which they stand.
#[rustfmt::skip]
pub(crate) static COLUMNS: &[Column] = &[
    column("lock", ("", "lock"), LOCK, Shown::Rank(0), |row| text(lock_of(&row.key).map(|lock| lock.0)),
        "name of the lock; in a table with its address where several have the same name"),
    column("kind", ("", "kind"), LOCK, Shown::Rank(6), |row| text(lock_of(&row.key).map(|lock| lock.1)),
        "kind of the lock"),
    column("address", ("", "address"), LOCK, Shown::Never, |row| text(lock_of(&row.key).map(|lock| lock.2)),
        "address of the lock"),
    column("site", ("", "site"), SITE, Shown::Rank(0), |row| match &row.key {
            Key::Site(site) => Cell::Text(Some(site.to_string())),
            _ => Cell::Text(None),
        },
        "first function of the stack that is not merely a wrapper of a lock call, with file and line when known"),
    column("function", ("", "function"), SITE, Shown::Never, |row| match &row.key {
            Key::Site(site) => text(Some(&site.function)),
            _ => Cell::Text(None),
        },
        "its name alone"),
    column("file", ("", "file"), SITE, Shown::Never, |row| match &row.key {
            Key::Site(site) => text(Some(&site.file)),
            _ => Cell::Text(None),
        },
        "its whole file name"),
    column("line", ("", "line"), SITE, Shown::Never, |row| match &row.key {
            Key::Site(site) => Cell::Id(Some(site.line).filter(|line| *line != 0)),
            _ => Cell::Id(None),
        },
        "its line"),
    column("thread", ("", "thread"), THREAD, Shown::Rank(0), |row| match &row.key {
            Key::Thread { name, .. } => text(Some(name)),
            _ => Cell::Text(None),
        },
        "name of the thread"),
    column("native-id", ("native", "id"), THREAD, Shown::Rank(6), |row| match &row.key {
            Key::Thread { native_id, .. } => Cell::Id(*native_id),
            _ => Cell::Id(None),
        },
        "the kernel's id of the thread"),
    column("acquisitions", ("", "acquired"), ALL, Shown::Rank(0), |row| Cell::Count(row.totals.acquisitions),
        "successful takings, nested ones of recursive mutexes included"),
    column("contended", ("", "contended"), ALL, Shown::Rank(2), |row| Cell::Share(row.totals.contended_millipercent()),
        "waits / acquisitions (both are estimates; where there are more waits than acquisitions, 100 %)"),
    column("waits", ("", "waits"), ALL, Shown::Rank(0), |row| Cell::Count(row.totals.waits),
        "acquisitions that had to wait"),
    column("failed", ("", "failed"), ALL, Shown::IfAny(1), |row| Cell::Count(row.totals.failed),
        "attempts that did not get the lock; part of neither acquisitions nor waits"),
    column("wait", ("wait", "total"), ALL, Shown::Rank(0), |row| Cell::Time(Some(row.totals.wait_ns())),
        "waiting time, that of failed attempts included"),
    column("wait-mean", ("wait", "mean"), ALL, Shown::Rank(4), |row| Cell::Time(row.totals.wait_mean_ns()),
        "waiting time without that of failed attempts / waits"),
    column("wait-p99", ("wait", "p99"), ALL, Shown::Rank(3), |row| Cell::Time(row.totals.wait_p99_ns()),
        "99 of 100 waits were at most this long: upper end of the power of two that holds the 99th, but at most the longest wait in it"),
    column("wait-max", ("wait", "max"), ALL, Shown::Rank(1), |row| Cell::Time(row.totals.wait_max_ns()),
        "longest wait, without failed attempts"),
    column("failed-wait", ("failed", "wait"), ALL, Shown::Never, |row| Cell::Time(Some(row.totals.failed_wait_ns)),
        "waiting time of failed attempts"),
    column("holds", ("", "holds"), ALL, Shown::Never, |row| Cell::Count(row.totals.holds),
        "releases, nested ones of recursive mutexes not included"),
    column("hold", ("hold", "total"), ALL, Shown::Rank(0), |row| Cell::Time(Some(row.totals.hold_ns)),
        "time from taking to releasing, at the place and in the thread of the release"),
    column("hold-mean", ("hold", "mean"), ALL, Shown::Rank(5), |row| Cell::Time(row.totals.hold_mean_ns()),
        "hold / holds"),
    column("hold-max", ("hold", "max"), ALL, Shown::Rank(3), |row| Cell::Time(row.totals.hold_max_ns()),
        "longest hold"),
    column("utilisation", ("", "in use"), ALL, Shown::Rank(2), |row| Cell::Share(row.totals.utilisation_millipercent(row.wall_ns)),
        "hold / duration of the profiles (the sum over all files)"),
    column("blocked", ("", "blocked"), ALL, Shown::IfAny(5), |row| Cell::Time(Some(row.totals.blocked_ns)),
        "waiting that these holds caused to others"),
    column("top-wait-site", ("most", "waiting"), NOT_SITE, Shown::Rank(7), |row| Cell::Text(row.wait_site.as_ref().map(ToString::to_string)),
        "site with the most waiting time"),
    column("top-hold-site", ("most", "holding"), NOT_SITE, Shown::Rank(8), |row| Cell::Text(row.hold_site.as_ref().map(ToString::to_string)),
        "site with the most hold time"),
    column("top-lock", ("most waited", "for"), SITE, Shown::Rank(7), |row| Cell::Text(row.lock.clone()),
        "lock with the most waiting time, else the most acquisitions"),
];

/// The columns of a report.
pub(crate) fn of(by: By) -> Vec<&'static Column> {
    COLUMNS
        .iter()
        .filter(|column| column.views.contains(&by))
        .collect()
}

impl Column {
    /// Its key in JSON and CSV: with the unit of its values.
    pub(crate) fn raw_key(&self, cell: &Cell) -> String {
        let key = self.key.replace('-', "_");
        match cell {
            Cell::Time(_) => format!("{key}_ns"),
            Cell::Share(_) => format!("{key}_percent"),
            Cell::Text(_) | Cell::Id(_) | Cell::Count(_) => key,
        }
    }

    /// Whether its values are numbers about what happened, which can be summed up.
    pub(crate) fn is_number(&self) -> bool {
        self.views.len() == ALL.len()
    }

    /// The order of rows: names from A to Z, numbers from the largest, what there is
    /// not at the end; of equals, by waiting and then by what they are about.
    pub(crate) fn order(&self, a: &Row, b: &Row) -> Ordering {
        let own = match ((self.value)(a), (self.value)(b)) {
            (Cell::Text(a), Cell::Text(b)) => (a.is_none(), a).cmp(&(b.is_none(), b)),
            (Cell::Id(a), Cell::Id(b)) => (a.is_none(), a).cmp(&(b.is_none(), b)),
            (Cell::Count(a), Cell::Count(b)) => b.cmp(&a),
            (Cell::Time(a), Cell::Time(b)) | (Cell::Share(a), Cell::Share(b)) => b.cmp(&a),
            _ => Ordering::Equal,
        };
        own.then_with(|| b.totals.wait_ns().cmp(&a.totals.wait_ns()))
            .then_with(|| b.totals.acquisitions.cmp(&a.totals.acquisitions))
            .then_with(|| a.key.cmp(&b.key))
    }
}

/// What `lockprof report --help` says about the columns.
pub(crate) fn help() -> String {
    let mut help =
        "Columns, by the keys that --sort takes. In JSON and CSV they have _ for -, and _ns \
                    or\n_percent behind times and shares.\n"
            .to_owned();
    for column in COLUMNS {
        let views: Vec<&str> = column.views.iter().map(|by| by_name(*by)).collect();
        let only = if column.is_number() {
            String::new()
        } else {
            format!(" (by {})", views.join(", "))
        };
        let indent = " ".repeat(KEY_WIDTH + 3);
        let text = wrapped(&format!("{}{only}", column.help), &indent);
        let _ = writeln!(help, "  {:<KEY_WIDTH$} {text}", column.key);
    }
    help
}

/// A text in lines of the help, all but the first behind an indentation.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    let mut left = HELP_WIDTH;
    for word in text.split(' ') {
        let len = word.chars().count() + 1;
        if len > left {
            lines.push('\n');
            lines.push_str(indent);
            left = HELP_WIDTH;
        } else if !lines.is_empty() {
            lines.push(' ');
        }
        left = left.saturating_sub(len);
        lines.push_str(word);
    }
    lines
}

/// Per cent from thousandths of it.
pub(crate) fn percent(millipercent: u64) -> f64 {
    f64::from(u32::try_from(millipercent).unwrap_or(u32::MAX)) / 1_000.0
}

/// The word for a report's rows.
pub(crate) fn by_name(by: By) -> &'static str {
    match by {
        By::Lock => "lock",
        By::Site => "site",
        By::Thread => "thread",
    }
}

/// Name, kind and address.
fn lock_of(key: &Key) -> Option<(&str, &str, &str)> {
    match key {
        Key::Lock {
            name,
            kind,
            address,
        } => Some((name, kind, address)),
        _ => None,
    }
}

fn text(text: Option<&str>) -> Cell {
    Cell::Text(text.filter(|text| !text.is_empty()).map(str::to_owned))
}
