//! Two profiles side by side, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::printable::{self, printable};
use super::table::{self, Shaped};
use super::{csv, markdown, units};
use crate::analyse::By;
use crate::analyse::diff::{Change, Diff, Difference, QUANTITIES, Quantity};

/// Changes when a key is renamed or removed.
const SCHEMA: &str = "lockprof-diff/1";

/// What to show of a difference.
pub(crate) struct View<'a> {
    pub(crate) diff: &'a Diff,
    pub(crate) by: By,
    /// Which quantity is shown in full.
    pub(crate) first: usize,
    /// How many rows, none for all.
    pub(crate) top: Option<usize>,
    /// Names of the files.
    pub(crate) files: [String; 2],
    /// Width of the terminal, if it goes to one.
    pub(crate) width: Option<usize>,
}

impl View<'_> {
    /// A table for people.
    pub(crate) fn table(&self) -> String {
        let rows = self.rows();
        let mut text: String = self.head().iter().map(|line| format!("{line}\n")).collect();
        if rows.is_empty() {
            return text;
        }
        text.push('\n');
        text.push_str(&table::laid_out(self.columns(rows), self.width));
        text.push_str(&self.more());
        text
    }

    /// The same as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let head = self.head();
        let head = head
            .iter()
            .map(|line| format!("- {}\n", markdown::escaped(line)));
        let mut text: String = head.collect();
        let rows = self.rows();
        if !rows.is_empty() {
            let _ = write!(
                text,
                "\n{}{}",
                markdown::grid(&self.columns(rows)),
                self.more()
            );
        }
        text
    }

    /// For programs; with what conditions are broken.
    pub(crate) fn json(&self, broken: &[String]) -> String {
        let file =
            |path: &String, duration_ns: u64| json!({"path": path, "duration_ns": duration_ns});
        let [before, after] = &self.files;
        let [first_ns, second_ns] = self.diff.durations_ns;
        let rows = self
            .rows()
            .iter()
            .map(|row| Value::Object(self.object(row)));
        let document = json!({
            "schema": SCHEMA,
            "by": self.by(),
            "per_second": self.diff.is_per_second,
            "before": file(before, first_ns),
            "after": file(after, second_ns),
            "rows_total": self.diff.rows.len(),
            "rows": rows.collect::<Vec<_>>(),
            "total": self.object(&self.diff.total),
            "failed": broken,
        });
        format!("{}\n", printable::of_json(&format!("{document:#}")))
    }

    /// For spreadsheets.
    pub(crate) fn csv(&self) -> String {
        let header: Vec<String> = self.object(&self.diff.total).keys().cloned().collect();
        let mut text = csv::line(&header);
        for row in self.rows() {
            let object = self.object(row);
            let cells: Vec<String> = object.values().map(plain).collect();
            text.push_str(&csv::line(&cells));
        }
        text
    }

    fn by(&self) -> &'static str {
        if self.by == By::Site { "site" } else { "lock" }
    }

    fn rows(&self) -> &[Difference] {
        let rows = &self.diff.rows;
        rows.get(..self.top.unwrap_or(usize::MAX)).unwrap_or(rows)
    }

    fn more(&self) -> String {
        match self.diff.rows.len() - self.rows().len() {
            0 => String::new(),
            more => format!("… and {more} more\n"),
        }
    }

    /// How long both are, what the numbers are of, and the sums.
    fn head(&self) -> Vec<String> {
        let [before, after] = self.diff.durations_ns.map(units::time);
        let of = if self.diff.is_per_second {
            "; all numbers are of one second"
        } else {
            ""
        };
        let mut lines = vec![format!("before: {before}, after: {after}{of}")];
        for (quantity, change) in QUANTITIES.iter().zip(&self.diff.total.changes) {
            let error = self.error(quantity, change);
            let verdict = match change.is_significant() {
                Some(false) if change.difference() != 0.0 => ", which chance explains",
                _ => "",
            };
            lines.push(format!(
                "{}: {} to {}, {} ({}, {error}{verdict})",
                quantity.key,
                self.amount(quantity, change.before),
                self.amount(quantity, change.after),
                relative(change),
                self.signed(quantity, change.difference()),
            ));
        }
        lines
    }

    fn columns(&self, rows: &[Difference]) -> Vec<Shaped> {
        let names = rows.iter().map(|row| printable(&row.name)).collect();
        let mut columns = vec![Shaped::new(("", self.by()), names, true, 0)];
        for (at, quantity) in QUANTITIES.iter().enumerate() {
            let changes = rows.iter().filter_map(|row| row.changes.get(at));
            let texts = |of: &dyn Fn(&Change) -> String| changes.clone().map(of).collect();
            let key = quantity.key;
            let number = |title, texts, rank| Shaped::new(title, texts, false, rank);
            if at == self.first {
                let full = [
                    number(
                        (key, "before"),
                        texts(&|c| self.amount(quantity, c.before)),
                        0,
                    ),
                    number(
                        (key, "after"),
                        texts(&|c| self.amount(quantity, c.after)),
                        0,
                    ),
                    number(
                        ("", "change"),
                        texts(&|c| self.signed(quantity, c.difference())),
                        1,
                    ),
                    number(("", "±"), texts(&|c| self.error(quantity, c)), 2),
                    number(("relative", "change"), texts(&relative), 0),
                    number(("", "significant"), texts(&|c| verdict(c).to_owned()), 0),
                ];
                columns.splice(1..1, full);
            } else {
                columns.push(number((key, "change"), texts(&marked), 3));
            }
        }
        columns
    }

    fn error(&self, quantity: &Quantity, change: &Change) -> String {
        match change.error {
            Some(error) if error > 0.0 => format!("±{}", self.amount(quantity, error)),
            Some(_) => "exact".to_owned(),
            None => "-".to_owned(),
        }
    }

    /// A number with its unit.
    pub(crate) fn amount(&self, quantity: &Quantity, amount: f64) -> String {
        let whole = rounded(amount);
        let text = if quantity.is_time {
            units::time(whole)
        } else {
            units::count(whole)
        };
        if self.diff.is_per_second {
            format!("{text}/s")
        } else {
            text
        }
    }

    fn signed(&self, quantity: &Quantity, amount: f64) -> String {
        let sign = match rounded(amount.abs()) {
            0 => "",
            _ if amount < 0.0 => "-",
            _ => "+",
        };
        format!("{sign}{}", self.amount(quantity, amount.abs()))
    }

    fn object(&self, row: &Difference) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert(self.by().to_owned(), json!(row.name));
        for (quantity, change) in QUANTITIES.iter().zip(&row.changes) {
            let unit = if quantity.is_time { "_ns" } else { "" };
            let mut insert = |what: &str, unit: &str, value: Value| {
                object.insert(format!("{}_{what}{unit}", quantity.key), value);
            };
            insert("before", unit, number(change.before));
            insert("after", unit, number(change.after));
            insert("change", unit, number(change.difference()));
            insert(
                "change_error",
                unit,
                change.error.map_or(Value::Null, number),
            );
            insert(
                "change",
                "_percent",
                change.percent().map_or(Value::Null, number),
            );
            insert("change", "_significant", json!(change.is_significant()));
        }
        object
    }
}

