//! In place of our own unwinder, for processors it does not know.

use super::super::capture::Caller;
use crate::record::Filling;

pub(crate) struct KnownStack;

impl KnownStack {
    pub(crate) fn clear(&self) {}
}

/// Never possible: captures go through libgcc.
pub(crate) fn prepare() -> bool {
    false
}

pub(crate) fn forget() {}

/// Nobody knows.
pub(crate) fn is_one_stack(_: u64, _: u64) -> bool {
    false
}

pub(crate) fn return_address(_: Caller, _: &KnownStack) -> std::option::Option<u64> {
    std::option::Option::None
}

pub(crate) fn walk(_: Caller, _: &KnownStack, _: &mut Filling) -> bool {
    true
}
