//! A report in GitHub's Markdown, to be put into an issue or a comment.

use std::fmt::Write as _;

use super::printable::printable;
use super::summary::Summary;
use super::{histogram, table};
use crate::columns;

impl Summary<'_> {
    /// A heading line after the other, as a list.
    fn bullets(&self) -> String {
        let head = self.head();
        head.lines()
            .map(|line| format!("- {}\n", escaped(line)))
            .collect()
    }
}

/// The whole text.
pub(crate) fn render(summary: &Summary) -> String {
    let rows = summary.analysis.sorted(summary.sort, summary.top);
    let mut text = summary.bullets();
    if rows.is_empty() {
        return text;
    }
    text.push('\n');
    text.push_str(&grid(&table::columns(&columns::of(summary.by), &rows)));
    if let Some(more) = summary.more(rows.len()) {
        let _ = write!(text, "\n{more}");
    }
    if summary.has_histogram {
        let _ = write!(text, "\n```{}```\n", histogram::render(&rows, None));
    }
    for (at, hint) in summary.findings.hints.iter().enumerate() {
        let gap = if at == 0 { "\n" } else { "" };
        let _ = writeln!(text, "{gap}- hint: {}", escaped(&hint.text()));
    }
    text
}

/// A table of these columns: names to the left, numbers to the right.
pub(super) fn grid(columns: &[table::Shaped]) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let title = |column: &table::Shaped| {
        let words: Vec<&str> = column.texts.iter().take(2).map(String::as_str).collect();
        escaped(words.join(" ").trim())
    };
    let mut text = line(columns.iter().map(title).collect());
    let rules = columns.iter().map(|column| match column.is_name {
        true => ":--".to_owned(),
        false => "--:".to_owned(),
    });
    text.push_str(&line(rules.collect()));
    let rows = columns.first().map_or(0, |column| column.texts.len());
    for row in 2..rows {
        let cells = columns.iter().map(|column| {
            let text = column.texts.get(row).map_or("", String::as_str);
            escaped(text)
        });
        text.push_str(&line(cells.collect()));
    }
    text
}

/// A text in which nothing is taken for a mark: names are full of them.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in printable(text).chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '#' | '$' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_is_a_mark() {
        assert_eq!(escaped("a_b*c|d`e"), "a\\_b\\*c\\|d\\`e");
        assert_eq!(escaped("f<int, char&>"), "f&lt;int, char&amp;&gt;");
        assert_eq!(escaped("a\nb\u{202e}"), "a\\\\nb\\\\u{202e}");
        assert_eq!(escaped("plain (x.c:7)"), "plain (x.c:7)");
    }
}
