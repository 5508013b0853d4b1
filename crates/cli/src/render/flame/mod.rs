//! Stacks as a flame graph in one SVG file that needs nothing else: zoom and search are in it.
//!
//! Laid out as Brendan Gregg's: equal stacks are merged, callees stand on callers (or
//! hang below them), neighbours are in alphabetical order, and colours mean nothing.

mod tree;

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use super::printable::printable;
use super::units;
use crate::analyse::stacks::{Measure, Stacks};
use crate::analyse::totals::millipercent;
use tree::{Boxed, Tree};

/// Sizes in pixels, those of the script too.
const WIDTH: u32 = 1200;
const MARGIN: u32 = 10;
const ROW: u32 = 17;
const HEAD: u32 = 62;
const FOOT: u32 = 30;
/// Width of a character of the script and style below.
const CHARACTER: f64 = 7.25;
/// What is narrower is not drawn.
const NARROWEST: f64 = 0.1;
/// How many colours the style has.
const COLOURS: u32 = 8;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("zoom.js");

/// How a flame graph is to look.
pub(crate) struct Flame<'a> {
    /// Above it.
    pub(crate) title: &'a str,
    /// What its widths are.
    pub(crate) measure: &'static Measure,
    /// Whether roots are on top.
    pub(crate) is_icicle: bool,
}

impl Flame<'_> {
    /// The whole file.
    pub(crate) fn render(&self, mut stacks: Stacks) -> String {
        let weighed = stacks.weighed_by(self.measure);
        let tree = Tree::new(&weighed, stacks.frames());
        let boxes = tree.boxes(NARROWEST / f64::from(WIDTH - 2 * MARGIN));
        let rows = boxes.iter().map(|drawn| drawn.depth + 1).max().unwrap_or(1);
        let height = HEAD + rows * ROW + FOOT;
        let mut text = head(height, self.title);
        self.controls(&mut text, &tree, boxes.len());
        text.push_str("<g id=\"frames\">\n");
        for drawn in &boxes {
            let y = if self.is_icicle {
                HEAD + drawn.depth * ROW
            } else {
                HEAD + (rows - 1 - drawn.depth) * ROW
            };
            self.draw(&mut text, drawn, y, tree.total());
        }
        let _ = write!(
            text,
            "</g>\n<text id=\"details\" x=\"{MARGIN}\" y=\"{}\"> </text>\n\
             <script><![CDATA[\n{SCRIPT}]]></script>\n</svg>\n",
            height - 10
        );
        text
    }

    /// What stands above the frames.
    fn controls(&self, text: &mut String, tree: &Tree, drawn: usize) {
        let hidden = tree.len().saturating_sub(drawn);
        let mut subtitle = format!("{} in all", self.measure.shown(tree.total()));
        if hidden > 0 {
            let hidden = u64::try_from(hidden).unwrap_or(u64::MAX);
            let _ = write!(
                subtitle,
                "; {} too narrow to be drawn",
                units::of(hidden, "frame", "frames")
            );
        }
        let _ = write!(
            text,
            "<text id=\"title\" x=\"{}\" y=\"24\">{}</text>\n\
             <text id=\"subtitle\" x=\"{}\" y=\"44\">{}</text>\n\
             <text id=\"reset\" class=\"hidden\" role=\"button\" tabindex=\"0\" x=\"{MARGIN}\" y=\"24\">Reset zoom</text>\n\
             <text id=\"search\" role=\"button\" tabindex=\"0\" x=\"{}\" y=\"24\">Search</text>\n\
             <text id=\"matched\" x=\"{}\" y=\"44\"> </text>\n",
            WIDTH / 2,
            escaped(self.title),
            WIDTH / 2,
            escaped(&subtitle),
            WIDTH - MARGIN,
            WIDTH - MARGIN,
        );
    }

    fn draw(&self, text: &mut String, drawn: &Boxed, y: u32, total: u64) {
        let whole = f64::from(WIDTH - 2 * MARGIN);
        let (x, width) = (f64::from(MARGIN) + drawn.begin * whole, drawn.share * whole);
        let name = printable(drawn.name);
        let share = units::share(millipercent(drawn.value, total).unwrap_or(0));
        let value = self.measure.shown(drawn.value);
        let file = match drawn.file {
            "" => String::new(),
            file => format!(", {file}"),
        };
        let title = escaped(&format!("{} ({value}, {share}{file})", drawn.name));
        let _ = writeln!(
            text,
            "<g data-b=\"{:.7}\" data-s=\"{:.7}\" data-n=\"{}\"><title>{title}</title>\
             <rect class=\"c{}\" x=\"{x:.2}\" y=\"{y}\" width=\"{width:.2}\" height=\"{}\" rx=\"2\"/>\
             <text x=\"{:.2}\" y=\"{}\">{}</text></g>",
            drawn.begin,
            drawn.share,
            escaped(&name),
            colour(drawn.name),
            ROW - 1,
            x + 3.0,
            y + 12,
            escaped(&cut(&name, width)),
        );
    }
}

fn head(height: u32, title: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n\
         <svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"{WIDTH}\" \
         height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">\n\
         <style>\n{STYLE}</style>\n\
         <rect id=\"ground\" x=\"0\" y=\"0\" width=\"{WIDTH}\" height=\"{height}\"/>\n",
        escaped(title)
    )
}

/// As much of a name as a box has room for; nothing where that says nothing.
fn cut(name: &str, width: f64) -> String {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float cast saturates, and a box is no million characters wide"
    )]
    let room = ((width - 6.0) / CHARACTER).max(0.0) as usize;
    let len = name.chars().count();
    match room {
        0..3 => String::new(),
        _ if len <= room => name.to_owned(),
        _ => name.chars().take(room - 2).chain("..".chars()).collect(),
    }
}

/// The same colour for the same name, in every graph.
fn colour(name: &str) -> u32 {
    let hash = name.bytes().fold(5381_u32, |hash, byte| {
        hash.wrapping_mul(33) ^ u32::from(byte)
    });
    (hash ^ (hash >> 13)) % COLOURS
}

/// A text as it stands in XML, which control characters may be in no form.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in printable(text).chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}
