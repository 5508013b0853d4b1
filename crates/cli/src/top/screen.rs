//! What `lockprof top` shows, as lines of text: no terminal in here.

use super::rates::{Row, Sort};
use crate::render::printable::printable;
use crate::render::units;
use crate::render::width::{beginning, filled, filled_before, shortened};

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    /// The first line, the titles and the keys.
    Strong,
    /// The row that the keys are about.
    Chosen,
}

/// One line, not longer than the screen is wide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) style: Style,
}

/// Everything the table is made from.
pub(crate) struct Table<'a> {
    /// Of whom, and how they are.
    pub(crate) title: String,
    /// In their order.
    pub(crate) rows: &'a [Row],
    /// The order.
    pub(crate) sort: Sort,
    /// The row that is chosen.
    pub(crate) chosen: Option<usize>,
    /// The last line.
    pub(crate) foot: String,
}

/// What goes above the rows where there is no room, by its place among what is left: the empty
/// line, the sums, the title, the titles of columns.
const FIRST_TO_GO_ABOVE: [usize; 4] = [2, 1, 0, 0];
/// From this width on there is room for the place in the code.
const WIDE: usize = 96;
/// A column of numbers: its title, how wide, its order.
const NUMBERS: [(&str, usize, Option<Sort>); 6] = [
    ("WAIT/s", 8, Some(Sort::Wait)),
    ("CONT/s", 7, Some(Sort::Contentions)),
    ("ACQ/s", 7, Some(Sort::Acquisitions)),
    ("HELD", 6, Some(Sort::Held)),
    ("NOW", 3, Some(Sort::Waiting)),
    ("SINCE", 9, None),
];
const HOLDER: usize = 12;
/// The name of a lock has at least so much room, as long as there is another column.
const LEAST_NAME: usize = 16;
/// Columns in the order in which they go where there is no room: acquisitions, the share held,
/// contentions, since when, and the holder.
const FIRST_TO_GO: [usize; 5] = [2, 3, 1, 5, NUMBERS.len()];

impl Table<'_> {
    /// The whole screen.
    pub(crate) fn lines(&self, width: usize, height: usize) -> Vec<Line> {
        let mut lines = self.head(width);
        for least in FIRST_TO_GO_ABOVE {
            // One row, and the last line.
            if lines.len() + 2 > height {
                lines.remove(least);
            }
        }
        let above = lines.len();
        let room = height.saturating_sub(above + 1).max(1);
        let first = self.chosen.map_or(0, |at| (at + 1).saturating_sub(room));
        let rows = self.rows.iter().enumerate().skip(first).take(room);
        lines.extend(rows.map(|(at, row)| {
            let style = match self.chosen {
                Some(chosen) if chosen == at => Style::Chosen,
                _ => Style::Plain,
            };
            line(&cells(row, width), style, width)
        }));
        lines.resize(
            above + room,
            Line {
                text: String::new(),
                style: Style::Plain,
            },
        );
        lines.push(line(&self.foot, Style::Strong, width));
        lines
    }

    /// Everything, for paper.
    pub(crate) fn plain(&self, width: usize) -> String {
        let rows = self.rows.iter().map(|row| cells(row, width));
        let head = self.head(width).into_iter().map(|line| line.text);
        head.chain(rows)
            .map(|text| format!("{}\n", text.trim_end()))
            .collect()
    }

    fn head(&self, width: usize) -> Vec<Line> {
        let sum = |value: fn(&Row) -> u64| self.rows.iter().map(value).fold(0, u64::saturating_add);
        let waiting: u64 = sum(|row| u64::from(row.waiting()));
        let waiting = match waiting {
            0 => "nobody waits".to_owned(),
            1 => "1 thread waits".to_owned(),
            _ => format!("{} wait", units::count(waiting)),
        };
        let sums = format!(
            "{waiting} now; per second {} of waiting, {}, {}",
            units::time(sum(|row| row.wait_ns)),
            units::of(sum(|row| row.contentions), "contention", "contentions"),
            units::of(sum(|row| row.acquisitions), "acquisition", "acquisitions"),
        );
        let titles = NUMBERS.map(|(title, _, sort)| {
            let mark = if sort == Some(self.sort) { "*" } else { "" };
            format!("{mark}{title}")
        });
        vec![
            line(&self.title, Style::Strong, width),
            line(&sums, Style::Plain, width),
            line("", Style::Plain, width),
            line(
                &row_of("LOCK", titles, "HOLDER", "WAITED IN", width),
                Style::Strong,
                width,
            ),
        ]
    }
}

