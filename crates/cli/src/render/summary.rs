//! A report for people: what was lost and to whom, the table, and what could be done.

use std::fmt::Write as _;

use super::printable::printable;
use super::{histogram, table, units};
use crate::analyse::filter::Filter;
use crate::analyse::hints::{self, Hint};
use crate::analyse::remarks::{self, Check, Remarks};
use crate::analyse::totals::millipercent;
use crate::analyse::{self, Analysis, By, Key, sync};
use crate::columns::{self, Column};
use crate::load::Loaded;

/// Everything that a report says beside its rows.
pub(crate) struct Findings {
    /// By lock.
    pub(crate) hints: Vec<Hint>,
    /// About the profiles.
    pub(crate) remarks: Remarks,
    /// Where most waiting was caused, and how much.
    first_blamed: Option<(String, u64)>,
    /// Sync waits.
    sync: sync::Sum,
}

impl Findings {
    /// Looks for it.
    pub(crate) fn new(files: &[Loaded], by: By) -> Self {
        Self::selected(files, by, &Filter::default())
    }

    /// Looks for it in what a filter lets through. What profiles say of all their waiting
    /// is then no check of the estimates.
    pub(crate) fn selected(files: &[Loaded], by: By, filter: &Filter) -> Self {
        let mut findings = Self::of_samples(files, by, filter);
        if !filter.is_all() {
            findings.remarks.check = None;
        }
        if !filter.keeps_locks_whole() {
            findings.first_blamed = None;
        }
        findings
    }

    fn of_samples(files: &[Loaded], by: By, filter: &Filter) -> Self {
        let sync = sync::sum(files.iter().map(|file| &file.sync), filter);
        if by == By::Sync {
            let mut remarks = remarks::collect(files.iter().map(|file| &file.sync));
            remarks.check = None;
            return Self {
                hints: Vec::new(),
                remarks,
                first_blamed: None,
                sync,
            };
        }
        let profiles = files.iter().map(|file| &file.profile);
        let by_lock = analyse::selected(profiles.clone(), By::Lock, filter);
        let by_holder = analyse::selected(profiles.clone(), By::Holder, filter);
        let blamed = by_holder.rows.iter().filter_map(|row| match &row.key {
            Key::Site(site) => Some((row.totals.blocked_ns, site)),
            _ => None,
        });
        let first = blamed.max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(a.1)));
        Self {
            hints: hints::find(profiles.clone(), &by_lock, filter),
            remarks: remarks::collect(profiles),
            first_blamed: first
                .filter(|(ns, _)| *ns > 0)
                .map(|(ns, site)| (site.to_string(), ns)),
            sync,
        }
    }

    fn count_of_sync(&self) -> String {
        let purposes = match self.sync.purposes() {
            none if none.is_empty() => none,
            purposes => format!(" ({purposes})"),
        };
        format!(
            "{} of {}{purposes}",
            units::of(self.sync.waits, "sync wait", "sync waits"),
            units::time(self.sync.wait_ns)
        )
    }

    /// What else was waited for, where it was.
    pub(super) fn sync_waits(&self) -> String {
        if self.sync.waits == 0 {
            return String::new();
        }
        format!("besides, {}: report --by sync\n", self.count_of_sync())
    }
}

/// What to show and how.
pub(crate) struct Summary<'a> {
    /// What was found.
    pub(crate) analysis: &'a Analysis,
    /// What was found beside it.
    pub(crate) findings: &'a Findings,
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
    /// Which samples count.
    pub(crate) filter: &'a Filter,
    /// How many rows were left out, since they have less waiting than this.
    pub(crate) left_out: (usize, u64),
    /// Whether the lengths of waits and holds are shown.
    pub(crate) has_histogram: bool,
}

