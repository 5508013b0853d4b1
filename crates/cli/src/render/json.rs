//! Rows as JSON, for programs. Stable: keys are added, never renamed or removed,
//! without a new number in `schema`. docs/report-json.md says the same, with all columns.
//!
//! ```json
//! {
//!   "schema": "lockprof-report/1",
//!   "by": "lock",
//!   "sort": "wait",
//!   "filters": {},
//!   "min_wait_ns": 0,
//!   "wall_ns": 10000000000,
//!   "threads": 1,
//!   "files": [{"path": "…", "start_unix_ns": 0, "duration_ns": 0, "comments": ["…"]}],
//!   "rows_left_out": 0,
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

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::printable::of_json;
use super::summary::Summary;
use crate::analyse::Row;
use crate::analyse::buckets::Buckets;
use crate::analyse::hints::Hint;
use crate::columns::{self, Cell, Column};
use crate::load::Loaded;

/// Changes when a key is renamed or removed.
pub(crate) const SCHEMA: &str = "lockprof-report/1";

/// The report as one JSON document.
pub(crate) fn render(summary: &Summary, files: &[Loaded], rows: &[&Row]) -> String {
    let (analysis, findings) = (summary.analysis, summary.findings);
    let columns = columns::of(summary.by);
    let total = analysis.total_row();
    let numbers: Vec<&Column> = columns
        .iter()
        .copied()
        .filter(|column| is_number(&(column.value)(&total)))
        .collect();
    let row = |row: &&Row| {
        let mut object = object(&columns, row);
        if summary.has_histogram {
            object.extend(histograms(row));
        }
        Value::Object(object)
    };
    let document = json!({
        "schema": SCHEMA,
        "by": columns::by_name(summary.by),
        "sort": summary.sort.key,
        "filters": summary.filter.parts().into_iter().collect::<BTreeMap<_, _>>(),
        "min_wait_ns": summary.left_out.1,
        "wall_ns": analysis.whole.wall_ns,
        "threads": analysis.whole.threads,
        "files": files.iter().map(file).collect::<Vec<_>>(),
        "rows_left_out": summary.left_out.0,
        "rows_total": analysis.rows.len(),
        "rows": rows.iter().map(row).collect::<Vec<_>>(),
        "total": object(&numbers, &total),
        "hints": findings.hints.iter().map(Hint::object).collect::<Vec<_>>(),
        "check": findings.remarks.check.map(|check| json!({
            "exact_wait_ns": check.exact_ns,
            "estimated_wait_ns": check.estimated_ns,
        })),
        "warnings": findings.remarks.warnings(analysis.whole.threads),
    });
    format!("{}\n", of_json(&format!("{document:#}")))
}

fn file(file: &Loaded) -> Value {
    json!({
        "path": file.path.to_string_lossy(),
        "start_unix_ns": file.profile.start_unix_ns,
        "duration_ns": file.profile.duration_ns,
        "comments": file.profile.comments,
    })
}

fn object(columns: &[&Column], row: &Row) -> Map<String, Value> {
    let pairs = columns.iter().map(|column| {
        let cell = (column.value)(row);
        (column.raw_key(&cell), value(cell))
    });
    pairs.collect()
}

/// The waits and holds of a row, by length.
fn histograms(row: &Row) -> [(String, Value); 2] {
    let by_length = |buckets: &Buckets| {
        let buckets = buckets.iter().map(|(from_ns, bucket)| {
            json!({"from_ns": from_ns, "events": bucket.events, "time_ns": bucket.time_ns})
        });
        Value::Array(buckets.collect())
    };
    [
        (
            "wait_histogram".to_owned(),
            by_length(row.totals.waits_by_length()),
        ),
        (
            "hold_histogram".to_owned(),
            by_length(row.totals.holds_by_length()),
        ),
    ]
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
