//! What a program's variables say: what is misspelt, misunderstood, or switched off.

use contract::options::{self, Complaint, OF_THE_COMMAND, Opt, Options, RUN, TABLE};

use super::{Check, Subject};

/// Letters that are left out, added, changed or exchanged by mistake.
const TYPING_MISTAKES: usize = 2;
/// Beyond this few acquisitions are sampled.
const SPARSE: u64 = 100_000;

pub(super) fn check(subject: &Subject, options: &Options, complaints: &[Complaint]) -> Vec<Check> {
    let mut checks = Vec::new();
    if options.enabled {
        checks.push(Check::good("its options ask for profiling"));
    } else {
        checks.push(Check::bad(
            "its options switch profiling off",
            "set LOCKPROF_ENABLED=1; DD_PROFILING_ENABLED=0 and DD_PROFILING_LOCK_ENABLED=0 \
             switch it off too",
        ));
    }
    let names = subject.environment.iter().flatten().map(|(name, _)| name);
    checks.extend(names.filter_map(|name| unknown(name)));
    checks.extend(complaints.iter().map(|complaint| {
        Check::bad(
            complaint.to_string(),
            "lockprof run --help lists what it takes",
        )
    }));
    checks.extend(kinds(options));
    if options.sample > SPARSE {
        checks.push(Check::doubt(
            format!(
                "one acquisition in {} is sampled: only long waits are sure to be seen",
                options.sample
            ),
            "LOCKPROF_SAMPLE=100 is the default",
        ));
    }
    checks
}

/// A variable that is meant for us and that nobody reads.
fn unknown(name: &str) -> Option<Check> {
    if !is_ours(name) || options::is_read(name) {
        return None;
    }
    let known = || TABLE.iter().map(|opt| opt.name).chain(OF_THE_COMMAND);
    let upper = name.to_uppercase();
    let is_meant = |distance, known| distance <= TYPING_MISTAKES || upper.starts_with(known);
    let meant = known()
        .filter(|known| *known != RUN)
        .map(|known| (strsim::osa_distance(known, &upper), known))
        .filter(|(distance, known)| is_meant(*distance, *known))
        .min();
    Some(Check::bad(
        format!("nobody reads {name}"),
        match meant {
            Some((_, meant)) => format!("is {meant} meant?"),
            None => "README.md lists all variables".to_owned(),
        },
    ))
}

/// Whether a name was meant for us, perhaps misspelt at its beginning.
fn is_ours(name: &str) -> bool {
    let upper = name.to_uppercase();
    let Some((beginning, _)) = upper.split_once('_') else {
        return false;
    };
    strsim::osa_distance(beginning, "LOCKPROF") <= TYPING_MISTAKES
}

/// Kinds of lock that are left out on purpose, and forgotten.
fn kinds(options: &Options) -> Option<Check> {
    let opt = Opt::named("LOCKPROF_LOCKS")?;
    let all = opt.default.split(',');
    let missing: Vec<&str> = all.filter(|kind| !options.locks.contains(kind)).collect();
    (!missing.is_empty()).then(|| {
        Check::doubt(
            format!("not profiled, by LOCKPROF_LOCKS: {}", missing.join(", ")),
            "leave LOCKPROF_LOCKS out to see all kinds",
        )
    })
}
