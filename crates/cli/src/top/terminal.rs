//! The terminal as a screen of ours: taken at the begin, given back on every way out.

use std::io::{self, IsTerminal, Write};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::style::{Attribute, Print, SetAttribute};
use crossterm::terminal::{
    Clear, ClearType, DisableLineWrap, EnableLineWrap, EnterAlternateScreen, LeaveAlternateScreen,
};
use crossterm::{cursor, execute, queue, terminal};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, kill_current_process_group};

use super::screen::{Line, Style};
use crate::output;
use crate::render::width::width;

/// Signals after which the screen is given back.
const ENDING: [i32; 3] = [
    signal_hook::consts::SIGTERM,
    signal_hook::consts::SIGHUP,
    signal_hook::consts::SIGINT,
];

/// The screen, until it is dropped.
pub(crate) struct Terminal {
    is_ended: Arc<AtomicBool>,
}

/// What came from outside.
pub(crate) enum Input {
    Key(KeyEvent),
    /// The screen has another size.
    Resized,
    /// Somebody wants us to stop for a while.
    Stop,
    /// Somebody wants us to end.
    End,
    Nothing,
}

impl Terminal {
    /// Takes the screen.
    pub(crate) fn take() -> io::Result<Self> {
        // In the background this stops us, and a signal that ends others then is to end us too:
        // only after it are there handlers.
        terminal::enable_raw_mode()?;
        let is_ended = Arc::new(AtomicBool::new(false));
        for signal in ENDING {
            signal_hook::flag::register(signal, Arc::clone(&is_ended))?;
        }
        // What a panic says belongs on the screen that was there before.
        let say = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            give_back();
            say(panic);
        }));
        let taken = Self { is_ended };
        enter()?;
        Ok(taken)
    }

    /// Stops with the whole job, as other programs do at this key, on the screen that was there
    /// before; takes ours again when the job goes on.
    pub(crate) fn stop(&self) -> io::Result<()> {
        give_back();
        kill_current_process_group(Signal::TSTP)?;
        enter()
    }

    /// Columns and lines.
    pub(crate) fn size(&self) -> (usize, usize) {
        let (width, height) = terminal::size().unwrap_or((80, 24));
        (usize::from(width).max(1), usize::from(height).max(2))
    }

    /// Draws all lines over what was there, on so many columns.
    pub(crate) fn draw(&self, lines: &[Line], columns: usize) -> io::Result<()> {
        let mut screen = io::BufWriter::new(output::screen());
        for (line, row) in lines.iter().zip(0_u16..) {
            queue!(screen, cursor::MoveTo(0, row))?;
            match line.style {
                Style::Plain => {}
                Style::Strong => queue!(screen, SetAttribute(Attribute::Bold))?,
                Style::Chosen => queue!(screen, SetAttribute(Attribute::Reverse))?,
            }
            queue!(screen, Print(&line.text), SetAttribute(Attribute::Reset))?;
            // Behind a full line the cursor stands on its last sign.
            if width(&line.text) < columns {
                queue!(screen, Clear(ClearType::UntilNewLine))?;
            }
        }
        screen.flush()
    }

    /// What comes within this time.
    pub(crate) fn input(&self, within: Duration) -> io::Result<Input> {
        // crossterm reads a terminal that is gone for ever: it is not asked to wait.
        let is_waited_for = io::stdin().is_terminal();
        if is_waited_for {
            wait_for_key(within);
        }
        if self.is_ended.load(Ordering::Relaxed) || is_gone() {
            return Ok(Input::End);
        }
        if !event::poll(if is_waited_for {
            Duration::ZERO
        } else {
            within
        })? {
            return Ok(Input::Nothing);
        }
        Ok(match event::read()? {
            Event::Key(key)
                if key.code == KeyCode::Char('z')
                    && key.modifiers.contains(KeyModifiers::CONTROL) =>
            {
                Input::Stop
            }
            Event::Key(key) if key.kind != KeyEventKind::Release => Input::Key(key),
            Event::Resize(..) => Input::Resized,
            _ => Input::Nothing,
        })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

/// Waits until a key is pressed, the terminal is gone, or a signal comes.
fn wait_for_key(within: Duration) {
    let limit = Timespec::try_from(within).ok();
    let stdin = io::stdin();
    // Whatever it says, it is looked at next.
    let _ = poll(&mut [PollFd::new(&stdin, PollFlags::IN)], limit.as_ref());
}

/// Whether nobody can see the screen any more.
fn is_gone() -> bool {
    let stdout = output::screen();
    let mut screen = [PollFd::new(&stdout, PollFlags::empty())];
    let asked = poll(&mut screen, Some(&Timespec::default()));
    let [screen] = screen;
    asked.is_ok() && screen.revents().intersects(PollFlags::HUP | PollFlags::ERR)
}

fn enter() -> io::Result<()> {
    terminal::enable_raw_mode()?;
    // Signs that are wider than we think must not push the lines below down.
    execute!(
        output::screen(),
        EnterAlternateScreen,
        DisableLineWrap,
        Clear(ClearType::All),
        cursor::Hide
    )
}

fn give_back() {
    let last = terminal::size().map_or(0, |(_, height)| height.saturating_sub(1));
    let _ = execute!(
        output::screen(),
        EnableLineWrap,
        // Where there is no other screen to go back to, what follows stands below ours.
        cursor::MoveTo(0, last),
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = terminal::disable_raw_mode();
}
