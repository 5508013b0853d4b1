//! The rows of the option table.

pub(super) mod receivers;

use super::datadog::{self, OUTPUT_PPROF};
use super::{Alias, Meaning, Opt, RUN, SignedWords, Values};

const SECOND_NS: u64 = 1_000_000_000;

/// Whether to profile at all.
pub(super) const ENABLED: Opt = Opt {
    name: "LOCKPROF_ENABLED",
    flag: Some("enabled"),
    values: Values::Switch,
    default: "1",
    aliases: &[
        Alias {
            name: "DD_PROFILING_ENABLED",
            meaning: Meaning::OnlyOff,
        },
        Alias {
            name: "DD_PROFILING_LOCK_ENABLED",
            meaning: Meaning::OnlyOff,
        },
    ],
    help: "Whether to profile at all; 0 passes every call straight through",
};

/// Mean acquisitions between two sampled ones.
pub(super) const SAMPLE: Opt = Opt {
    name: "LOCKPROF_SAMPLE",
    flag: Some("sample"),
    values: Values::Count {
        min: 1,
        max: 1_000_000_000,
    },
    default: "100",
    aliases: &[Alias {
        name: "DD_PROFILING_CAPTURE_PCT",
        meaning: Meaning::PercentSampled,
    }],
    help: "Mean number of acquisitions between two sampled ones; 1 samples every one and makes counts exact",
};

/// From which length on every wait is kept.
pub(super) const WAIT_SAMPLE: Opt = Opt {
    name: "LOCKPROF_WAIT_SAMPLE",
    flag: Some("wait-sample"),
    values: Values::Time {
        min_ns: 0,
        max_ns: 3600 * SECOND_NS,
    },
    default: "100us",
    aliases: &[],
    help: "Waits at least this long are always kept, shorter ones in proportion and scaled back; 0 keeps every wait, as does a sample of 1",
};

/// Share of a thread's time for sampling.
pub(super) const CPU_LIMIT: Opt = Opt {
    name: "LOCKPROF_CPU_LIMIT",
    flag: Some("cpu-limit"),
    values: Values::Percent {
        min: 0.0,
        max: 100.0,
    },
    default: "0.5%",
    aliases: &[],
    help: "Share of each thread's time that sampling may take before it slows itself down; 0 is without a limit, as is a sample of 1",
};

/// Time between two profiles.
pub(super) const INTERVAL: Opt = Opt {
    name: "LOCKPROF_INTERVAL",
    flag: Some("interval"),
    values: Values::Time {
        min_ns: SECOND_NS,
        max_ns: 86_400 * SECOND_NS,
    },
    default: "60s",
    aliases: &[Alias {
        name: "DD_PROFILING_UPLOAD_INTERVAL",
        meaning: Meaning::Clamped,
    }],
    help: "Time between two profiles; the first comes after 10s at the latest",
};

/// Longest stack.
pub(super) const MAX_FRAMES: Opt = Opt {
    name: "LOCKPROF_MAX_FRAMES",
    flag: Some("max-frames"),
    values: Values::Count { min: 1, max: 64 },
    default: "64",
    aliases: &[Alias {
        name: "DD_PROFILING_MAX_FRAMES",
        meaning: Meaning::Clamped,
    }],
    help: "Longest stack kept, in frames",
};

/// Kinds that are profiled when nothing is said: the others cost calls that have nothing to
/// do with locks something too.
const USUAL_LOCKS: &str = "mutex,rwlock,spin,semaphore,openmp,cond,barrier,once,join";

/// Kinds of lock, and of sync waits.
pub(super) const LOCKS: Opt = Opt {
    name: "LOCKPROF_LOCKS",
    flag: Some("locks"),
    values: Values::SignedWords(&SignedWords {
        known: &[
            "mutex",
            "rwlock",
            "spin",
            "semaphore",
            "openmp",
            "cond",
            "barrier",
            "once",
            "join",
            "futex",
            "file",
        ],
        usual: USUAL_LOCKS,
    }),
    default: USUAL_LOCKS,
    aliases: &[],
    help: "Which kinds of lock are profiled, and of other waiting: for signals, at barriers, for initialisers, for the end of threads, by futex, for locks on files; +futex,-join is the default with the one and without the other",
};

/// Places whose locks are profiled.
pub(super) const INCLUDE: Opt = Opt {
    name: "LOCKPROF_INCLUDE",
    flag: Some("include"),
    values: Values::Places,
    default: "",
    aliases: &[],
    help: "Where locks are profiled, by the function that takes, releases or waits (the first that does not merely wrap such calls): in these libraries and programs, named without their version, in the files at these paths, and in functions whose names begin as those with a star; by default everywhere",
};

/// Places whose locks are not.
pub(super) const EXCLUDE: Opt = Opt {
    name: "LOCKPROF_EXCLUDE",
    flag: Some("exclude"),
    values: Values::Places,
    default: "",
    aliases: &[],
    help: "Where they are not, named in the same way; it wins over LOCKPROF_INCLUDE. What is left out by either is counted in the profile",
};

/// Where profiles go.
pub(super) const SINK: Opt = Opt {
    name: "LOCKPROF_SINK",
    flag: Some("sink"),
    values: Values::Words(&[
        "file",
        "datadog",
        "pyroscope",
        "parca",
        "otlp",
        "prometheus",
    ]),
    default: "file",
    aliases: &[],
    help: "Where profiles go; by default also to datadog when the address or host of an Agent is given, or DD_PROFILING_AGENTLESS=1, or DD_PROFILING_ENABLED is 1, true or auto",
};

