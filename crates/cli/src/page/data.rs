//! What the page shows, as one JSON document: the tables of the report, and below them the
//! rows of the profiles, from which the page makes its pictures.

use serde_json::{Value, json};

use super::Page;
use super::document::Json;
use super::rows::Rows;
use super::tables::{Table, VIEWS};
use crate::analyse::{By, Whole};
use crate::columns;
use crate::load::Loaded;
use crate::render::summary::Findings;

/// The document, as it may stand in a page.
pub(super) fn text(page: &Page) -> String {
    let tables: Vec<Table> = VIEWS.map(|by| Table::new(page.files, by)).into();
    let rows = Rows::new(page.files, &tables).json();
    let whole = tables.first().map(|table| table.whole).unwrap_or_default();
    let names = VIEWS.map(columns::by_name);
    let tables = tables.into_iter().map(Table::into_json);
    Json::object([
        ("about", Json::of(&about(page, &whole))),
        ("tables", Json::object(names.into_iter().zip(tables))),
        ("rows", rows),
    ])
    .into_script()
}

/// What is known about the profiles as a whole.
fn about(page: &Page, whole: &Whole) -> Value {
    let findings = Findings::new(page.files, By::Lock);
    let remarks = &findings.remarks;
    let mut warnings = page.problems.to_vec();
    warnings.extend(remarks.warnings(whole.threads));
    json!({
        "lockprof": env!("CARGO_PKG_VERSION"),
        "version": page.version,
        "files": page.files.iter().map(file).collect::<Vec<_>>(),
        "wall_ns": whole.wall_ns,
        "threads": whole.threads,
        "threads_ns": whole.threads_ns,
        "wait_ns": whole.wait_ns,
        "is_exact": whole.is_exact,
        "wait_unseen_ns": columns::WAIT_UNSEEN_NS,
        "hold_unseen_ns": columns::HOLD_UNSEEN_NS,
        "hints": findings.hints.iter().map(|hint| hint.text()).collect::<Vec<_>>(),
        "check": remarks.check.map(|check| json!({
            "exact_wait_ns": check.exact_ns,
            "estimated_wait_ns": check.estimated_ns,
        })),
        "warnings": warnings,
    })
}

fn file(file: &Loaded) -> Value {
    json!({
        "path": file.path.to_string_lossy(),
        // Milliseconds are what a browser can count exactly.
        "start_unix_ms": file.profile.start_unix_ns / 1_000_000,
        "duration_ns": file.profile.duration_ns,
        "comments": file.profile.comments,
    })
}
