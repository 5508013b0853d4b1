//! Source lines with figures beside them, for people.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::printable::printable;
use super::units;
use crate::analyse::listing::{Counted, Figures, Listed};

/// Lines shown around those that have figures.
const CONTEXT: i64 = 3;
/// In place of a 0.
const NOTHING: &str = ".";

/// A function, with the text of its file if that is known.
pub(crate) fn render(listed: &Listed, source: Option<&[String]>) -> String {
    let mut text = match listed.file.as_str() {
        "" => format!("{}\n", printable(&listed.name)),
        file => format!("{} in {}\n", printable(&listed.name), printable(file)),
    };
    let _ = writeln!(text, "{:^30}   {:>24}", "in the line", "with what it calls");
    let titles = format!("{:>9} {:>9} {:>10}", "wait", "hold", "acquired");
    let _ = writeln!(text, "{titles}   {titles}    line");
    let _ = writeln!(text, "{}     all", figures(&listed.total));
    let mut last = None;
    for line in shown(listed, source) {
        if last.is_some_and(|last| line > last + 1) {
            let _ = writeln!(text, "{:>68}", "…");
        }
        last = Some(line);
        let counted = listed.lines.get(&line).copied().unwrap_or_default();
        let number = if line == 0 {
            "?".to_owned()
        } else {
            line.to_string()
        };
        let code = source
            .zip(usize::try_from(line - 1).ok())
            .and_then(|(source, index)| source.get(index))
            .map_or(String::new(), |code| printable(&code.replace('\t', "    ")));
        let row = format!("{} {number:>7}  {code}", figures(&counted));
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}

/// The lines with figures, what stands around them, and where the function begins.
fn shown(listed: &Listed, source: Option<&[String]>) -> BTreeSet<i64> {
    let mut shown: BTreeSet<i64> = listed.lines.keys().copied().collect();
    let Some(source) = source else {
        return shown;
    };
    let last = i64::try_from(source.len()).unwrap_or(i64::MAX);
    for line in listed.lines.keys().filter(|line| **line > 0) {
        let begin = line.saturating_sub(CONTEXT).max(listed.start_line).max(1);
        shown.extend(begin..=line.saturating_add(CONTEXT).min(last));
    }
    if listed.start_line > 0 {
        shown.insert(listed.start_line);
    }
    shown
}

fn figures(counted: &Counted) -> String {
    let of = |figures: &Figures| {
        let time = |ns| {
            if ns == 0 {
                NOTHING.to_owned()
            } else {
                units::time(ns)
            }
        };
        let count = match figures.acquisitions {
            0 => NOTHING.to_owned(),
            count => units::count(count),
        };
        format!(
            "{:>9} {:>9} {count:>10}",
            time(figures.wait_ns),
            time(figures.hold_ns)
        )
    };
    format!("{}   {}", of(&counted.here), of(&counted.below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_without_figures_are_cut_but_for_those_around() {
        let figures = Figures {
            wait_ns: 1_500_000,
            hold_ns: 0,
            acquisitions: 12,
            blocked_ns: 0,
        };
        let counted = Counted {
            here: figures,
            below: figures,
        };
        let listed = Listed {
            name: "f".to_owned(),
            file: "/src/x.c".to_owned(),
            start_line: 2,
            lines: [(20, counted)].into(),
            total: counted,
        };
        let source: Vec<String> = (1..=30)
            .map(|line| format!("\tline {line};\u{7}"))
            .collect();
        let text = render(&listed, Some(&source));
        let expected = "\
f in /src/x.c
         in the line                   with what it calls
     wait      hold   acquired        wait      hold   acquired    line
  1.50 ms         .         12     1.50 ms         .         12     all
        .         .          .           .         .          .       2      line 2;\\u{7}
                                                                   …
        .         .          .           .         .          .      17      line 17;\\u{7}
        .         .          .           .         .          .      18      line 18;\\u{7}
        .         .          .           .         .          .      19      line 19;\\u{7}
  1.50 ms         .         12     1.50 ms         .         12      20      line 20;\\u{7}
        .         .          .           .         .          .      21      line 21;\\u{7}
        .         .          .           .         .          .      22      line 22;\\u{7}
        .         .          .           .         .          .      23      line 23;\\u{7}
";
        assert_eq!(text, expected, "{text}");
        let without = render(&listed, None);
        assert!(without.ends_with("         12      20\n"), "{without}");
        assert_eq!(without.lines().count(), 5, "{without}");
    }
}
