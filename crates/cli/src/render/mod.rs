//! From rows to text; nothing here reads or prints.

pub(crate) mod csv;
pub(crate) mod folded;
pub(crate) mod json;
pub(crate) mod summary;
pub(crate) mod table;
pub(crate) mod units;
