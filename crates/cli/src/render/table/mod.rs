//! Rows as a table for people, cut to the width of the terminal.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use super::printable::printable;
use super::units;
use super::width::{filled, filled_before, shortened, width};
use crate::analyse::Row;
use crate::columns::{Cell, Column, Shown};

/// Between two columns.
const GAP: &str = "  ";
/// No name is cut shorter than this.
const NARROWEST: usize = 16;

/// The rows in the order given. With a width, long names are shortened in the middle,
/// and if that is not enough the least important columns are left out.
pub(crate) fn render(columns: &[&Column], rows: &[&Row], width: Option<usize>) -> String {
    laid_out(self::columns(columns, rows), width)
}

/// Any columns, fitted in the same way.
pub(super) fn laid_out(mut table: Vec<Shaped>, width: Option<usize>) -> String {
    let mut text = String::new();
    let hidden = width.map_or(0, |width| fit(&mut table, width));
    let lines = table.first().map_or(0, |column| column.texts.len());
    for line in 0..lines {
        let cells: Vec<String> = table.iter().map(|column| column.line(line)).collect();
        text.push_str(cells.join(GAP).trim_end());
        text.push('\n');
    }
    if hidden > 0 {
        let _ = writeln!(
            text,
            "({} hidden; --format csv has all)",
            units::of(
                u64::try_from(hidden).unwrap_or(u64::MAX),
                "column",
                "columns"
            )
        );
    }
    text
}

/// What people see of the rows, column by column, and neither cut nor padded.
pub(super) fn columns(columns: &[&Column], rows: &[&Row]) -> Vec<Shaped> {
    let columns = columns.iter();
    columns.filter_map(|column| shaped(column, rows)).collect()
}

/// A column with its texts: two of the title, then one per row.
pub(super) struct Shaped {
    pub(super) texts: Vec<String>,
    pub(super) is_name: bool,
    rank: u8,
    width: usize,
}

/// None for what people do not see.
fn shaped(column: &Column, rows: &[&Row]) -> Option<Shaped> {
    let cells: Vec<Cell> = rows.iter().map(|row| (column.value)(row)).collect();
    let rank = match column.shown {
        Shown::Rank(rank) => rank,
        Shown::IfAny(rank) if cells.iter().any(is_something) => rank,
        Shown::IfAny(_) | Shown::Never => return None,
    };
    let texts = cells.iter().zip(rows);
    let texts = texts.map(|(cell, row)| text(cell, row, column)).collect();
    let is_name = cells.iter().any(|cell| matches!(cell, Cell::Text(_)));
    Some(Shaped::new(column.title, texts, is_name, rank))
}

fn is_something(cell: &Cell) -> bool {
    match cell {
        Cell::Text(text) => text.is_some(),
        Cell::Id(id) => id.is_some(),
        Cell::Count(number) | Cell::Time(number) | Cell::Share(number) => {
            number.is_some_and(|number| number > 0)
        }
        Cell::Error(error) => error.of > 0 && error.half_width != Some(0),
    }
}

fn text(cell: &Cell, row: &Row, column: &Column) -> String {
    let text = match cell {
        Cell::Text(text) => text.clone(),
        Cell::Id(id) => id.map(|id| id.to_string()),
        Cell::Count(count) => count.map(units::count),
        Cell::Time(ns) => ns.map(units::time),
        Cell::Share(share) => share.map(units::share),
        Cell::Error(error) => error
            .half_width
            .and_then(|half_width| units::error(half_width, error.of)),
    };
    let text = text.unwrap_or_else(|| "-".to_owned());
    match row.key.lock().filter(|_| column.key == "lock") {
        Some(lock) => printable(&lock.shown(row.is_namesake)),
        None => printable(&text),
    }
}

impl Shaped {
    /// A column of these rows. The highest ranks go first where there is no room, 0 never.
    pub(super) fn new(title: (&str, &str), rows: Vec<String>, is_name: bool, rank: u8) -> Self {
        let mut texts = vec![title.0.to_owned(), title.1.to_owned()];
        texts.extend(rows);
        Self {
            is_name,
            rank,
            width: texts.iter().map(|text| width(text)).max().unwrap_or(0),
            texts,
        }
    }

    fn line(&self, line: usize) -> String {
        let text = self.texts.get(line).map_or("", String::as_str);
        if self.is_name {
            filled(&shortened(text, self.width), self.width)
        } else {
            filled_before(text, self.width)
        }
    }

    /// How narrow it can be made.
    fn narrowest(&self) -> usize {
        if self.is_name {
            self.width.min(NARROWEST)
        } else {
            self.width
        }
    }
}

/// Makes a table fit and returns how many columns it lost for it.
fn fit(table: &mut Vec<Shaped>, width: usize) -> usize {
    let all = table.len();
    while total(table, Shaped::narrowest) > width {
        let last = table
            .iter()
            .enumerate()
            .max_by_key(|(_, column)| column.rank)
            .filter(|(_, column)| column.rank > 0)
            .map(|(at, _)| at);
        match last {
            Some(at) => drop(table.remove(at)),
            None => break,
        }
    }
    while total(table, |column| column.width) > width {
        let widest = table
            .iter_mut()
            .filter(|column| column.narrowest() < column.width)
            .max_by_key(|column| column.width);
        match widest {
            Some(column) => column.width -= 1,
            None => break,
        }
    }
    all - table.len()
}

fn total(table: &[Shaped], width: impl Fn(&Shaped) -> usize) -> usize {
    let gaps = GAP.len() * table.len().saturating_sub(1);
    table.iter().map(width).sum::<usize>() + gaps
}
