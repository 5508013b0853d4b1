//! A stand-in for the standard library: what the compiler wants before it compiles
//! `src/intercept/arch/aarch64.rs` for aarch64 on a machine that has no library for it.
#![feature(no_core, lang_items, rustc_attrs, decl_macro)]
#![no_core]
#![allow(internal_features, reason = "this is the inside")]

#[lang = "pointee_sized"]
pub trait PointeeSized {}
#[lang = "meta_sized"]
pub trait MetaSized: PointeeSized {}
#[lang = "sized"]
pub trait Sized: MetaSized {}

#[lang = "copy"]
pub trait Copy {}
impl<T: PointeeSized> Copy for *const T {}

#[lang = "legacy_receiver"]
pub trait LegacyReceiver {}
impl<T: PointeeSized> LegacyReceiver for &T {}

#[rustc_builtin_macro]
#[macro_export]
macro_rules! concat {
    ($($part:expr),*) => {};
}
#[rustc_builtin_macro]
#[macro_export]
macro_rules! env {
    ($name:expr) => {};
}
#[rustc_builtin_macro]
#[macro_export]
macro_rules! include_str {
    ($file:expr) => {};
}

pub mod option {
    pub enum Option<T> {
        None,
        Some(T),
    }
}

pub mod arch {
    #[rustc_builtin_macro]
    pub macro asm($($part:tt)*) {}
    #[rustc_builtin_macro]
    pub macro global_asm($($part:tt)*) {}
    #[rustc_builtin_macro]
    pub macro naked_asm($($part:tt)*) {}
}
