//! `liblockprof.so`: profiles the locks of the program it is loaded into.
//!
//! The way of the data, and where it changes threads, is drawn in
//! ARCHITECTURE.md. In short: [`intercept`] runs on the host's threads and fills
//! the queue in [`record`]; [`export`] runs on our own thread and empties it;
//! [`lifecycle`] alone knows both.
#![cfg_attr(
    any(
        not(any(target_arch = "x86_64", target_arch = "aarch64")),
        lockprof_portable
    ),
    allow(
        clippy::disallowed_macros,
        reason = "arch/portable.rs; clippy hears of it only here"
    )
)]

mod api;
mod atomic;
mod build_note;
mod config;
mod diag;
mod export;
mod intercept;
mod kill_switch;
mod lifecycle;
mod memory;
mod per_process;
mod record;
mod state;
mod sys;
mod thread_count;
