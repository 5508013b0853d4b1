//! The tables of the page: the same rows, columns and numbers as `lockprof report` has.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::document::Json;
use crate::analyse::{self, By, Key, Row, Whole};
use crate::columns::{self, Cell, Column, Shown};
use crate::load::Loaded;
use crate::render::json as values;

/// The reports that have a table in the page.
pub(super) const VIEWS: [By; 6] = [
    By::Lock,
    By::Site,
    By::Thread,
    By::Edge,
    By::Holder,
    By::Sync,
];

/// One table, and where the rows of profiles belong in it.
pub(super) struct Table {
    /// What its rows are about.
    pub(super) by: By,
    /// What its rows are part of.
    pub(super) whole: Whole,
    json: Json,
    rows: HashMap<Key, usize>,
}

impl Table {
    /// The report about these files.
    pub(super) fn new(files: &[Loaded], by: By) -> Self {
        let profiles = files.iter().map(|file| match by {
            By::Sync => &file.sync,
            _ => &file.profile,
        });
        let analysis = analyse::analyse(profiles, by);
        let columns = columns::of(by);
        let usual = columns::usual_sort(by);
        let sort = columns.iter().find(|column| column.key == usual);
        let rows = sort.map_or_else(Vec::new, |sort| analysis.sorted(sort, None));
        let total = analysis.total_row();
        Self {
            by,
            whole: analysis.whole,
            json: Json::object([
                ("sort", Json::of(&json!(usual))),
                ("columns", Json::of(&heads(&columns, &total))),
                ("rows", cells(&columns, &rows)),
                ("labels", labels(&rows)),
                ("total", Json::of(&sums(&columns, &total))),
            ]),
            rows: rows
                .iter()
                .enumerate()
                .map(|(number, row)| (row.key.clone(), number))
                .collect(),
        }
    }

    /// In which row something is counted; none where in no row.
    pub(super) fn row(&self, key: &Key) -> Option<usize> {
        self.rows.get(key).copied()
    }

    /// It all.
    pub(super) fn into_json(self) -> Json {
        self.json
    }
}

/// Name, title, meaning and unit of each column.
fn heads(columns: &[&Column], total: &Row) -> Value {
    let heads = columns.iter().map(|column| {
        let cell = (column.value)(total);
        json!({
            "key": column.key,
            "raw": column.raw_key(&cell),
            "title": format!("{}\n{}", column.title.0, column.title.1).trim(),
            "help": column.help,
            "type": match cell {
                Cell::Text(_) => "text",
                Cell::Id(_) => "id",
                Cell::Count(_) => "count",
                Cell::Time(_) => "time",
                Cell::Share(_) => "share",
                Cell::Error(_) => "error",
            },
            "shown": match column.shown {
                Shown::Rank(_) => "always",
                Shown::IfAny(_) => "if-any",
                Shown::Never => "never",
            },
        })
    });
    heads.collect()
}

/// The values of each column.
fn cells(columns: &[&Column], rows: &[&Row]) -> Json {
    Json::object(columns.iter().map(|column| {
        let cells = rows.iter().map(|row| values::value((column.value)(row)));
        (column.key, Json::of(&cells.collect()))
    }))
}

/// What a row is called: a lock with its address where its name is not its own.
fn labels(rows: &[&Row]) -> Json {
    let labels = rows.iter().map(|row| match &row.key {
        Key::Lock(lock) | Key::Edge { lock, .. } => lock.shown(row.is_namesake),
        Key::Name(name) | Key::Kind { kind: name, .. } => name.clone(),
        Key::Site(site) => site.to_string(),
        Key::Thread { name, native_id } => match native_id {
            Some(id) if name.is_empty() => id.to_string(),
            Some(id) => format!("{name} ({id})"),
            None => name.clone(),
        },
    });
    let labels: Vec<String> = labels.collect();
    Json::texts(labels.iter().map(String::as_str))
}

/// The values of all rows together.
fn sums(columns: &[&Column], total: &Row) -> Value {
    let pairs = columns.iter().map(|column| {
        let cell = (column.value)(total);
        (column.key.to_owned(), values::value(cell))
    });
    Value::Object(pairs.collect::<Map<_, _>>())
}
