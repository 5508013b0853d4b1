//! Whether a value would be understood, asked before it is set.

use super::{Complaint, Opt, parse};

/// Whether the option of this name understands this value.
///
/// Empty is understood (it means the default), and so is anything said about a
/// name that is not in the table: it is none of our business.
///
/// # Errors
///
/// A complaint that says what the value should be; nothing is used instead.
pub fn check(name: &str, value: &str) -> Result<(), Complaint> {
    let Some(opt) = Opt::named(name) else {
        return Ok(());
    };
    if value.trim().is_empty() || parse::own(&opt.values, value).is_some() {
        return Ok(());
    }
    Err(Complaint {
        name: opt.name,
        given: opt.shown(value.to_owned()),
        reason: format!("not {}", opt.values.describe()),
    })
}
