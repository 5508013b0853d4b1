//! A report for people: a headline, the table, and what is not in it.

use std::fmt::Write as _;

use super::{table, units};
use crate::analyse::{Analysis, By};
use crate::columns::{self, Column};

/// What to show and how.
pub(crate) struct Summary<'a> {
    /// What was found.
    pub(crate) analysis: &'a Analysis,
    /// What its rows are about.
    pub(crate) by: By,
    /// What decides their order.
    pub(crate) sort: &'a Column,
    /// How many rows, none for all.
    pub(crate) top: Option<usize>,
    /// How many profiles it is from.
    pub(crate) profiles: usize,
    /// Width of the terminal, if it goes to one.
    pub(crate) width: Option<usize>,
}

impl Summary<'_> {
    /// The whole text.
    pub(crate) fn render(&self) -> String {
        let mut text = self.headline();
        let rows = self.analysis.sorted(self.sort, self.top);
        if rows.is_empty() {
            return text;
        }
        text.push('\n');
        text.push_str(&table::render(&columns::of(self.by), &rows, self.width));
        let more = self.analysis.rows.len() - rows.len();
        if more > 0 {
            let _ = writeln!(text, "… and {more} more");
        }
        text
    }

    /// `10.0 s in 2 profiles: 12,345 acquisitions, 678 waits, 1.20 s of waiting`
    fn headline(&self) -> String {
        let total = &self.analysis.total;
        let profiles = u64::try_from(self.profiles).unwrap_or(u64::MAX);
        format!(
            "{} in {}: {}, {}, {} of waiting\n",
            units::time(self.analysis.whole.wall_ns),
            units::of(profiles, "profile", "profiles"),
            units::of(total.acquisitions, "acquisition", "acquisitions"),
            units::of(total.waits, "wait", "waits"),
            units::time(total.wait_ns()),
        )
    }
}
