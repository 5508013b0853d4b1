//! The one voice: single lines on standard error, `lockprof:` in front, bounded in number.

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::sys;

const LINE_LEN: usize = 512;
const LINES_MAX: u32 = 20;

static LINES: AtomicU32 = AtomicU32::new(0);

/// A line under construction, on the stack; what does not fit is cut.
struct Line {
    bytes: [u8; LINE_LEN],
    len: usize,
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            let Some(place) = self.bytes.get_mut(self.len) else {
                break;
            };
            *place = if byte.is_ascii_control() { b' ' } else { byte };
            self.len += 1;
        }
        Ok(())
    }
}

/// Says one line to the user, unless too much has been said already.
pub(crate) fn say(message: fmt::Arguments<'_>) {
    let said = LINES.fetch_add(1, Ordering::Relaxed);
    if said >= LINES_MAX {
        return;
    }
    let mut line = Line {
        bytes: [0; LINE_LEN],
        len: 0,
    };
    // Writing into a `Line` cannot fail: it cuts.
    let _ = write!(line, "lockprof: {message}");
    if said + 1 == LINES_MAX {
        let _ = write!(line, " (last message)");
    }
    let end = line.len.min(LINE_LEN - 1);
    if let Some(place) = line.bytes.get_mut(end) {
        *place = b'\n';
    }
    if let Some(bytes) = line.bytes.get(..=end) {
        sys::write_stderr(bytes);
    }
}
