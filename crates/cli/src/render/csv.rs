//! Rows as CSV (RFC 4180 with bare newlines), for spreadsheets: a header, raw numbers,
//! and nothing where nothing is known.
//!
//! A spreadsheet runs a cell that begins as a formula, whatever quotes are around it. A name that
//! begins so gets an apostrophe before it, which spreadsheets take for the mark of a text.

use super::printable::printable;
use crate::analyse::Row;
use crate::columns::{self, Cell, Column};

/// What a formula begins with.
const FORMULA: [char; 4] = ['=', '+', '-', '@'];

/// The rows in the order given, every column.
pub(crate) fn render(columns: &[&Column], rows: &[&Row], like: &Row) -> String {
    let header: Vec<String> = columns
        .iter()
        .map(|column| column.raw_key(&(column.value)(like)))
        .collect();
    let mut text = line(&header);
    for row in rows {
        let cells: Vec<String> = columns
            .iter()
            .map(|column| raw((column.value)(row)))
            .collect();
        text.push_str(&line(&cells));
    }
    text
}

/// One line of these cells.
pub(super) fn line(cells: &[String]) -> String {
    let quoted: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    format!("{}\n", quoted.join(","))
}

/// A text from a program as a cell: nothing acts in it, on a terminal or in a spreadsheet.
pub(super) fn harmless(text: &str) -> String {
    let text = printable(text);
    if text.starts_with(FORMULA) {
        format!("'{text}")
    } else {
        text
    }
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

fn raw(cell: Cell) -> String {
    match cell {
        Cell::Text(text) => text.map(|text| harmless(&text)).unwrap_or_default(),
        Cell::Id(id) => id.map(|id| id.to_string()).unwrap_or_default(),
        Cell::Count(number) | Cell::Time(number) => {
            number.map(|number| number.to_string()).unwrap_or_default()
        }
        Cell::Error(error) => raw(Cell::Count(error.half_width)),
        Cell::Share(share) => share
            .map(|share| columns::percent(share).to_string())
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(quoted("plain name"), "plain name");
        assert_eq!(quoted("f<a, b>"), "\"f<a, b>\"");
        assert_eq!(quoted("say \"x\""), "\"say \"\"x\"\"\"");
        assert_eq!(quoted("a\nb"), "\"a\nb\"");
    }

    #[test]
    fn no_name_is_a_formula_or_acts_on_a_terminal() {
        let cell = |name: &str| quoted(&raw(Cell::Text(Some(name.to_owned()))));
        assert_eq!(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        for name in ["+1", "-[Cache lock]", "@x"] {
            assert_eq!(cell(name), format!("'{name}"));
        }
        assert_eq!(cell("\t=1"), "\\t=1");
        assert_eq!(cell("a\u{202e}b\u{1b}c"), "a\\u{202e}b\\u{1b}c");
        assert_eq!(cell("operator-"), "operator-");
    }

    #[test]
    fn what_is_not_known_is_empty_and_numbers_are_raw() {
        assert_eq!(raw(Cell::Time(None)), "");
        assert_eq!(raw(Cell::Time(Some(1_234_567))), "1234567");
        assert_eq!(raw(Cell::Count(Some(1_234_567))), "1234567");
        assert_eq!(raw(Cell::Share(Some(12_345))), "12.345");
        assert_eq!(raw(Cell::Share(None)), "");
        assert_eq!(raw(Cell::Text(None)), "");
        assert_eq!(raw(Cell::Id(Some(-1))), "-1");
    }
}
