//! docs/report-json.md: what is in the JSON of a report, from the table of columns.

use std::fmt::Write as _;

use super::help::views;
use super::{COLUMNS, Cell};
use crate::analyse::Analysis;
use crate::render::json::SCHEMA;

/// A key with what its value is and means.
type Key = (&'static str, &'static str, &'static str);

/// The keys of the document, in the order in which they stand.
#[rustfmt::skip]
const KEYS: &[Key] = &[
    ("schema", "text", "the name and the version of this form"),
    ("by", "text", "what a row is about, as `--by` takes it"),
    ("sort", "text", "the column that decides the order, as `--sort` takes it"),
    ("filters", "object", "the filters given, as `--lock`, each with its value; empty without"),
    ("min_wait_ns", "number", "rows with less waiting were left out"),
    ("wall_ns", "number", "time covered: the sum of the durations of all files"),
    ("threads", "number", "distinct threads in the profiles, as far as the filters let them through"),
    ("files", "array", "the files that could be read: `path`, `start_unix_ns`, `duration_ns` and `comments`, an array of texts"),
    ("rows_left_out", "number", "how many rows `--min-wait` left out"),
    ("rows_total", "number", "how many rows there are besides, before `--top` cut them"),
    ("rows", "array", "the rows, each an object with all columns of the report"),
    ("total", "object", "the sum of all rows, those left out too: the columns that are no names"),
    ("hints", "array", "what could be done: `kind`, `lock`, `address`, `site`, `text`, `wait_ns`, and the numbers it rests on; of long holds also `looks` at the holder while others waited for 1 ms and more, in how many it was `asleep`, and the call of the system it was most `asleep_in`"),
    ("check", "object or null", "where profiles count all waits: `exact_wait_ns`, `estimated_wait_ns`"),
    ("warnings", "array", "texts: what was lost and what else to doubt"),
];

const HEAD: &str = "\
<!-- Made from the table of columns (crates/cli/src/columns); a test compares. -->
# The JSON of `lockprof report`

`lockprof report --format json FILE` prints one document. Its keys are stable: new ones may come,
none is renamed or removed without a new number in `schema`. A key that is not known yet is best
ignored. Times are in nanoseconds, shares in per cent, numbers are estimates for the whole program,
and what is not known is null. An estimate has half of its 95 % interval beside it, under its name
with `_error` and in its unit; 0 is exact.

";

const BEHIND: &str = "
With `--histogram` each row has `wait_histogram` and `hold_histogram` too: arrays of objects with
`from_ns` (a power of two; up to the next one, or 0), `events` and `time_ns`, the shortest first.

# The JSON of `lockprof diff`

`schema` is `lockprof-diff/1`. `by` is `lock` or `site`; `per_second` says whether all values are of
one second of each profile; `before` and `after` are objects with `path` and `duration_ns`.
`rows_total` counts the rows before `--top` cut them; each of `rows`, and `total`, has its name
under `lock` or `site`, and for each of `wait`, `waits`, `hold` and `acquisitions`: `…_before`,
`…_after`, `…_change` and `…_change_error` (those of times end in `_ns`), `…_change_percent` (null
from nothing) and `…_change_significant` (null where nobody knows how sure it is). `failed` has one
text for each row that breaks a `--fail-on`.
";

/// The whole document.
fn markdown() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("| key | value | meaning |\n|---|---|---|\n");
    for (key, value, meaning) in KEYS {
        let meaning = meaning.replace("the name and the version of this form", &version());
        let _ = writeln!(text, "| `{key}` | {value} | {meaning} |");
    }
    text.push_str("\n## Columns\n\n| key in a row | value | with | meaning |\n|---|---|---|---|\n");
    let row = Analysis::default().total_row();
    for column in COLUMNS {
        let cell = (column.value)(&row);
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            column.raw_key(&cell),
            kind(&cell),
            views(column),
            column.help.replace('|', "\\|"),
        );
    }
    text + BEHIND
}

fn version() -> String {
    format!("`{SCHEMA}`")
}

fn kind(cell: &Cell) -> &'static str {
    match cell {
        Cell::Text(_) => "text",
        Cell::Id(_) | Cell::Count(_) | Cell::Time(_) | Cell::Share(_) | Cell::Error(_) => "number",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::fs;

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_keys_are_those_of_a_report() {
        let golden = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/data/report-of-hand-made-profile.json"
        );
        let report: Value = serde_json::from_str(&fs::read_to_string(golden).unwrap()).unwrap();
        let of_report: Vec<&String> = report.as_object().unwrap().keys().collect();
        let documented: Vec<&str> = KEYS.iter().map(|(key, ..)| *key).collect();
        assert_eq!(of_report, documented);
    }

    #[test]
    fn the_document_says_what_the_table_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/report-json.md");
        if std::env::var_os("REWRITE_GOLDENS").is_some() {
            fs::write(path, markdown()).unwrap();
        }
        let written = fs::read_to_string(path).unwrap();
        assert!(
            written == markdown(),
            "docs/report-json.md is not what the columns make: REWRITE_GOLDENS=1 writes it anew"
        );
    }
}
