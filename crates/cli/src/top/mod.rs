//! `lockprof top`: what it knows, what keys do to that, and what it shows of it.

pub(crate) mod rates;
pub(crate) mod screen;
pub(crate) mod silence;
mod stacks;
pub(crate) mod terminal;
#[cfg(test)]
mod tests;
pub(crate) mod watch;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use self::rates::{Row, Sort, Sums};
use self::screen::{Line, Table};
use self::watch::{Look, Wish};

const KEYS: &str = "q quit  s sort  Enter stacks  / filter  p pause  o off/on  arrows choose";
const KEYS_OF_STACKS: &str = "Esc back  arrows scroll  q quit";

/// Everything that is known about a program, and what of it is to be seen.
pub(crate) struct Top {
    /// The program, for the title.
    about: String,
    sort: Sort,
    is_paused: bool,
    filter: String,
    /// Whether what is typed goes into the filter.
    is_typing: bool,
    /// The address of the chosen lock: it stays chosen when the order changes.
    chosen: Option<String>,
    /// Lines above the page of stacks, while that is shown.
    page_from: Option<usize>,
    before: Sums,
    look: Option<Look>,
    rows: Vec<Row>,
    /// What is said while there is no answer.
    silence: Option<String>,
}

/// What a key leads to, outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    Nothing,
    Wish(Wish),
    Quit,
}

impl Top {
    /// Of a program of which nothing is known yet.
    pub(crate) fn new(about: String, sort: Sort) -> Self {
        Self {
            about,
            sort,
            is_paused: false,
            filter: String::new(),
            is_typing: false,
            chosen: None,
            page_from: None,
            before: Sums::default(),
            look: None,
            rows: Vec::new(),
            silence: None,
        }
    }

    /// Takes in another look.
    pub(crate) fn learn(&mut self, look: Look) {
        self.silence = None;
        if self.is_paused {
            return;
        }
        if let Some(before) = self.look.take() {
            self.before = before.sums;
        }
        self.rows = rates::between(&self.before, &look.sums, &look.queues);
        self.look = Some(look);
    }

    /// Says that there is no answer; what was learnt stays.
    pub(crate) fn miss(&mut self, silence: String) {
        self.silence = Some(silence);
    }

