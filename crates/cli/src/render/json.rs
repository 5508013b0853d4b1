//! Rows as JSON, for programs. Stable: keys are added, never renamed or removed,
//! without a new `version`.
//!
//! ```json
//! {
//!   "version": 1,
//!   "by": "lock",
//!   "sort": "wait",
//!   "wall_ns": 10000000000,
//!   "threads": 1,
//!   "files": [{"path": "…", "start_unix_ns": 0, "duration_ns": 0, "comments": ["…"]}],
//!   "rows_total": 1,
//!   "rows": [{"lock": "cache_mu", "kind": "mutex", "address": "0x…", "acquisitions": 1, …}],
//!   "total": {"acquisitions": 1, …},
//!   "hints": [{"kind": "convoy", "lock": "cache_mu", "site": "…", "text": "…", …}],
//!   "check": {"exact_wait_ns": 1200, "estimated_wait_ns": 1180},
//!   "warnings": ["…"]
//! }
//! ```
//!
//! `files` are those that could be read, `wall_ns` is the sum of their durations.
//! `rows` are sorted and cut as asked, `rows_total` counts all; `total` is the sum
//! of all rows, without names. Every column of the report is in every row, under
//! its key with `_` for `-` and the unit behind it; what is not known is null. An
//! estimate has half of its 95 % interval beside it, under its name with `_error` and
//! in its unit; 0 is exact. `check` is null where profiles do not count all waits.

use serde_json::{Map, Value, json};

use super::summary::Findings;
use crate::analyse::hints::Hint;
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
    findings: &Findings,
) -> String {
    let columns = columns::of(by);
    let total = analysis.total_row();
    let numbers: Vec<&Column> = columns
        .iter()
        .copied()
        .filter(|column| is_number(&(column.value)(&total)))
        .collect();
    let document = json!({
        "version": VERSION,
        "by": columns::by_name(by),
        "sort": sort,
        "wall_ns": analysis.whole.wall_ns,
        "threads": analysis.whole.threads,
        "files": files.iter().map(file).collect::<Vec<_>>(),
        "rows_total": analysis.rows.len(),
        "rows": rows.iter().map(|row| object(&columns, row)).collect::<Vec<_>>(),
        "total": object(&numbers, &total),
        "hints": findings.hints.iter().map(Hint::object).collect::<Vec<_>>(),
        "check": findings.remarks.check.map(|check| json!({
            "exact_wait_ns": check.exact_ns,
            "estimated_wait_ns": check.estimated_ns,
        })),
        "warnings": findings.remarks.warnings(analysis.whole.threads),
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

/// Whether a cell is about what happened, which can be summed up.
fn is_number(cell: &Cell) -> bool {
    !matches!(cell, Cell::Text(_) | Cell::Id(_))
}

/// A cell, with null for what is not known.
pub(crate) fn value(cell: Cell) -> Value {
    match cell {
        Cell::Text(text) => json!(text),
        Cell::Id(id) => json!(id),
        Cell::Count(number) | Cell::Time(number) => json!(number),
        Cell::Error(error) => json!(error.half_width),
        Cell::Share(share) => json!(share.map(columns::percent)),
    }
}
