//! The profile as bytes and back: pprof's protobuf, not compressed.

mod decode;
mod encode;
mod proto;
#[cfg(test)]
mod tests;

pub use decode::{DecodeError, decode};
pub use encode::{Encoder, Schema, encode, encode_times};
