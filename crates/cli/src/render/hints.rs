//! Hints as sentences for people and as objects for programs, from one list of evidence.

use serde_json::{Map, Value};

use super::printable::printable;
use super::{json, units};
use crate::analyse::finding::{Convoy, Finding, LongHolds, Readers, Recursive};
use crate::analyse::hints::{Hint, Place};
use crate::analyse::holders::Meanwhile;
use crate::analyse::totals::millipercent;
use crate::columns::{self, Cell};

impl Hint {
    /// One line about it.
    pub(crate) fn text(&self) -> String {
        printable(&self.finding.told().text(self))
    }

    /// What to try, in one line.
    pub(crate) fn advice(&self) -> String {
        printable(&self.finding.told().advice(self))
    }

    /// Everything about it.
    pub(crate) fn object(&self) -> Value {
        let told = self.finding.told();
        let text = |text: &str| Cell::Text(Some(text.to_owned()));
        let head = [
            ("kind", text(told.kind())),
            ("lock", text(&self.lock.name)),
            ("address", text(&self.lock.address)),
            (
                "site",
                Cell::Text(self.place.as_ref().map(|place| place.site().to_string())),
            ),
            ("text", text(&self.text())),
            ("wait", Cell::Time(Some(self.wait_ns))),
        ];
        let pairs = head.into_iter().chain(told.evidence());
        let pairs = pairs.map(|(key, cell)| (columns::raw_key(key, &cell), json::value(cell)));
        Value::Object(pairs.collect::<Map<_, _>>())
    }

    /// Its lock.
    fn name(&self) -> String {
        self.lock.shown(self.is_namesake)
    }

    /// ` in put`, where that is known.
    fn place(&self) -> String {
        let place = self.place.as_ref();
        place.map_or_else(String::new, |place| format!(" in {}", place.site()))
    }

    /// `; most waited for while held in put`, where that is known, else `; held most in put`.
    fn held(&self) -> String {
        let how = match self.place {
            None => return String::new(),
            Some(Place::WaitedFor(_)) => "most waited for while held",
            Some(Place::HeldMost(_)) => "held most",
        };
        format!("; {how}{}", self.place())
    }
}

/// What a finding says.
trait Told {
    /// The word for what is the matter.
    fn kind(&self) -> &'static str;
    /// What is the matter.
    fn text(&self, hint: &Hint) -> String;
    /// What to try.
    fn advice(&self, hint: &Hint) -> String;
    /// The numbers it rests on.
    fn evidence(&self) -> Vec<(&'static str, Cell)>;
}

impl Finding {
    fn told(&self) -> &dyn Told {
        match self {
            Self::Convoy(convoy) => convoy,
            Self::LongHolds(holds) => holds,
            Self::Readers(readers) => readers,
            Self::Recursive(recursive) => recursive,
        }
    }
}

impl Told for Convoy {
    fn kind(&self) -> &'static str {
        "convoy"
    }

    fn text(&self, hint: &Hint) -> String {
        let queue = self.queue_max.map_or_else(String::new, |queue| {
            let waiters = units::of(queue, "waiter", "waiters");
            format!(", with up to {waiters} at once")
        });
        format!(
            "convoy at {}: waits take {} on average, holds {}, and it is in use {} of the \
             time{queue}{}",
            hint.name(),
            units::time(self.wait_mean_ns),
            units::time(self.hold_mean_ns),
            units::share(self.utilisation_millipercent),
            hint.held(),
        )
    }

    fn advice(&self, hint: &Hint) -> String {
        format!(
            "take {} more rarely{}: batch what is done under it, or split it into several locks",
            hint.name(),
            hint.place(),
        )
    }

    fn evidence(&self) -> Vec<(&'static str, Cell)> {
        vec![
            ("wait-mean", time(self.wait_mean_ns)),
            ("hold-mean", time(self.hold_mean_ns)),
            (
                "utilisation",
                Cell::Share(Some(self.utilisation_millipercent)),
            ),
            ("queue-max", Cell::Count(self.queue_max)),
        ]
    }
}

impl Told for LongHolds {
    fn kind(&self) -> &'static str {
        "long-hold"
    }

    fn text(&self, hint: &Hint) -> String {
        let under = self.under.as_ref().map_or_else(String::new, |function| {
            format!("; {function} is in their stacks")
        });
        let mean_ns = self.long_ns.checked_div(self.holds).unwrap_or(0);
        format!(
            "long holds of {}{}: {} of the time it is held there is in holds of 1 ms and more, \
             about {} of them, the longest {}{under}{}",
            hint.name(),
            hint.place(),
            units::share(millipercent(self.long_ns, self.hold_ns).unwrap_or(0)),
            units::count(self.holds),
            units::time(self.longest_ns),
            self.meanwhile
                .as_ref()
                .map_or_else(String::new, |seen| meanwhile(seen, mean_ns)),
        )
    }

    fn advice(&self, hint: &Hint) -> String {
        let call = self.meanwhile.as_ref().and_then(Meanwhile::main_call);
        match self.under.as_deref().or(call) {
            Some(FUTEX) => format!(
                "wait for no other lock, and for no signal, while {} is held{}",
                hint.name(),
                hint.place()
            ),
            Some(function) => format!(
                "call {function} without holding {}{}",
                hint.name(),
                hint.place()
            ),
            None => format!(
                "do less while {} is held{}: only what others must not see half done",
                hint.name(),
                hint.place()
            ),
        }
    }

    fn evidence(&self) -> Vec<(&'static str, Cell)> {
        vec![
            ("long-holds", count(self.holds)),
            ("long-hold", time(self.long_ns)),
            ("hold", time(self.hold_ns)),
            ("hold-max", time(self.longest_ns)),
            ("under", Cell::Text(self.under.clone())),
            (
                "looks",
                Cell::Count(self.meanwhile.as_ref().map(|of| of.looks)),
            ),
            (
                "asleep",
                Cell::Count(self.meanwhile.as_ref().map(|of| of.asleep)),
            ),
            (
                "asleep-in",
                Cell::Text(
                    self.meanwhile
                        .as_ref()
                        .and_then(|of| of.most.as_ref().map(|(call, _)| call.clone())),
                ),
            ),
        ]
    }
}

