//! What `lockprof report --help` says: every column, and how sure the numbers are.

use std::fmt::Write as _;

use super::{ALL, COLUMNS, Column, by_name};

/// The longest key, and the text beside it.
const KEY_WIDTH: usize = 18;
const HELP_WIDTH: usize = 62;

/// Before the columns.
const BEFORE: &str = "Columns, by the keys that --sort takes. In JSON and CSV they have _ for -, \
                      and _ns or\n_percent behind times and shares.\n";

/// Behind the columns.
const BEHIND: &str = "\
How sure the numbers are: they are estimates from sampled events, and NUMBER ± ERROR is meant to
hold the truth in 95 of 100 profiles. An event kept with probability p stands for w = 1/p events;
n of them add n·w·(w − 1) to the variance of a number, and that times (their mean length)² to the
variance of a time (Horvitz–Thompson). Where w differs, n is (Σw)²/Σw². ERROR is 1.96 standard
deviations, and more where few were kept: 4.6 for n = 1, 2.7 for 10, 2.2 for 100 (upper half of
Garwood's interval of a Poisson number); for times and waits (1 + 3/n) as much, since how much
lengths differ is known from few then. Times have on top what the library's clock may miss: 4 µs of
each wait, 250 ns of each hold.
What a holder caused is a part of the waiting for the lock, and as sure. ERROR is about chance
alone: losses are in the warnings, and nothing can tell of long holds none of which was sampled.
In tables it is in per cent of the number; \"exact\": every event was kept; -: the profile does not
say how many were, or there is nothing to be sure of.

Hints stand below a table where waiting for a lock took at least 1 % of the threads' time, in
more than one wait:
  convoy     the lock is held for 50 % of the time or more, by holds of less than 100 µs on average;
             waits take 10 times that on average, and holds as long as waits a tenth of it at most
  long-hold  at least half of the time the lock is held in the place named is in holds of 1 ms or
             more; and what the holder was seen to do then, ten times a second, while others had
             waited for 1 ms or more: it ran, or slept in a call of the system
  readers    at least 90 % of the time the lock is held is in functions whose names say that they
             only read (get, find, lookup, … and no set, insert, update, …)
  recursive  a recursive mutex is taken again while it is held, and its longest hold is 10
             times the median or more
The place they name is where the lock was held during most of the waiting for it, as by edge; where
nobody knows, it is where the lock is held most.
";

/// The whole text.
pub(crate) fn help() -> String {
    let mut help = BEFORE.to_owned();
    for column in COLUMNS {
        let indent = " ".repeat(KEY_WIDTH + 3);
        let text = wrapped(&format!("{} ({})", column.help, views(column)), &indent);
        let _ = writeln!(help, "  {:<KEY_WIDTH$} {text}", column.key);
    }
    help + "\n" + BEHIND
}

/// In which reports a column is, or in which it is not, whichever are fewer.
pub(super) fn views(column: &Column) -> String {
    let names = |is_in: bool| -> Vec<&str> {
        let views = ALL.iter().filter(|by| column.views.contains(by) == is_in);
        views.map(|by| by_name(*by)).collect()
    };
    let (with, without) = (names(true), names(false));
    if with.len() <= without.len() {
        format!("by {}", with.join(", "))
    } else {
        format!("not by {}", without.join(", "))
    }
}

/// A text in lines of the help, all but the first behind an indentation.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    let mut left = HELP_WIDTH;
    for word in text.split(' ') {
        let len = word.chars().count() + 1;
        if len > left {
            lines.push('\n');
            lines.push_str(indent);
            left = HELP_WIDTH;
        } else if !lines.is_empty() {
            lines.push(' ');
        }
        left = left.saturating_sub(len);
        lines.push_str(word);
    }
    lines
}
