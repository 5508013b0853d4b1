//! Values by chance, and damaged ones that once made sense: options and complaints, never more.

use std::collections::BTreeMap;

use crate::options::{TABLE, resolve};

/// What options take, in every form.
const SENSIBLE: [&str; 14] = [
    "1",
    "0",
    "100us",
    "0.5%",
    "60s",
    "1440m",
    "mutex,rwlock,spin",
    "file,datadog,otlp",
    "/tmp/of-%e-%p-%t.pb.gz",
    "http://user:word@[::1]:4318/v1?a=b#c",
    "unix:///run/socket",
    "key=value,other=a%20b",
    "service:shop,env:prod",
    "18446744073709551616",
];
/// What damage puts in.
const PIECES: [&str; 12] = [
    "",
    "-",
    "%",
    ",",
    "=",
    ":",
    "/",
    "é",
    "\u{0}",
    "\n",
    "99999999999999999999",
    "e308",
];

struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % end
    }

    fn value(&mut self) -> String {
        let mut value: Vec<char> = SENSIBLE[self.below(SENSIBLE.len())].chars().collect();
        for _ in 0..self.below(4) {
            let at = self.below(value.len() + 1);
            let to = at + self.below(value.len() - at + 1);
            value.splice(at..to, PIECES[self.below(PIECES.len())].chars());
        }
        value.into_iter().collect()
    }
}

#[test]
fn any_values_become_options_and_one_line_for_each_fault() {
    let mut chance = Chance(88_172_645_463_325_252);
    let names: Vec<&str> = TABLE
        .iter()
        .flat_map(|option| {
            let aliases = option.aliases.iter().map(|alias| alias.name);
            std::iter::once(option.name).chain(aliases)
        })
        .collect();
    let mut complained = 0;
    for _ in 0..5_000 {
        let set: BTreeMap<&str, String> = (0..6)
            .map(|_| (names[chance.below(names.len())], chance.value()))
            .collect();
        let (options, complaints) = resolve(|name| set.get(name).cloned());
        assert!(options.sample >= 1 && options.max_frames >= 1, "{set:?}");
        assert!(options.interval_ns >= 1_000_000_000, "{set:?}");
        assert!(complaints.len() <= 2 * set.len(), "{set:?}: {complaints:?}");
        for complaint in &complaints {
            assert!(complaint.to_string().len() < 2_000, "{set:?}");
        }
        complained += complaints.len();
    }
    // So the faults were seen.
    assert!(complained > 1_000, "{complained}");
}