/// The call of the system that waits for locks and signals.
const FUTEX: &str = "futex";

/// `; 24 looks at its holder while others waited found it asleep in 23, 22 of them in fsync:
/// 79.8% to 99.3% of that time`
fn meanwhile(of: &Meanwhile, mean_hold_ns: u64) -> String {
    let looks = units::of(of.looks, "look", "looks");
    if !of.is_enough() {
        return format!("; {looks} at its holder: too few to say what it did");
    }
    let call = of.most.as_ref().map_or_else(String::new, |(call, times)| {
        format!(", {} of them in {call}", units::count(*times))
    });
    let (least, most) = of.asleep_range(mean_hold_ns);
    format!(
        "; {looks} at its holder while others waited found it asleep in {}{call}: {} to {} of that \
         time",
        units::count(of.asleep),
        units::share(least),
        units::share(most),
    )
}

impl Told for Readers {
    fn kind(&self) -> &'static str {
        "readers"
    }

    fn text(&self, hint: &Hint) -> String {
        format!(
            "readers of {}: {} of the time it is held is in {} that only read, going by their \
             names; a read-write lock would let them in together{}",
            hint.name(),
            units::share(millipercent(self.reading_ns, self.hold_ns).unwrap_or(0)),
            units::of(self.functions, "function", "functions"),
            hint.held(),
        )
    }

    fn advice(&self, hint: &Hint) -> String {
        format!(
            "make {} a read-write lock, if those who hold it only read",
            hint.name()
        )
    }

    fn evidence(&self) -> Vec<(&'static str, Cell)> {
        vec![
            ("reading", time(self.reading_ns)),
            ("hold", time(self.hold_ns)),
            ("functions", count(self.functions)),
        ]
    }
}

impl Told for Recursive {
    fn kind(&self) -> &'static str {
        "recursive"
    }

    fn text(&self, hint: &Hint) -> String {
        format!(
            "{} is taken again while it is held, in {} of {} acquisitions, and its longest hold \
             of {} is {} times the median{}",
            hint.name(),
            units::count(self.nested),
            units::count(self.acquisitions),
            units::time(self.hold_max_ns),
            units::count(self.hold_max_ns.checked_div(self.hold_p50_ns).unwrap_or(0)),
            hint.held(),
        )
    }

    fn advice(&self, hint: &Hint) -> String {
        format!(
            "find what calls on while it holds {}: a lock that cannot be taken twice would show it",
            hint.name()
        )
    }

    fn evidence(&self) -> Vec<(&'static str, Cell)> {
        vec![
            ("acquisitions", count(self.acquisitions)),
            ("nested", count(self.nested)),
            ("hold-p50", time(self.hold_p50_ns)),
            ("hold-max", time(self.hold_max_ns)),
        ]
    }
}

fn time(ns: u64) -> Cell {
    Cell::Time(Some(ns))
}

fn count(number: u64) -> Cell {
    Cell::Count(Some(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::key::Lock;

    fn hint(looks: u64, asleep: u64) -> Hint {
        let lock = Lock {
            name: "mu".to_owned(),
            kind: "mutex".to_owned(),
            address: "0x10".to_owned(),
        };
        Hint {
            lock,
            is_namesake: false,
            wait_ns: 9_000_000_000,
            place: None,
            finding: Finding::LongHolds(LongHolds {
                holds: 300,
                long_ns: 600_000_000,
                hold_ns: 600_000_000,
                longest_ns: 5_000_000,
                under: None,
                meanwhile: Some(Meanwhile {
                    looks,
                    asleep,
                    most: Some(("fsync".to_owned(), asleep)),
                }),
            }),
        }
    }

    #[test]
    fn what_the_holder_did_is_told_with_how_sure_that_is() {
        let known = hint(24, 23);
        let told = "; 24 looks at its holder while others waited found it asleep in 23, \
                    23 of them in fsync: 79.8% to 99.3% of that time";
        assert!(known.text().ends_with(told), "{}", known.text());
        assert_eq!(known.advice(), "call fsync without holding mu");
        let doubtful = hint(3, 3);
        let told = "; 3 looks at its holder: too few to say what it did";
        assert!(doubtful.text().ends_with(told), "{}", doubtful.text());
        assert!(doubtful.advice().starts_with("do less while mu is held"));
    }
}
