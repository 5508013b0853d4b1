//! Where a store is and how it is let know who sends.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Where requests go, below an address that users write with or without a scheme
/// and a slash at its end.
pub(in crate::export::sink) fn address(url: &str, path: &str) -> String {
    let url = url.trim().trim_end_matches('/');
    let scheme = if url.contains("://") { "" } else { "http://" };
    format!("{scheme}{url}{path}")
}

/// The value of an `Authorization` header for a user. Secrets often come out of files,
/// with a line end.
pub(in crate::export::sink) fn basic(user: &str, password: &str) -> String {
    let pair = format!("{}:{}", user.trim(), password.trim());
    format!("Basic {}", STANDARD.encode(pair))
}

/// The value of an `Authorization` header for a token.
pub(in crate::export::sink) fn bearer(token: &str) -> String {
    format!("Bearer {}", token.trim())
}
