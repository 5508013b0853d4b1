//! From rows to text; nothing here reads or prints.

pub(crate) mod csv;
pub(crate) mod folded;
mod hints;
pub(crate) mod json;
pub(crate) mod listing;
pub(crate) mod summary;
pub(crate) mod table;
pub(crate) mod units;
mod warnings;