    /// Whether looks are wanted.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.is_paused
    }

    /// Whether there was any look.
    pub(crate) fn has_seen_any(&self) -> bool {
        self.look.is_some()
    }

    /// What a key does.
    pub(crate) fn press(&mut self, key: KeyEvent, height: usize) -> After {
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if is_control => return After::Quit,
            _ if self.is_typing => self.type_into_filter(key.code),
            KeyCode::Char('q') => return After::Quit,
            _ if self.page_from.is_some() => self.turn_page(key.code, height),
            KeyCode::Char('s') => self.sort = self.sort.next(),
            KeyCode::Char('/') => self.is_typing = true,
            KeyCode::Esc => self.filter.clear(),
            KeyCode::Char('p') => {
                self.is_paused = !self.is_paused;
                self.silence = None;
                let wish = if self.is_paused {
                    Wish::Pause
                } else {
                    Wish::Resume
                };
                return After::Wish(wish);
            }
            KeyCode::Char('o') => {
                let is_on = self.look.as_ref().is_some_and(|look| look.state == "on");
                return After::Wish(Wish::Switch(!is_on));
            }
            KeyCode::Enter => {
                self.chosen = self.chosen_row().map(|row| row.lock.address.clone());
                self.page_from = self.chosen.is_some().then_some(0);
            }
            code => self.choose(code, height),
        }
        After::Nothing
    }

    /// The screen.
    pub(crate) fn lines(&self, width: usize, height: usize) -> Vec<Line> {
        if let (Some(from), Some(look), Some(row)) = (self.page_from, &self.look, self.chosen_row())
        {
            let page = stacks::page(&look.profile, &row.lock);
            let from = from.min(page.len().saturating_sub(1));
            let foot = self.silence.as_deref().unwrap_or(KEYS_OF_STACKS);
            return screen::page(&page, from, foot, (width, height));
        }
        let rows = self.shown();
        let chosen = self.chosen_at(&rows);
        self.table(&rows, chosen).lines(width, height)
    }

    /// The same for paper: everything, and nothing chosen.
    pub(crate) fn plain(&self, width: usize) -> String {
        self.table(&self.shown(), None).plain(width)
    }

    fn table<'a>(&self, rows: &'a [Row], chosen: Option<usize>) -> Table<'a> {
        Table {
            title: self.title(),
            rows,
            sort: self.sort,
            chosen,
            foot: self.foot(),
        }
    }

    fn foot(&self) -> String {
        match (self.is_typing, &self.silence, self.filter.as_str()) {
            (true, _, filter) => format!("/{filter}_  Enter keeps it, Esc clears it"),
            (false, Some(silence), _) => silence.clone(),
            (false, None, "") => KEYS.to_owned(),
            (false, None, filter) => format!("filter: {filter} (Esc clears it)  {KEYS}"),
        }
    }

    fn title(&self) -> String {
        let state = match &self.look {
            None => "waiting for its first answer",
            Some(look) if look.state == "on" => "profiling is on",
            Some(look) if look.state == "off" => "profiling is OFF",
            Some(_) => "profiling is OFF FOR GOOD",
        };
        let paused = if self.is_paused { ", paused" } else { "" };
        format!(
            "lockprof top: {}, {state}{paused}, by {}",
            self.about,
            self.sort.name()
        )
    }

    /// The rows that are to be seen, in their order.
    fn shown(&self) -> Vec<Row> {
        let wanted = self.filter.to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        let is_wanted = |row: &&Row| {
            let lock = &row.lock;
            let site = row.site.as_deref().unwrap_or_default();
            row.is_active() && (has(&lock.name) || has(&lock.kind) || has(site))
        };
        let mut rows: Vec<Row> = self.rows.iter().filter(is_wanted).cloned().collect();
        self.sort.apply(&mut rows);
        rows
    }

    fn chosen_at(&self, rows: &[Row]) -> Option<usize> {
        let chosen = self.chosen.as_ref();
        let at = rows
            .iter()
            .position(|row| Some(&row.lock.address) == chosen);
        at.or_else(|| (!rows.is_empty()).then_some(0))
    }

    /// The chosen row, also when nothing happens to its lock just now.
    fn chosen_row(&self) -> Option<Row> {
        let rows = self.shown();
        let is_chosen = |row: &&Row| Some(&row.lock.address) == self.chosen.as_ref();
        let quiet = || self.rows.iter().find(is_chosen).cloned();
        let first = || self.chosen_at(&rows).and_then(|at| rows.get(at).cloned());
        quiet().or_else(first)
    }

    fn choose(&mut self, code: KeyCode, height: usize) {
        let rows = self.shown();
        let at = self.chosen_at(&rows).unwrap_or(0);
        let to = moved(at, code, height).min(rows.len().saturating_sub(1));
        self.chosen = rows.get(to).map(|row| row.lock.address.clone());
    }

    fn turn_page(&mut self, code: KeyCode, height: usize) {
        match code {
            KeyCode::Esc | KeyCode::Enter | KeyCode::Backspace => self.page_from = None,
            code => {
                let page = match (&self.look, self.chosen_row()) {
                    (Some(look), Some(row)) => stacks::page(&look.profile, &row.lock).len(),
                    _ => 0,
                };
                let last = page.saturating_sub(height / 2);
                let from = self.page_from.unwrap_or(0);
                self.page_from = Some(moved(from, code, height).min(last));
            }
        }
    }

    fn type_into_filter(&mut self, code: KeyCode) {
        match code {
            KeyCode::Enter => self.is_typing = false,
            KeyCode::Esc => {
                self.is_typing = false;
                self.filter.clear();
            }
            KeyCode::Backspace => {
                self.filter.pop();
            }
            KeyCode::Char(c) => self.filter.push(c),
            _ => {}
        }
    }
}

/// Where a key that moves leads to.
fn moved(at: usize, code: KeyCode, height: usize) -> usize {
    let page = height.saturating_sub(6).max(1);
    match code {
        KeyCode::Up | KeyCode::Char('k') => at.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => at + 1,
        KeyCode::PageUp => at.saturating_sub(page),
        KeyCode::PageDown => at + page,
        KeyCode::Home => 0,
        KeyCode::End => usize::MAX,
        _ => at,
    }
}