impl Summary<'_> {
    /// The whole text.
    pub(crate) fn render(&self) -> String {
        let mut text = self.head();
        let rows = self.analysis.sorted(self.sort, self.top);
        if rows.is_empty() {
            return text;
        }
        text.push('\n');
        text.push_str(&table::render(&columns::of(self.by), &rows, self.width));
        text.push_str(&self.more(rows.len()).unwrap_or_default());
        if self.has_histogram {
            text.push_str(&histogram::render(&rows, self.width));
        }
        if !self.findings.hints.is_empty() {
            text.push('\n');
        }
        for hint in &self.findings.hints {
            let _ = writeln!(text, "hint: {}", hint.text());
        }
        text
    }

    /// `… and 3 more`
    pub(super) fn more(&self, shown: usize) -> Option<String> {
        let more = self.analysis.rows.len().saturating_sub(shown);
        (more > 0).then(|| format!("… and {more} more\n"))
    }

    /// What stands above the table.
    pub(super) fn head(&self) -> String {
        let remarks = &self.findings.remarks;
        let mut text = self.headline();
        text.push_str(&only(self.filter, ("row", "rows"), self.left_out));
        if self.by != By::Sync {
            text.push_str(&self.loss().unwrap_or_default());
            text.push_str(&self.findings.sync_waits());
        }
        text.push_str(&self.check().unwrap_or_default());
        for line in remarks.left_out() {
            let _ = writeln!(text, "{line}");
        }
        for warning in remarks.warnings(self.analysis.whole.threads) {
            let _ = writeln!(text, "warning: {warning}");
        }
        text
    }

    /// `10.0 s in 2 profiles: 12,345 acquisitions, 678 waits, 1.20 s of waiting`
    fn headline(&self) -> String {
        let total = &self.analysis.total;
        if self.by == By::Sync {
            return self.headline_of_sync();
        }
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

    /// `10.0 s in 2 profiles: 12 sync waits of 1.20 s`
    fn headline_of_sync(&self) -> String {
        let profiles = u64::try_from(self.profiles).unwrap_or(u64::MAX);
        format!(
            "{} in {}: {}\n",
            units::time(self.analysis.whole.wall_ns),
            units::of(profiles, "profile", "profiles"),
            self.findings.count_of_sync(),
        )
    }

    /// `6 threads waited for locks 21.6% of their time; 54.0% of that was caused in flush`
    fn loss(&self) -> Option<String> {
        let whole = &self.analysis.whole;
        let share = millipercent(whole.wait_ns, whole.threads_ns)?;
        let mut text = format!(
            "{} waited for locks {} of {} time",
            units::of(whole.threads, "thread", "threads"),
            units::share(share),
            if whole.threads == 1 { "its" } else { "their" },
        );
        if let Some((site, blocked_ns)) = &self.findings.first_blamed
            && let Some(share) = millipercent(*blocked_ns, whole.wait_ns)
        {
            let share = units::share(share);
            let _ = write!(text, "; {share} of that was caused in {}", printable(site));
        }
        text.push('\n');
        Some(text)
    }

    /// `check: 1.18 s estimated of 1.20 s waited, -1.6%; chance explains ±2.0%`
    fn check(&self) -> Option<String> {
        let Check {
            exact_ns,
            estimated_ns,
        } = self.findings.remarks.check?;
        let share = millipercent(estimated_ns.abs_diff(exact_ns), exact_ns)?;
        let sign = match estimated_ns.cmp(&exact_ns) {
            std::cmp::Ordering::Less => "-",
            std::cmp::Ordering::Equal => "",
            std::cmp::Ordering::Greater => "+",
        };
        let total = &self.analysis.total;
        let error = total.errors.wait_ns.of_lengths().filter(|half| *half > 0);
        let error = error.and_then(|half| units::error(half, total.wait_ns()));
        Some(format!(
            "check: {} estimated of {} waited, {sign}{}{}\n",
            units::time(estimated_ns),
            units::time(exact_ns),
            units::share(share),
            error.map_or_else(String::new, |error| format!("; chance explains {error}")),
        ))
    }
}

/// `only --lock cache; 3 rows with less than 1.00 ms of waiting left out`, or nothing.
pub(crate) fn only(
    filter: &Filter,
    (one, many): (&str, &str),
    (number, below_ns): (usize, u64),
) -> String {
    let mut said = Vec::new();
    if !filter.is_all() {
        said.push(format!("only {}", filter.shown()));
    }
    if number > 0 {
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        said.push(format!(
            "{} with less than {} of waiting left out",
            units::of(number, one, many),
            units::time(below_ns)
        ));
    }
    if said.is_empty() {
        return String::new();
    }
    format!("{}\n", printable(&said.join("; ")))
}
