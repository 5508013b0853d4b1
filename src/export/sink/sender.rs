//! Who sends: what every receiver is told of this process.

use contract::file_name::Identity;

use crate::config::Config;
use crate::sys;

/// The process as receivers know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sender {
    /// What it is called: as configured, else its executable.
    pub(crate) service: String,
    /// Where it is deployed, as `production`.
    pub(crate) environment: Option<String>,
    /// Its release.
    pub(crate) version: Option<String>,
    /// Whatever else the user says of it, in the order given.
    pub(crate) tags: Vec<(String, String)>,
    /// The machine's name.
    pub(crate) host: String,
    /// The executable's name, without its folder.
    pub(crate) executable: String,
    pub(crate) pid: u32,
    /// A UUID (version 4), another one in every process, forked ones included.
    pub(crate) runtime_id: String,
}

impl Sender {
    /// This process.
    pub(crate) fn new(config: &Config, identity: &Identity) -> Self {
        let options = &config.options;
        Self {
            service: options
                .service
                .clone()
                .unwrap_or_else(|| identity.executable.clone()),
            environment: options.environment.clone(),
            version: options.version.clone(),
            tags: options.tags.clone(),
            host: options.host.clone().unwrap_or_else(sys::host_name),
            executable: identity.executable.clone(),
            pid: identity.pid,
            runtime_id: uuid(sys::random()),
        }
    }
}

/// A UUID of random bits: version 4 of RFC 9562.
pub(super) fn uuid(random: u128) -> String {
    const VERSION: u128 = 0xf << 76;
    const VARIANT: u128 = 0b11 << 62;
    let bits = random & !VERSION & !VARIANT | 4 << 76 | 0b10 << 62;
    let digits = format!("{bits:032x}");
    let mut rest = digits.as_str();
    let groups = [8, 4, 4, 4, 12].map(|len| {
        let (group, after) = rest.split_at_checked(len).unwrap_or((rest, ""));
        rest = after;
        group
    });
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_says_that_it_is_random() {
        assert_eq!(uuid(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(
            uuid(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
            "01234567-89ab-4def-8123-456789abcdef"
        );
    }
}
