//! What stands below the help of every command: examples, and what its exit status means.

use std::fmt::Write as _;

/// What the commands that read profiles end with.
pub(super) const OF_READERS: &[(&str, &str)] = &[
    ("0", "all is well"),
    (
        "1",
        "a profile cannot be read, or the output not be written",
    ),
    ("2", "an argument is wrong"),
];

/// Command lines, each with what it does, and exit statuses with what they mean.
pub(super) fn text(examples: &[(&str, &str)], statuses: &[(&str, &str)]) -> String {
    let mut text = "Examples:\n".to_owned();
    for (line, what) in examples {
        let _ = writeln!(text, "  {line}\n      {what}");
    }
    text.push_str("\nExit status:\n");
    for (status, what) in statuses {
        let _ = writeln!(text, "  {status:<5} {what}");
    }
    text.truncate(text.trim_end().len());
    text
}
