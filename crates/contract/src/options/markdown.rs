//! The option table as the README shows it.

use super::{Opt, TABLE};

/// All options a user may set, as the lines of a Markdown table.
#[must_use]
pub fn markdown() -> String {
    let head = "| variable | flag of `lockprof run` | default | takes | meaning | also read |\n\
                |---|---|---|---|---|---|\n";
    let rows = TABLE
        .iter()
        .filter_map(|opt| opt.flag.map(|flag| row(opt, flag)));
    std::iter::once(head.to_owned()).chain(rows).collect()
}

fn row(opt: &Opt, flag: &str) -> String {
    let default = if opt.default.is_empty() {
        String::new()
    } else {
        format!("`{}`", opt.default)
    };
    let aliases: Vec<String> = opt
        .aliases
        .iter()
        .map(|alias| format!("`{}`{}", alias.name, alias.meaning.remark()))
        .collect();
    let cells = [
        format!("`{}`", opt.name),
        format!("`--{flag}`"),
        default,
        opt.values.describe(),
        opt.help.to_owned(),
        aliases.join(", "),
    ];
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}
