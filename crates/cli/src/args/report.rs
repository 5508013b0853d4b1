//! The arguments of `lockprof report`.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, value_parser};

use super::{behind, list, name, selection};
use crate::columns;

/// What it may be given.
pub(super) fn report() -> Command {
    Command::new(name::REPORT)
        .about("Shows what profiles say, by lock, place in the code, thread, or who waits for whom")
        .after_help(behind())
        .after_long_help(format!("{}\n\n{}", columns::help(), behind()))
        .args(choices())
        .args([
            selection::root(),
            Arg::new(name::HISTOGRAM)
                .long(name::HISTOGRAM)
                .action(ArgAction::SetTrue)
                .help("How long the waits and holds of each row are, by powers of two"),
            Arg::new(name::SORT)
                .long(name::SORT)
                .value_name("KEY")
                .help(
                    "Column that decides the order; --help lists the keys \
                     [default: wait, by holder blocked]",
                ),
            Arg::new(name::TOP)
                .long(name::TOP)
                .value_name("N")
                .value_parser(value_parser!(usize))
                .help("How many rows, 0 for all [default: 20 for people, else all]"),
        ])
        .args(list::args())
        .args(selection::filters())
        .arg(selection::min_wait())
        .arg(selection::files())
}

fn behind() -> String {
    behind::text(
        &[
            (
                "lockprof report FILE",
                "the locks that were waited for most",
            ),
            (
                "lockprof report --by edge --lock cache FILE",
                "who waits for whom, for locks with cache in their names",
            ),
            (
                "lockprof report --by site --sort hold --focus handle_request FILE",
                "where requests hold locks",
            ),
            (
                "lockprof report --list look_up --lock cache FILE",
                "source lines of look_up, with what happened to that lock beside them",
            ),
            (
                "lockprof report --histogram --top 1 FILE",
                "how long the waits for the worst lock are",
            ),
            (
                "lockprof report --format dot FILE | dot -Tsvg > graph.svg",
                "who waits for whom as a picture",
            ),
        ],
        behind::OF_READERS,
    )
}

/// The options of `report` that take one of a few words.
fn choices() -> [Arg; 3] {
    let choice = |name: &'static str, value, values: &[&'static str]| {
        Arg::new(name)
            .long(name)
            .value_name(value)
            .value_parser(PossibleValuesParser::new(values))
    };
    let views: Vec<&str> = columns::ALL
        .iter()
        .map(|by| columns::by_name(*by))
        .collect();
    [
        choice(name::BY, "WHAT", &views).help(
            "What one row is about: a lock, all locks of a name, a place in the code, a thread, \
             waiting in one place for a holder in another, a holder and the waiting it caused, \
             waiting that is not for a lock (for a signal, at a barrier, for an initialiser, for \
             the end of a thread, by futex, for a lock on a file), or all locks of a kind \
             [default: lock]",
        ),
        choice(name::FORMAT, "FORMAT", &FORMATS.map(|format| format.word))
            .default_value("table")
            .help("What comes out")
            .long_help(formats()),
        choice(name::VALUE, "VALUE", &selection::measures())
            .help("What stacks count, in flame graphs [default: wait]"),
    ]
}

/// A form of the report.
struct Format {
    word: &'static str,
    help: &'static str,
}

/// All of them.
#[rustfmt::skip]
const FORMATS: [Format; 7] = [
    Format { word: "table", help: "for people, with what to doubt and what to do" },
    Format { word: "json", help: "for programs; docs/report-json.md says what is in it" },
    Format { word: "csv", help: "for spreadsheets: a name that would begin a formula (= + - @) has an apostrophe before it" },
    Format { word: "markdown", help: "the table, for GitHub and the like" },
    Format { word: "folded", help: "stacks, one per line, for flame graph tools" },
    Format { word: "speedscope", help: "stacks by every value, for speedscope" },
    Format { word: "dot", help: "who waits for whom as a graph, for Graphviz" },
];

fn formats() -> String {
    let mut text = "What comes out:".to_owned();
    for Format { word, help } in &FORMATS {
        text.push_str(&format!("\n  {word:<10}  {help}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_of_report_explains_every_column() {
        let help = report().render_long_help().to_string();
        for column in columns::COLUMNS {
            assert!(
                help.contains(&format!("\n  {} ", column.key)),
                "{}",
                column.key
            );
        }
        assert!(help.lines().all(|line| line.chars().count() <= 100));
    }
}
