//! Rows as JSON, for programs. Stable: keys are added, never renamed or removed,
//! without a new `version`.
//!
//! ```json
//! {
//!   "version": 1,
//!   "by": "lock",
//!   "sort": "wait",
//!   "wall_ns": 10000000000,
//!   "files": [{"path": "…", "start_unix_ns": 0, "duration_ns": 0, "comments": ["…"]}],
//!   "rows_total": 1,
//!   "rows": [{"lock": "cache_mu", "kind": "mutex", "address": "0x…", "acquisitions": 1, …}],
//!   "total": {"acquisitions": 1, …}
//! }
//! ```
//!
//! `files` are those that could be read, `wall_ns` is the sum of their durations.
//! `rows` are sorted and cut as asked, `rows_total` counts all; `total` is the sum
//! of all rows, without names. Every column of the report is in every row, under
//! its key with `_` for `-` and the unit behind it; what is not known is null.

use serde_json::{Map, Value, json};

use crate::analyse::{Analysis, By, Row};
use crate::columns::{self, Cell, Column};
use crate::load::Loaded;

/// Changes when a key is renamed or removed.
const VERSION: u32 = 1;

/// The report as one JSON document.
pub(crate) fn render(
    by: By,
    sort: &str,
    files: &[Loaded],
    rows: &[&Row],
    analysis: &Analysis,
) -> String {
    let columns = columns::of(by);
    let numbers: Vec<&Column> = columns
        .iter()
        .copied()
        .filter(|column| column.is_number())
        .collect();
    let total = analysis.total_row();
    let document = json!({
        "version": VERSION,
        "by": columns::by_name(by),
        "sort": sort,
        "wall_ns": analysis.wall_ns,
        "files": files.iter().map(file).collect::<Vec<_>>(),
        "rows_total": analysis.rows.len(),
        "rows": rows.iter().map(|row| object(&columns, row)).collect::<Vec<_>>(),
        "total": object(&numbers, &total),
    });
    format!("{document:#}\n")
}

fn file(file: &Loaded) -> Value {
    json!({
        "path": file.path.to_string_lossy(),
        "start_unix_ns": file.profile.start_unix_ns,
        "duration_ns": file.profile.duration_ns,
        "comments": file.profile.comments,
    })
}

fn object(columns: &[&Column], row: &Row) -> Value {
    let pairs = columns.iter().map(|column| {
        let cell = (column.value)(row);
        (column.raw_key(&cell), value(cell))
    });
    Value::Object(pairs.collect::<Map<_, _>>())
}

fn value(cell: Cell) -> Value {
    match cell {
        Cell::Text(text) => json!(text),
        Cell::Id(id) => json!(id),
        Cell::Count(count) => json!(count),
        Cell::Time(ns) => json!(ns),
        Cell::Share(share) => json!(share.map(columns::percent)),
    }
}
