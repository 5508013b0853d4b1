//! `lockprof top`: a running program's locks on a screen, or once on paper.

use std::io;
use std::process::ExitCode;
use std::sync::mpsc::TryRecvError;
use std::thread;
use std::time::Duration;

use clap::ArgMatches;

use crate::args::name;
use crate::control::{Failure, Patience};
use crate::top::rates::Sort;
use crate::top::silence::Silence;
use crate::top::terminal::{Input, Terminal};
use crate::top::watch::{self, Watch};
use crate::top::{After, Top};
use crate::{control, output};

/// Longest time between two looks whether there is something new to show.
const TICK: Duration = Duration::from_millis(50);
/// For so many of them an end may take.
const END_TICKS: u32 = 40;
/// How wide a table is that nobody sees the width of.
const PAPER_WIDTH: usize = 132;

/// Carries out the command.
pub(crate) fn top(matches: &ArgMatches) -> ExitCode {
    let pid = matches.get_one::<u32>(name::PID).copied().unwrap_or(0);
    let seconds = matches.get_one::<u64>(name::INTERVAL).copied().unwrap_or(1);
    let interval = Duration::from_secs(seconds);
    let sort = matches.get_one::<String>(name::SORT);
    let sort = sort.and_then(|name| Sort::named(name));
    let about = format!("{} ({pid})", control::name_of(pid));
    let mut top = Top::new(about, sort.unwrap_or(Sort::Wait));
    let is_once = matches.get_flag(name::ONCE) || !output::is_screen();
    // The first look comes before the screen: its failure is one line.
    let done = watch::look(pid, Patience::Usual).and_then(|look| {
        top.learn(look);
        if is_once {
            thread::sleep(interval);
            top.learn(watch::look(pid, Patience::Usual)?);
            return Ok(());
        }
        let watch = watch::watch(pid, interval);
        let shown = show(&mut top, &watch, Silence::new(pid, interval));
        shown.map_err(|error| Failure::ForGood(output::reason(&error)))?
    });
    match done {
        Ok(()) if !is_once => ExitCode::SUCCESS,
        Ok(()) if output::print(&top.plain(output::width().unwrap_or(PAPER_WIDTH))) => {
            ExitCode::SUCCESS
        }
        Ok(()) => ExitCode::FAILURE,
        Err(_) if top.has_seen_any() && has_ended(pid) => {
            output::message(&format!("process {pid} has ended"));
            ExitCode::SUCCESS
        }
        Err(failure) => {
            output::message(&failure.reason());
            ExitCode::FAILURE
        }
    }
}

/// Whether a process ends: its socket goes a little before it does.
fn has_ended(pid: u32) -> bool {
    (0..END_TICKS).any(|_| {
        let is_alive = control::is_alive(pid);
        if is_alive {
            thread::sleep(TICK);
        }
        !is_alive
    })
}

/// Shows it until somebody ends it, or a look fails for good.
fn show(top: &mut Top, watch: &Watch, mut silence: Silence) -> io::Result<Result<(), Failure>> {
    let terminal = Terminal::take()?;
    let mut is_new = true;
    loop {
        match hear(top, watch, &mut silence) {
            Heard::News => is_new = true,
            Heard::Nothing => {}
            Heard::End(result) => return Ok(result),
        }
        let (width, height) = terminal.size();
        if is_new {
            terminal.draw(&top.lines(width, height), width)?;
        }
        is_new = true;
        match terminal.input(TICK)? {
            Input::Key(key) => match top.press(key, height) {
                After::Quit => return Ok(Ok(())),
                After::Wish(wish) => {
                    // Nobody to hear it: the next look says why.
                    let _ = watch.wishes.send(wish);
                }
                After::Nothing => {}
            },
            Input::End => return Ok(Ok(())),
            Input::Stop => terminal.stop()?,
            Input::Resized => {}
            Input::Nothing => is_new = false,
        }
    }
}

/// What has come of the looks.
enum Heard {
    News,
    Nothing,
    End(Result<(), Failure>),
}

fn hear(top: &mut Top, watch: &Watch, silence: &mut Silence) -> Heard {
    match watch.looks.try_recv() {
        Ok(Ok(look)) => {
            silence.end();
            top.learn(look);
            return Heard::News;
        }
        Ok(Err(Failure::ForNow(reason))) => silence.explain(reason),
        Ok(Err(failure)) => return Heard::End(Err(failure)),
        Err(TryRecvError::Empty) => {}
        Err(TryRecvError::Disconnected) => return Heard::End(Ok(())),
    }
    if !top.is_waiting() {
        silence.end();
    }
    match silence.news() {
        Some(news) => {
            top.miss(news);
            Heard::News
        }
        None => Heard::Nothing,
    }
}