/// How far addresses are named in the process.
pub(super) const SYMBOLS: Opt = Opt {
    name: "LOCKPROF_SYMBOLS",
    flag: Some("symbols"),
    values: Values::Word(&["off", "symtab"]),
    default: "symtab",
    aliases: &[],
    help: "How functions are named inside the process: not at all, or from symbol tables",
};

/// When our thread starts.
pub(super) const EXPORTER: Opt = Opt {
    name: "LOCKPROF_EXPORTER",
    flag: Some("exporter"),
    values: Values::Word(&["lazy", "constructor"]),
    default: "lazy",
    aliases: &[],
    help: "When the thread that writes profiles starts: with the program's first own thread, or before main",
};

/// Where files go.
pub(super) const OUTPUT: Opt = Opt {
    name: "LOCKPROF_OUTPUT",
    flag: Some("output"),
    values: Values::Text,
    default: "",
    aliases: &[Alias {
        name: OUTPUT_PPROF,
        meaning: Meaning::Prefix,
    }],
    help: "Directory for profiles, or a file name in which %e is the executable, %p the process, %t the start in milliseconds and %% a percent sign; by default the current directory, else $TMPDIR, else /tmp",
};

/// What the program is called.
pub(super) const SERVICE: Opt = Opt {
    name: "LOCKPROF_SERVICE",
    flag: Some("service"),
    values: Values::Text,
    default: "",
    aliases: &[
        Alias {
            name: "DD_SERVICE",
            meaning: Meaning::Same,
        },
        Alias {
            name: "OTEL_SERVICE_NAME",
            meaning: Meaning::Same,
        },
    ],
    help: "What the program is called where profiles are sent to; by default its executable",
};

/// Where it is deployed.
pub(super) const ENV: Opt = Opt {
    name: "LOCKPROF_ENV",
    flag: Some("env"),
    values: Values::Text,
    default: "",
    aliases: &[Alias {
        name: "DD_ENV",
        meaning: Meaning::Same,
    }],
    help: "Where the program is deployed, as production, for where profiles are sent to",
};

/// Its release.
pub(super) const VERSION: Opt = Opt {
    name: "LOCKPROF_VERSION",
    flag: Some("service-version"),
    values: Values::Text,
    default: "",
    aliases: &[Alias {
        name: "DD_VERSION",
        meaning: Meaning::Same,
    }],
    help: "The program's release, for where profiles are sent to",
};

/// Whatever else is said of it.
pub(super) const TAGS: Opt = Opt {
    name: "LOCKPROF_TAGS",
    flag: Some("tags"),
    values: Values::Tags,
    default: "",
    aliases: &[
        Alias {
            name: "DD_PROFILING_TAGS",
            meaning: Meaning::Same,
        },
        Alias {
            name: "DD_TAGS",
            meaning: Meaning::Same,
        },
    ],
    help: "Other tags of what is sent; those of DD_PROFILING_TAGS and DD_TAGS are merged, of one key the former counts",
};

/// The machine's name.
pub(super) const HOST: Opt = Opt {
    name: "LOCKPROF_HOST",
    flag: Some("host"),
    values: Values::Text,
    default: "",
    aliases: &[Alias {
        name: "DD_HOSTNAME",
        meaning: Meaning::Same,
    }],
    help: "The machine's name for where profiles are sent to; by default what the machine says",
};

/// Whether commands are taken over a socket.
pub(super) const CONTROL: Opt = Opt {
    name: super::CONTROL,
    flag: Some("control"),
    values: Values::Switch,
    default: "0",
    aliases: &[],
    help: "Whether lockprof top, off and on can reach the program, over a socket that only its user can use; lockprof run asks for it",
};

/// What switches off and on.
pub(super) const SIGNAL: Opt = Opt {
    name: "LOCKPROF_SIGNAL",
    flag: Some("signal"),
    values: Values::Signal,
    default: "none",
    aliases: &[],
    help: "Signal that switches profiling off, and on again; one that the program handles itself stays the program's",
};

/// Mark of a `lockprof run`.
pub(super) const RUN_MARK: Opt = Opt {
    name: RUN,
    flag: None,
    values: Values::Text,
    default: "",
    aliases: &[],
    help: "Set by lockprof run, to find the profiles of its program",
};

/// All options, in the order in which they are shown.
pub static TABLE: &[Opt] = &[
    ENABLED,
    SAMPLE,
    WAIT_SAMPLE,
    CPU_LIMIT,
    INTERVAL,
    MAX_FRAMES,
    LOCKS,
    INCLUDE,
    EXCLUDE,
    SINK,
    SYMBOLS,
    EXPORTER,
    OUTPUT,
    SERVICE,
    ENV,
    VERSION,
    TAGS,
    HOST,
    receivers::PYROSCOPE_URL,
    receivers::PYROSCOPE_TENANT,
    receivers::PYROSCOPE_USER,
    receivers::PYROSCOPE_PASSWORD,
    receivers::PYROSCOPE_TOKEN,
    receivers::PARCA_URL,
    receivers::PARCA_TOKEN,
    datadog::AGENT,
    datadog::AGENT_HOST,
    datadog::AGENT_PORT,
    datadog::AGENTLESS,
    datadog::SITE,
    datadog::INTAKE,
    datadog::FAMILY,
    datadog::KEY,
    datadog::EXTERNAL_ENV,
    receivers::RESOURCE,
    receivers::OTLP_URL,
    receivers::OTLP_HEADERS,
    receivers::PROMETHEUS_FILE,
    receivers::UPLOAD_TIMEOUT,
    receivers::SPOOL,
    CONTROL,
    SIGNAL,
    RUN_MARK,
];
