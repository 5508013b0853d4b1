//! The option table as the README shows it.

use super::{Opt, RUN, TABLE};

/// All options a user may set, as the lines of a Markdown table.
#[must_use]
pub fn markdown() -> String {
    let head = "| variable | flag of `lockprof run` | default | takes | meaning | also read |\n\
                |---|---|---|---|---|---|\n";
    let rows = TABLE.iter().filter(|opt| opt.name != RUN).map(row);
    std::iter::once(head.to_owned()).chain(rows).collect()
}

fn row(opt: &Opt) -> String {
    let default = if opt.default.is_empty() {
        String::new()
    } else {
        format!("`{}`", opt.default)
    };
    let flag = opt.flag.map(|flag| format!("`--{flag}`"));
    let aliases: Vec<String> = opt
        .aliases
        .iter()
        .map(|alias| format!("`{}`{}", alias.name, alias.meaning.remark()))
        .collect();
    let cells = [
        format!("`{}`", opt.name),
        flag.unwrap_or_default(),
        default,
        opt.values.describe(),
        opt.help.to_owned(),
        aliases.join(", "),
    ];
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}
