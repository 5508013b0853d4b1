//! What every test file here uses: building, running, and reading profiles.
#![allow(dead_code, reason = "every test file uses a part of it")]

pub(crate) mod background;
pub(crate) mod build;
pub(crate) mod certificates;
pub(crate) mod control;
pub(crate) mod datadog;
pub(crate) mod open_profile;
pub(crate) mod profile;
pub(crate) mod program;
pub(crate) mod raw_pprof;
pub(crate) mod receiver;
pub(crate) mod scratch;
pub(crate) mod sending;
pub(crate) mod shipped;
