//! The rows that are about receivers: where each is, who asks, how long they may take.

use super::SECOND_NS;
use crate::options::{Alias, Meaning, Opt, Values};

/// Where Pyroscope is.
pub(in crate::options) const PYROSCOPE_URL: Opt = Opt {
    name: "LOCKPROF_PYROSCOPE_URL",
    flag: Some("pyroscope-url"),
    values: Values::Text,
    default: "http://localhost:4040",
    aliases: &[Alias {
        name: "PYROSCOPE_SERVER_ADDRESS",
        meaning: Meaning::Same,
    }],
    help: "Address of Grafana Pyroscope, for the sink pyroscope",
};

/// Whose profiles they are.
pub(in crate::options) const PYROSCOPE_TENANT: Opt = Opt {
    name: "LOCKPROF_PYROSCOPE_TENANT",
    flag: Some("pyroscope-tenant"),
    values: Values::Text,
    default: "",
    aliases: &[Alias {
        name: "PYROSCOPE_TENANT_ID",
        meaning: Meaning::Same,
    }],
    help: "Tenant of a Pyroscope that serves several (X-Scope-OrgID)",
};

/// Who sends to Pyroscope.
pub(in crate::options) const PYROSCOPE_USER: Opt = Opt {
    name: "LOCKPROF_PYROSCOPE_USER",
    flag: Some("pyroscope-user"),
    values: Values::Text,
    default: "",
    aliases: &[Alias {
        name: "PYROSCOPE_BASIC_AUTH_USER",
        meaning: Meaning::Same,
    }],
    help: "User for Pyroscope's basic authentication",
};

/// The user's password.
pub(in crate::options) const PYROSCOPE_PASSWORD: Opt = Opt {
    name: "LOCKPROF_PYROSCOPE_PASSWORD",
    flag: None,
    values: Values::Text,
    default: "",
    aliases: &[Alias {
        name: "PYROSCOPE_BASIC_AUTH_PASSWORD",
        meaning: Meaning::Same,
    }],
    help: "Password, or API key, of that user",
};

/// A token instead of user and password.
pub(in crate::options) const PYROSCOPE_TOKEN: Opt = Opt {
    name: "LOCKPROF_PYROSCOPE_TOKEN",
    flag: None,
    values: Values::Text,
    default: "",
    aliases: &[Alias {
        name: "PYROSCOPE_AUTH_TOKEN",
        meaning: Meaning::Same,
    }],
    help: "Bearer token for Pyroscope; a user counts instead, where both are set",
};

/// Where Parca is.
pub(in crate::options) const PARCA_URL: Opt = Opt {
    name: "LOCKPROF_PARCA_URL",
    flag: Some("parca-url"),
    values: Values::Text,
    default: "http://localhost:7070",
    aliases: &[],
    help: "Address of Parca, for the sink parca",
};

/// The key to Parca.
pub(in crate::options) const PARCA_TOKEN: Opt = Opt {
    name: "LOCKPROF_PARCA_TOKEN",
    flag: None,
    values: Values::Text,
    default: "",
    aliases: &[],
    help: "Bearer token for Parca, as Polar Signals Cloud wants one",
};

/// What OpenTelemetry's attributes say of the program.
pub(in crate::options) const RESOURCE: Opt = Opt {
    name: "LOCKPROF_RESOURCE",
    flag: Some("resource"),
    values: Values::Pairs,
    default: "",
    aliases: &[Alias {
        name: "OTEL_RESOURCE_ATTRIBUTES",
        meaning: Meaning::Same,
    }],
    help: "Other tags in OpenTelemetry's form; service.name, service.version, deployment.environment.name and host.name stand in for the options of that meaning",
};

/// Where OTLP profiles go.
pub(in crate::options) const OTLP_URL: Opt = Opt {
    name: "LOCKPROF_OTLP_URL",
    flag: Some("otlp-url"),
    values: Values::Url {
        path: "/v1development/profiles",
    },
    default: "http://localhost:4318",
    aliases: &[
        Alias {
            name: "OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT",
            meaning: Meaning::WholeUrl,
        },
        Alias {
            name: "OTEL_EXPORTER_OTLP_ENDPOINT",
            meaning: Meaning::BaseUrl,
        },
    ],
    help: "Where the sink otlp posts to; without a path, to /v1development/profiles",
};

/// What OTLP requests carry besides.
pub(in crate::options) const OTLP_HEADERS: Opt = Opt {
    name: "LOCKPROF_OTLP_HEADERS",
    flag: Some("otlp-headers"),
    values: Values::Pairs,
    default: "",
    aliases: &[
        Alias {
            name: "OTEL_EXPORTER_OTLP_PROFILES_HEADERS",
            meaning: Meaning::Same,
        },
        Alias {
            name: "OTEL_EXPORTER_OTLP_HEADERS",
            meaning: Meaning::Same,
        },
    ],
    help: "Headers of what the sink otlp posts, as a key for the receiver",
};

/// Where Prometheus's text goes.
pub(in crate::options) const PROMETHEUS_FILE: Opt = Opt {
    name: "LOCKPROF_PROMETHEUS_FILE",
    flag: Some("prometheus-file"),
    values: Values::Text,
    default: "",
    aliases: &[],
    help: "Where the sink prometheus writes: a directory, as that of node_exporter's textfile collector, or a file name with %e, %p, %t and %% as above",
};

/// Longest time for one upload.
pub(in crate::options) const UPLOAD_TIMEOUT: Opt = Opt {
    name: "LOCKPROF_UPLOAD_TIMEOUT",
    flag: Some("upload-timeout"),
    values: Values::Time {
        min_ns: SECOND_NS / 10,
        max_ns: 600 * SECOND_NS,
    },
    default: "10s",
    aliases: &[Alias {
        name: "DD_PROFILING_API_TIMEOUT_MS",
        meaning: Meaning::Milliseconds,
    }],
    help: "Longest time for one upload, the answer included; what takes longer is tried again",
};

/// Where uploads wait for a better time.
pub(in crate::options) const SPOOL: Opt = Opt {
    name: "LOCKPROF_SPOOL",
    flag: Some("spool"),
    values: Values::Text,
    default: "",
    aliases: &[],
    help: "Directory that keeps what could not be sent, at most 100 files and 64 MiB, until a later process of the same service sends it; by default it is lost",
};
