//! What functions are called in a profile: symbols as people know them.

/// A symbol as people know it: demangled, without parameters and hashes.
#[must_use]
pub fn demangle(symbol: &str) -> String {
    if is_rust(symbol)
        && let Ok(name) = rustc_demangle::try_demangle(symbol)
    {
        return format!("{name:#}");
    }
    if symbol.starts_with("_Z")
        && let Ok(parsed) = cpp_demangle::BorrowedSymbol::new(symbol.as_bytes())
    {
        let options = cpp_demangle::DemangleOptions::new()
            .no_params()
            .no_return_type();
        if let Ok(name) = parsed.demangle_with_options(&options) {
            return name;
        }
    }
    // A version behind the name (`memcpy@@GLIBC_2.14`) is not part of it.
    symbol.split('@').next().unwrap_or(symbol).to_owned()
}

/// Whether a symbol was made by rustc: the new scheme, or the old one, which ends
/// in a hash of sixteen digits.
fn is_rust(symbol: &str) -> bool {
    let hash = symbol
        .strip_suffix('E')
        .and_then(|rest| rest.rsplit_once("17h"))
        .map(|(_, hash)| hash);
    symbol.starts_with("_R")
        || symbol.starts_with("_ZN")
            && hash
                .is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_people_know_them() {
        assert_eq!(
            demangle("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE"),
            "core::fmt::Formatter::pad"
        );
        assert_eq!(demangle("_ZN5Cache3getERKSs"), "Cache::get");
        assert_eq!(
            demangle("_ZNSt10lock_guardISt5mutexEC1ERS0_"),
            "std::lock_guard<std::mutex>::lock_guard"
        );
        assert_eq!(demangle("memcpy@@GLIBC_2.14"), "memcpy");
        assert_eq!(demangle("_Znonsense"), "_Znonsense");
    }
}
