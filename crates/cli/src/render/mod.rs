//! From rows to text; nothing here reads or prints.

pub(crate) mod csv;
pub(crate) mod diff;
pub(crate) mod digest;
pub(crate) mod dot;
pub(crate) mod flame;
pub(crate) mod folded;
mod hints;
mod histogram;
pub(crate) mod json;
pub(crate) mod listing;
pub(crate) mod markdown;
pub(crate) mod paint;
pub(crate) mod printable;
pub(crate) mod speedscope;
pub(crate) mod summary;
pub(crate) mod table;
pub(crate) mod units;
mod warnings;
pub(crate) mod width;