/// Lines of a longer text, from one on.
pub(crate) fn page(text: &[String], first: usize, foot: &str, size: (usize, usize)) -> Vec<Line> {
    let (width, height) = size;
    let room = height.saturating_sub(1);
    let shown = text.iter().skip(first).take(room);
    let mut lines: Vec<Line> = shown.map(|text| line(text, Style::Plain, width)).collect();
    lines.resize(room, line("", Style::Plain, width));
    if let Some(title) = lines.first_mut() {
        title.style = Style::Strong;
    }
    lines.push(line(foot, Style::Strong, width));
    lines
}

fn line(text: &str, style: Style, width: usize) -> Line {
    let text = printable(text);
    let text = match beginning(&text, width) {
        whole if whole.len() == text.len() => text,
        _ => format!("{}…", beginning(&text, width.saturating_sub(1))),
    };
    Line { text, style }
}

fn cells(row: &Row, width: usize) -> String {
    let queue = row.queue.as_ref();
    let holder = queue.map_or_else(String::new, |queue| match queue.holder {
        0 => "?".to_owned(),
        id if queue.holder_name.is_empty() => id.to_string(),
        _ => queue.holder_name.clone(),
    });
    let since = queue.map_or_else(String::new, |queue| match queue.held_ns {
        // It is held at least as long as others wait.
        0 => format!(">{}", units::time(queue.waited_ns)),
        held_ns => units::time(held_ns),
    });
    let or_empty = |number: u64, text: String| if number == 0 { String::new() } else { text };
    let numbers = [
        or_empty(row.wait_ns, units::time(row.wait_ns)),
        or_empty(row.contentions, units::count(row.contentions)),
        or_empty(row.acquisitions, units::count(row.acquisitions)),
        or_empty(row.held, units::share(row.held)),
        or_empty(u64::from(row.waiting()), row.waiting().to_string()),
        since,
    ];
    let name = row.lock.shown(row.is_namesake);
    let site = row.site.as_deref().unwrap_or_default();
    row_of(&name, numbers, &holder, site, width)
}

/// Which columns there is room for.
struct Layout {
    /// Of the numbers, by their place, and of the holder behind them.
    has: [bool; NUMBERS.len() + 1],
    /// What is left for the name of the lock, and the place.
    left: usize,
}

impl Layout {
    fn new(width: usize) -> Self {
        let mut layout = Self {
            has: [true; NUMBERS.len() + 1],
            left: 0,
        };
        let mut going = FIRST_TO_GO.iter();
        loop {
            layout.left = width.saturating_sub(layout.fixed());
            if layout.left >= LEAST_NAME {
                return layout;
            }
            match going.next().and_then(|at| layout.has.get_mut(*at)) {
                Some(has) => *has = false,
                None => return layout,
            }
        }
    }

    /// What the columns take that are shown, each with the blank before it.
    fn fixed(&self) -> usize {
        let widths = NUMBERS.iter().map(|(_, width, _)| *width);
        let widths = widths.chain(std::iter::once(HOLDER));
        let shown = widths.zip(self.has).filter(|(_, is_shown)| *is_shown);
        shown.map(|(width, _)| width + 1).sum()
    }

    fn has(&self, at: usize) -> bool {
        self.has.get(at).is_some_and(|has| *has)
    }
}

/// A row: the lock to the left, and to the right, where there is room, the place.
fn row_of(lock: &str, numbers: [String; 6], holder: &str, site: &str, width: usize) -> String {
    let layout = Layout::new(width);
    let is_wide = width >= WIDE;
    let name_width = if is_wide {
        layout.left / 2
    } else {
        layout.left
    };
    let mut text = pad(lock, name_width);
    for (at, (number, (_, width, _))) in numbers.iter().zip(NUMBERS).enumerate() {
        // Who holds it stands before since when.
        if at + 1 == NUMBERS.len() && layout.has(NUMBERS.len()) {
            text.push(' ');
            text.push_str(&pad(holder, HOLDER));
        }
        if layout.has(at) {
            text.push(' ');
            text.push_str(&filled_before(number, width));
        }
    }
    if is_wide {
        text.push_str("  ");
        text.push_str(site);
    }
    text
}

/// A name of this width, cut in the middle where it is longer.
fn pad(text: &str, width: usize) -> String {
    filled(&shortened(&printable(text), width), width)
}
