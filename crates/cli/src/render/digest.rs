//! What `lockprof run` ends with: how much was lost, to which locks, who held them, what next.

use super::paint::{Line, Look, Paper};
use super::printable::printable;
use super::summary::Findings;
use super::units;
use super::width::shortened;
use crate::analyse::totals::millipercent;
use crate::analyse::{self, Analysis, By, Row};
use crate::columns;
use crate::load::Loaded;

/// How many locks are shown.
const LOCKS: usize = 3;
/// No name is longer.
const LONGEST_NAME: usize = 40;
/// From this share of all threads' time on it is a loss, in thousandths of a per cent.
const LOSS: u64 = 1_000;

/// The whole text, for profiles of one run.
pub(crate) fn render(files: &[Loaded], paper: Paper) -> String {
    let profiles = files.iter().map(|file| &file.profile);
    let digest = Digest {
        by_lock: analyse::analyse(profiles, By::Lock),
        findings: Findings::new(files, By::Lock),
        files,
        paper,
    };
    digest.text()
}

struct Digest<'a> {
    by_lock: Analysis,
    findings: Findings,
    files: &'a [Loaded],
    paper: Paper,
}

impl Digest<'_> {
    fn text(&self) -> String {
        let mut text = self.paper.line(&self.headline());
        text.push_str(&self.sync_waits());
        for warning in self.findings.remarks.warnings(self.by_lock.whole.threads) {
            text.push_str(&self.lines("warning:", &warning));
        }
        let rows = self.costly();
        if !rows.is_empty() {
            text.push('\n');
        }
        for (at, row) in rows.iter().enumerate() {
            for line in [self.cost(at + 1, row), self.holder(row)] {
                text.push_str(&self.paper.line(&line));
            }
        }
        text.push_str(&self.rest(rows.len()));
        text.push('\n');
        text.push_str(&self.next());
        text
    }

    /// `lockprof: in 3.01 s, 6 threads lost 37.4% of their time to locks: 6.75 s (±0.3%)`
    fn headline(&self) -> Line {
        let whole = &self.by_lock.whole;
        let share = millipercent(whole.wait_ns, whole.threads_ns).unwrap_or(0);
        let total = &self.by_lock.total;
        let error = total.errors.wait_ns.of_lengths();
        let error = error.and_then(|half| units::error(half, total.wait_ns()));
        let error = error.map_or_else(String::new, |error| format!(" ({error})"));
        let look = if share >= LOSS {
            Look::Loss
        } else {
            Look::Good
        };
        let its = if whole.threads == 1 { "its" } else { "their" };
        vec![
            (
                Look::Plain,
                format!(
                    "lockprof: in {}{}, {} lost ",
                    units::time(whole.wall_ns),
                    self.processes(),
                    units::of(whole.threads, "thread", "threads"),
                ),
            ),
            (look, units::share(share)),
            (
                Look::Plain,
                format!(
                    " of {its} time to locks: {}{error}",
                    units::time(total.wait_ns()),
                ),
            ),
        ]
    }

    /// ` of 3 processes`
    fn processes(&self) -> String {
        match u64::try_from(self.files.len()).unwrap_or(u64::MAX) {
            0 | 1 => String::new(),
            many => format!(" of {}", units::of(many, "process", "processes")),
        }
    }

    fn sync_waits(&self) -> String {
        let sync = self.findings.sync_waits();
        if sync.is_empty() {
            return sync;
        }
        self.lines("", sync.trim_end())
    }

    /// The locks that cost most.
    fn costly(&self) -> Vec<&Row> {
        let columns = columns::of(By::Lock);
        let wait = columns.iter().find(|column| column.key == "wait");
        let rows = wait.map(|column| self.by_lock.sorted(column, Some(LOCKS)));
        let mut rows = rows.unwrap_or_default();
        rows.retain(|row| row.totals.wait_ns() > 0);
        rows
    }

    /// `  1. cache_mu (mutex)  3.81 s, 21.1% of all time, in 4,147 waits, longest 9.23 ms`
    fn cost(&self, number: usize, row: &Row) -> Line {
        let lock = row.key.lock();
        let name = lock.map_or_else(String::new, |lock| lock.shown(row.is_namesake));
        let kind = lock.map_or("", |lock| lock.kind.as_str());
        let totals = &row.totals;
        let share = millipercent(totals.wait_ns(), row.whole.threads_ns).unwrap_or(0);
        let longest = totals
            .wait_max_ns()
            .map_or_else(String::new, |ns| format!(", longest {}", units::time(ns)));
        vec![
            (Look::Plain, format!("  {number}. ")),
            (Look::Bold, named(&name)),
            (Look::Plain, format!(" ({}): ", printable(kind))),
            (Look::Bold, units::time(totals.wait_ns())),
            (
                Look::Plain,
                format!(
                    ", {} of all time, in {}{longest}",
                    units::share(share),
                    units::of(totals.waits, "wait", "waits"),
                ),
            ),
        ]
    }

    /// `     held in refresh_cache for 98% of that, most by cleaner; waited for in look_up`
    fn holder(&self, row: &Row) -> Line {
        let mut line = vec![(Look::Plain, "     ".to_owned())];
        match &row.culprit {
            Some(culprit) => {
                let share = millipercent(culprit.wait_ns, row.totals.wait_ns()).unwrap_or(0);
                let thread = culprit.thread.as_ref();
                let thread = thread
                    .map_or_else(String::new, |thread| format!(", most by {}", named(thread)));
                line.push((Look::Plain, "held in ".to_owned()));
                line.push((Look::Bold, named(&culprit.site.function)));
                let share = units::share(share);
                line.push((Look::Plain, format!(" for {share} of that{thread}")));
            }
            None => line.push((Look::Plain, "held nobody knows where".to_owned())),
        }
        if let Some(site) = &row.wait_site {
            line.push((Look::Plain, "; waited for in ".to_owned()));
            line.push((Look::Plain, named(&site.to_string())));
        }
        line
    }

    /// `  4 other locks: 12.0 ms`
    fn rest(&self, shown: usize) -> String {
        let waited = self
            .by_lock
            .rows
            .iter()
            .filter(|row| row.totals.wait_ns() > 0);
        let others = waited.count().saturating_sub(shown);
        if others == 0 {
            return String::new();
        }
        let mut rest_ns = self.by_lock.whole.wait_ns;
        for row in self.costly() {
            rest_ns = rest_ns.saturating_sub(row.totals.wait_ns());
        }
        let others = u64::try_from(others).unwrap_or(u64::MAX);
        let text = format!(
            "  and {}: {}",
            units::of(others, "other lock", "other locks"),
            units::time(rest_ns)
        );
        self.paper.line(&vec![(Look::Quiet, text)])
    }

    /// What to do, and how to learn more.
    fn next(&self) -> String {
        let mut text = String::new();
        match self.findings.hints.as_slice() {
            [] => text.push_str(&self.lines("next:", &self.no_hint())),
            hints => {
                for (at, hint) in hints.iter().take(LOCKS).enumerate() {
                    let first = if at == 0 { "next:" } else { "" };
                    text.push_str(&self.lines(first, &hint.advice()));
                }
            }
        }
        let file = self.files.first().map(|file| file.path.to_string_lossy());
        let file = printable(file.as_deref().unwrap_or("FILE"));
        let dots = if self.files.len() > 1 { " ..." } else { "" };
        for (first, command) in [
            ("more:", "report"),
            ("", "report --by edge"),
            ("", "flamegraph -o waits.svg"),
        ] {
            text.push_str(&format!("{first:<6} lockprof {command} {file}{dots}\n"));
        }
        text
    }

    /// What to try where no pattern is known: the place that others waited for most.
    fn no_hint(&self) -> String {
        let whole = &self.by_lock.whole;
        let share = millipercent(whole.wait_ns, whole.threads_ns).unwrap_or(0);
        if share < LOSS {
            return "look elsewhere: locks are not what this run waits for".to_owned();
        }
        let costly = self.costly();
        let first = costly.first().and_then(|row| {
            let name = row.key.lock()?.shown(row.is_namesake);
            Some((name, row.culprit.as_ref()?.site.to_string()))
        });
        let is_single = costly.first().is_some_and(|row| row.totals.waits == 1);
        match first {
            Some((name, _)) if is_single => format!(
                "{} was waited for only once: perhaps for the end of a thread",
                named(&name)
            ),
            Some((name, site)) => {
                format!("do less while {} is held in {}", named(&name), named(&site))
            }
            None => "look at who waits for whom, and for how long".to_owned(),
        }
    }

    /// A text in as many lines as it needs, with a word before the first.
    fn lines(&self, first: &str, text: &str) -> String {
        let indent = if first.is_empty() || first.len() < 7 {
            7
        } else {
            first.len() + 1
        };
        let indent = if text.starts_with("besides") {
            0
        } else {
            indent
        };
        let lines = self.paper.wrapped(first, text, indent).into_iter();
        lines.map(|line| format!("{}\n", line.trim_end())).collect()
    }
}

/// A name from a program, short enough for a line.
fn named(name: &str) -> String {
    shortened(&printable(name), LONGEST_NAME)
}
