//! Debug information is read by a process of its own: it is mapped, and whoever reads a mapped
//! file that is cut short meanwhile is killed. That process is `lockprof` again, under a word that
//! is no command.

use std::env;
use std::io::{self, Read as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};

use rustix::process::{Resource, Rlimit, setrlimit};
use serde_json::{Value, json};

use super::dwarf::{DebugFile, Frame};
use crate::output;

/// The word. Behind it stand the file and, if there is one, the file with what it has in common
/// with others; the addresses come from standard input.
const WORD: &str = "read-debug-information";
/// This program, also if its file was replaced meanwhile.
const OURSELVES: &str = "/proc/self/exe";

/// The functions at each address, as [`DebugFile::frames`] finds them, by another process.
///
/// # Errors
///
/// The debug information makes no sense, or that process has not survived it.
pub(super) fn frames(file: &DebugFile, addresses: &[u64]) -> Result<Vec<Vec<Frame>>, String> {
    let cannot = |error: io::Error| format!("it cannot be read: {}", output::reason(&error));
    let mut command = Command::new(OURSELVES);
    command.arg0(env!("CARGO_BIN_NAME")).arg(WORD);
    command.arg(&file.path).args(&file.common);
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // What a reader says that gives up is said better by us.
        .stderr(Stdio::null())
        .spawn();
    let (answer, status) = child
        .and_then(|child| converse(child, addresses))
        .map_err(cannot)?;
    if !status.success() {
        return Err(end(status));
    }
    let answer = serde_json::from_slice::<Value>(&answer).unwrap_or_default();
    if let Some(reason) = answer.as_str() {
        return Err(reason.to_owned());
    }
    let all = answer.as_array().map(|all| all.iter().map(list).collect());
    let all: Vec<Vec<Frame>> = all.unwrap_or_default();
    (all.len() == addresses.len())
        .then_some(all)
        .ok_or_else(|| "whoever read it did not answer".to_owned())
}

/// Asks, and hears the answer to its end.
fn converse(mut child: Child, addresses: &[u64]) -> io::Result<(Vec<u8>, ExitStatus)> {
    let question: String = addresses.iter().map(|a| format!("{a:x}\n")).collect();
    // Whoever has ended already hears nothing: its status says why.
    let _ = child
        .stdin
        .take()
        .map(|mut to| to.write_all(question.as_bytes()));
    let output = child.wait_with_output()?;
    Ok((output.stdout, output.status))
}

fn end(status: ExitStatus) -> String {
    match status.signal() {
        Some(libc::SIGBUS) => "it was cut short while it was read".to_owned(),
        Some(signal) => format!("whoever read it was ended by signal {signal}"),
        None => "whoever read it gave up".to_owned(),
    }
}

/// Reads and answers, if this process is there for that; its status then.
pub(crate) fn serve() -> Option<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next()? != WORD {
        return None;
    }
    let file = DebugFile {
        path: arguments.next().map(PathBuf::from)?,
        common: arguments.next().map(PathBuf::from),
        is_compressed: false,
    };
    // A death that was reckoned with is worth no file of memory.
    let _ = setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    );
    let mut question = String::new();
    let is_read = io::stdin().read_to_string(&mut question).is_ok();
    let addresses = question.lines().map(|line| u64::from_str_radix(line, 16));
    let Some(addresses) = addresses.collect::<Result<Vec<_>, _>>().ok() else {
        return Some(ExitCode::FAILURE);
    };
    let answer = match file.frames(&addresses) {
        Ok(all) => all
            .iter()
            .map(|frames| frames.iter().map(value).collect::<Value>())
            .collect(),
        Err(reason) => Value::from(reason),
    };
    let is_said = is_read && output::print(&answer.to_string());
    Some(if is_said {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn value(frame: &Frame) -> Value {
    json!([frame.symbol, frame.file, frame.line, frame.start_line])
}

fn list(frames: &Value) -> Vec<Frame> {
    frames.as_array().into_iter().flatten().map(frame).collect()
}

fn frame(value: &Value) -> Frame {
    let part = |index: usize| value.get(index).unwrap_or(&Value::Null);
    let text = |index| part(index).as_str().unwrap_or_default().to_owned();
    let line = |index| {
        part(index)
            .as_u64()
            .and_then(|line| u32::try_from(line).ok())
    };
    Frame {
        symbol: text(0),
        file: text(1),
        line: line(2).unwrap_or(0),
        start_line: line(3).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_were_sent() {
        let frames = vec![
            Frame {
                symbol: "_ZN3foo\"\nE".to_owned(),
                file: "/src/ä.c".to_owned(),
                line: u32::MAX,
                start_line: 7,
            },
            Frame::default(),
        ];
        let sent = frames.iter().map(value).collect::<Value>().to_string();
        assert_eq!(
            list(&serde_json::from_str(&sent).unwrap_or_default()),
            frames
        );
    }
}