/// `+35.0%`; `new` and `gone` where there is nothing to compare with.
pub(crate) fn relative(change: &Change) -> String {
    match change.percent() {
        None if change.after > 0.0 => "new".to_owned(),
        None => "-".to_owned(),
        Some(_) if change.after <= 0.0 => "gone".to_owned(),
        Some(percent) => {
            let share = units::share(rounded(percent.abs() * 1_000.0));
            match percent {
                // Too little to say in which direction.
                _ if share == "0%" || share.starts_with('<') => share,
                percent if percent < 0.0 => format!("-{share}"),
                _ => format!("+{share}"),
            }
        }
    }
}

/// The same, in brackets where chance explains it.
fn marked(change: &Change) -> String {
    let relative = relative(change);
    match change.is_significant() {
        Some(true) => relative,
        _ if relative == "-" || relative == "0%" => relative,
        _ => format!("({relative})"),
    }
}

fn verdict(change: &Change) -> &'static str {
    match change.is_significant() {
        Some(true) => "yes",
        Some(false) => "no",
        None => "-",
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => csv::harmless(text),
        value => value.to_string(),
    }
}

/// To three places: what is behind them is noise of the division by seconds.
fn number(number: f64) -> Value {
    let number = (number * 1_000.0).round() / 1_000.0;
    if number.fract() == 0.0 && number.abs() < 9e15 {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "it is whole and small enough"
        )]
        let whole = number as i64;
        return json!(whole);
    }
    json!(number)
}

fn rounded(amount: f64) -> u64 {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float cast saturates, and this one is positive"
    )]
    let whole = amount.max(0.0).round() as u64;
    whole
}
