//! Hints as sentences for people and as objects for programs, from one list of evidence.

use serde_json::{Map, Value};

use super::table::printable;
use super::{json, units};
use crate::analyse::hints::{Finding, Hint};
use crate::analyse::totals::millipercent;
use crate::columns::{self, Cell};

impl Hint {
    /// The word for what is the matter.
    fn kind(&self) -> &'static str {
        match self.finding {
            Finding::Convoy { .. } => "convoy",
            Finding::LongHold { .. } => "long-hold",
            Finding::Readers { .. } => "readers",
            Finding::Recursive { .. } => "recursive",
        }
    }

    /// One line about it.
    pub(crate) fn text(&self) -> String {
        let name = self.lock.shown(self.is_namesake);
        let site = self.site.as_ref();
        let held = site.map_or_else(String::new, |site| format!("; held most in {site}"));
        let said = match &self.finding {
            Finding::Convoy {
                wait_mean_ns,
                hold_mean_ns,
                utilisation_millipercent,
                queue_max,
            } => format!(
                "convoy at {name}: waits take {} on average, holds {}, and it is in use {} of \
                 the time{}{held}",
                units::time(*wait_mean_ns),
                units::time(*hold_mean_ns),
                units::share(*utilisation_millipercent),
                queue_max.map_or_else(String::new, |queue| {
                    format!(
                        ", with up to {} at once",
                        units::of(queue, "waiter", "waiters")
                    )
                }),
            ),
            Finding::LongHold {
                holds,
                long_ns,
                hold_ns,
                longest_ns,
                under,
            } => format!(
                "long holds of {name}{}: {} of the time it is held is in holds of 1 ms and more, \
                 about {} of them, the longest {}{}",
                site.map_or_else(String::new, |site| format!(" in {site}")),
                units::share(millipercent(*long_ns, *hold_ns).unwrap_or(0)),
                units::count(*holds),
                units::time(*longest_ns),
                under.as_ref().map_or_else(String::new, |function| {
                    format!("; {function} is in their stacks")
                }),
            ),
            Finding::Readers {
                reading_ns,
                hold_ns,
                functions,
            } => format!(
                "readers of {name}: {} of the time it is held is in {} that only read, going by \
                 their names; a read-write lock would let them in together{held}",
                units::share(millipercent(*reading_ns, *hold_ns).unwrap_or(0)),
                units::of(*functions, "function", "functions"),
            ),
            Finding::Recursive {
                acquisitions,
                nested,
                hold_p50_ns,
                hold_max_ns,
            } => format!(
                "{name} is taken again while it is held, in {} of {} acquisitions, and its \
                 longest hold of {} is {} times the median{held}",
                units::count(*nested),
                units::count(*acquisitions),
                units::time(*hold_max_ns),
                units::count(hold_max_ns.checked_div(*hold_p50_ns).unwrap_or(0)),
            ),
        };
        printable(&said)
    }

    /// Everything about it.
    pub(crate) fn object(&self) -> Value {
        let text = |text: &str| Cell::Text(Some(text.to_owned()));
        let head = [
            ("kind", text(self.kind())),
            ("lock", text(&self.lock.name)),
            ("address", text(&self.lock.address)),
            (
                "site",
                Cell::Text(self.site.as_ref().map(ToString::to_string)),
            ),
            ("text", text(&self.text())),
            ("wait", Cell::Time(Some(self.wait_ns))),
        ];
        let pairs = head.into_iter().chain(self.evidence());
        let pairs = pairs.map(|(key, cell)| (columns::raw_key(key, &cell), json::value(cell)));
        Value::Object(pairs.collect::<Map<_, _>>())
    }

    /// The numbers it rests on.
    fn evidence(&self) -> Vec<(&'static str, Cell)> {
        let time = |ns: &u64| Cell::Time(Some(*ns));
        let count = |number: &u64| Cell::Count(Some(*number));
        match &self.finding {
            Finding::Convoy {
                wait_mean_ns,
                hold_mean_ns,
                utilisation_millipercent,
                queue_max,
            } => vec![
                ("wait-mean", time(wait_mean_ns)),
                ("hold-mean", time(hold_mean_ns)),
                ("utilisation", Cell::Share(Some(*utilisation_millipercent))),
                ("queue-max", Cell::Count(*queue_max)),
            ],
            Finding::LongHold {
                holds,
                long_ns,
                hold_ns,
                longest_ns,
                under,
            } => vec![
                ("long-holds", count(holds)),
                ("long-hold", time(long_ns)),
                ("hold", time(hold_ns)),
                ("hold-max", time(longest_ns)),
                ("under", Cell::Text(under.clone())),
            ],
            Finding::Readers {
                reading_ns,
                hold_ns,
                functions,
            } => vec![
                ("reading", time(reading_ns)),
                ("hold", time(hold_ns)),
                ("functions", count(functions)),
            ],
            Finding::Recursive {
                acquisitions,
                nested,
                hold_p50_ns,
                hold_max_ns,
            } => vec![
                ("acquisitions", count(acquisitions)),
                ("nested", count(nested)),
                ("hold-p50", time(hold_p50_ns)),
                ("hold-max", time(hold_max_ns)),
            ],
        }
    }
}
