//! Who waits for whom as a graph for Graphviz: from waiters to holders, one edge per lock.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::printable::printable;
use super::units;
use crate::analyse::totals::{increase, millipercent};
use crate::analyse::{Key, Row, key};

/// Widest edge, in points.
const WIDEST: u64 = 8;

/// A place in the code, with what it has to do with waiting.
#[derive(Default)]
struct Node {
    waited_ns: u64,
    caused_ns: u64,
}

/// The graph of these edges, of so many.
pub(crate) fn render(rows: &[&Row], all: usize) -> String {
    let mut nodes: BTreeMap<String, Node> = BTreeMap::new();
    for (waiter, holder, row) in edges(rows) {
        let wait_ns = row.totals.wait_ns();
        increase(&mut nodes.entry(waiter).or_default().waited_ns, wait_ns);
        increase(&mut nodes.entry(holder).or_default().caused_ns, wait_ns);
    }
    let mut text = HEAD.to_owned();
    if rows.len() < all {
        let shown = format!("{} of {all} edges; --top 0 draws all", rows.len());
        let _ = writeln!(text, "  label={}", quoted(&shown));
    }
    for (name, node) in &nodes {
        let _ = writeln!(text, "  {} [{}]", quoted(name), node.attributes(name));
    }
    for (waiter, holder, row) in edges(rows) {
        let _ = writeln!(
            text,
            "  {} -> {} [{}]",
            quoted(&waiter),
            quoted(&holder),
            edge(row)
        );
    }
    text + "}\n"
}

const HEAD: &str = "\
digraph lockprof {
  rankdir=LR
  fontname=\"sans-serif\"
  node [shape=box, style=\"rounded,filled\", fillcolor=\"#f4f4f4\", color=\"#888888\", fontname=\"sans-serif\"]
  edge [color=\"#c0392b\", fontname=\"sans-serif\", fontsize=11]
";

fn edges<'a>(rows: &[&'a Row]) -> impl Iterator<Item = (String, String, &'a Row)> {
    rows.iter().filter_map(|row| match &row.key {
        Key::Edge { waiter, holder, .. } => {
            let holder = match holder.function.as_str() {
                "" => key::UNKNOWN,
                function => function,
            };
            // A function waits in one line and releases in another: with lines, chains
            // would fall apart.
            Some((waiter.function.clone(), holder.to_owned(), *row))
        }
        _ => None,
    })
}

impl Node {
    fn attributes(&self, name: &str) -> String {
        let mut lines = vec![printable(name)];
        if self.waited_ns > 0 {
            lines.push(format!("waited {}", units::time(self.waited_ns)));
        }
        if self.caused_ns > 0 {
            lines.push(format!("caused {}", units::time(self.caused_ns)));
        }
        let label = format!("label={}", quoted(&lines.join("\n")));
        // Nobody stands for those who are not known.
        if name.starts_with('[') {
            format!("{label}, style=\"rounded,dashed\"")
        } else if self.caused_ns > self.waited_ns {
            format!("{label}, fillcolor=\"#fde3df\"")
        } else {
            label
        }
    }
}

fn edge(row: &Row) -> String {
    let wait_ns = row.totals.wait_ns();
    let share = millipercent(wait_ns, row.whole.wait_ns).unwrap_or(0);
    let lock = row.key.lock();
    let name = lock.map_or_else(String::new, |lock| lock.shown(row.is_namesake));
    let waits = units::of(row.totals.waits, "wait", "waits");
    let label = format!("{}\n{waits}, {}", printable(&name), units::time(wait_ns));
    let tenths = (share * WIDEST / 10_000).clamp(5, WIDEST * 10);
    format!(
        "label={}, penwidth={}.{}",
        quoted(&label),
        tenths / 10,
        tenths % 10
    )
}

/// A text as Graphviz reads it back.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            quoted.push_str("\\n");
        }
        let line = printable(line).replace('\\', "\\\\");
        quoted.push_str(&line.replace('"', "\\\""));
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        assert_eq!(quoted("operator<"), "\"operator<\"");
        assert_eq!(quoted("say \"x\\\""), "\"say \\\"x\\\\\\\"\"");
        assert_eq!(quoted("a\nb\u{1b}"), "\"a\\nb\\\\u{1b}\"");
    }
}
