//! Text in colours, or plain; and cut to a width before it is coloured.

use super::width::{beginning, width};

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Plain,
    /// What matters.
    Bold,
    /// What is lost, much or little.
    Loss,
    Quiet,
    /// What does no harm.
    Good,
}

/// Pieces of one line.
pub(crate) type Line = Vec<(Look, String)>;

/// Where text goes to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Paper {
    /// Width of the terminal, if it is one.
    pub(crate) width: Option<usize>,
    /// Whether colours are wanted.
    pub(crate) has_colours: bool,
}

impl Paper {
    /// A line with its end; what does not fit is cut off.
    pub(crate) fn line(&self, pieces: &Line) -> String {
        let mut room = self.width.unwrap_or(usize::MAX);
        let needed: usize = pieces.iter().map(|(_, text)| width(text)).sum();
        let is_cut = needed > room;
        let mut line = String::new();
        for (look, text) in pieces {
            let len = width(text);
            if !is_cut || len < room {
                line.push_str(&self.painted(*look, text));
                room = room.saturating_sub(len);
            } else {
                let cut = format!("{}…", beginning(text, room.saturating_sub(1)));
                line.push_str(&self.painted(*look, &cut));
                break;
            }
        }
        format!("{}\n", line.trim_end())
    }

    /// Words in as many lines as they need, all but the first behind this many spaces.
    pub(crate) fn wrapped(&self, first: &str, text: &str, indent: usize) -> Vec<String> {
        let room = self.width.unwrap_or(usize::MAX);
        let mut lines = Vec::new();
        let mut line = format!("{first:<indent$}");
        for word in text.split(' ') {
            let len = width(&line);
            let is_begun = len > indent;
            if is_begun && len + 1 + width(word) > room {
                lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
            } else if is_begun {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
        lines
    }

    fn painted(&self, look: Look, text: &str) -> String {
        let code = match look {
            _ if !self.has_colours => return text.to_owned(),
            Look::Plain => return text.to_owned(),
            Look::Bold => "1",
            Look::Loss => "1;31",
            Look::Quiet => "2",
            Look::Good => "1;32",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces() -> Line {
        vec![
            (Look::Plain, "lost: ".to_owned()),
            (Look::Loss, "12.3%".to_owned()),
            (Look::Plain, " of it".to_owned()),
        ]
    }

    #[test]
    fn colours_stand_around_their_words_and_nowhere_else() {
        let mut paper = Paper::default();
        assert_eq!(paper.line(&pieces()), "lost: 12.3% of it\n");
        paper.has_colours = true;
        let coloured = "lost: \u{1b}[1;31m12.3%\u{1b}[0m of it\n";
        assert_eq!(paper.line(&pieces()), coloured);
    }

    #[test]
    fn a_line_is_cut_to_the_width_whatever_its_colours() {
        for has_colours in [false, true] {
            let paper = |width| Paper {
                width: Some(width),
                has_colours,
            };
            let plain = |line: String| {
                let line = line.replace("\u{1b}[1;31m", "");
                line.replace("\u{1b}[0m", "")
            };
            assert_eq!(plain(paper(17).line(&pieces())), "lost: 12.3% of it\n");
            assert_eq!(plain(paper(16).line(&pieces())), "lost: 12.3% of …\n");
            assert_eq!(plain(paper(9).line(&pieces())), "lost: 12…\n");
            assert_eq!(plain(paper(1).line(&pieces())), "…\n");
        }
    }

    #[test]
    fn words_go_to_the_next_line_where_they_do_not_fit() {
        let paper = Paper {
            width: Some(14),
            has_colours: false,
        };
        let lines = paper.wrapped("do:", "one two three four", 4);
        assert_eq!(lines, ["do: one two", "    three four"]);
        let lines = Paper::default().wrapped("do:", "one two three four", 4);
        assert_eq!(lines, ["do: one two three four"]);
    }
}
