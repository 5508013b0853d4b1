//! The environment as given, turned into options as meant.

use super::parse::{self, Said, Value};
use super::{
    Complaint, Exporter, Meaning, Opt, Options, Parca, Place, Pyroscope, Symbols, datadog, table,
};

/// The first profile comes after this time at the latest.
const FIRST_INTERVAL_NS: u64 = 10_000_000_000;

/// Reads every option through `get` and says what it means.
///
/// - A variable that is empty counts as not set.
/// - `LOCKPROF_*` wins over an alias; among aliases, the first of the table that
///   says anything; tags of all aliases are merged.
/// - A value that does not serve gives one complaint, and the default holds.
/// - Where no sinks are named, the variables of the Datadog tracers may add one.
/// - The first interval is the interval, but at most ten seconds.
/// - A `sample` of 1 asks for exact counts: then every wait is kept
///   (`wait_sample_ns` 0) and sampling may take what it takes (`cpu_limit` 0),
///   unless `LOCKPROF_WAIT_SAMPLE` or `LOCKPROF_CPU_LIMIT` is set.
///
/// Never fails.
#[must_use]
pub fn resolve(get: impl Fn(&str) -> Option<String>) -> (Options, Vec<Complaint>) {
    let mut reader = Reader {
        get: |name: &str| get(name).filter(|value| !value.trim().is_empty()),
        complaints: Vec::new(),
    };
    let sample = reader.count(&table::SAMPLE);
    let is_set = |opt: &Opt| reader.raw(opt.name).is_some();
    let every_wait = sample == 1 && !is_set(&table::WAIT_SAMPLE);
    let unlimited = sample == 1 && !is_set(&table::CPU_LIMIT);
    let wait_sample_ns = reader.time_ns(&table::WAIT_SAMPLE);
    let cpu_limit = reader.share(&table::CPU_LIMIT);
    let interval_ns = reader.time_ns(&table::INTERVAL);
    let mut sinks = reader.words(&table::SINK);
    let (datadog, wants_datadog) = datadog::read(&mut reader);
    if wants_datadog && reader.raw(table::SINK.name).is_none() {
        sinks.push("datadog");
    }
    let resource = reader.tags(&table::receivers::RESOURCE);
    let mut options = Options {
        enabled: reader.switch(&table::ENABLED),
        sample,
        wait_sample_ns: if every_wait { 0 } else { wait_sample_ns },
        cpu_limit: if unlimited { 0.0 } else { cpu_limit },
        first_interval_ns: interval_ns.min(FIRST_INTERVAL_NS),
        interval_ns,
        upload_timeout_ns: reader.time_ns(&table::receivers::UPLOAD_TIMEOUT),
        max_frames: usize::try_from(reader.count(&table::MAX_FRAMES)).unwrap_or(usize::MAX),
        locks: reader.words(&table::LOCKS),
        include: reader.places(&table::INCLUDE),
        exclude: reader.places(&table::EXCLUDE),
        sinks,
        symbols: match reader.word(&table::SYMBOLS) {
            "off" => Symbols::Off,
            _ => Symbols::Symtab,
        },
        exporter: match reader.word(&table::EXPORTER) {
            "constructor" => Exporter::Constructor,
            _ => Exporter::Lazy,
        },
        output: reader.text(&table::OUTPUT),
        service: reader.text(&table::SERVICE),
        environment: reader.text(&table::ENV),
        version: reader.text(&table::VERSION),
        tags: reader.tags(&table::TAGS),
        host: reader.text(&table::HOST),
        pyroscope: Pyroscope {
            url: reader
                .text(&table::receivers::PYROSCOPE_URL)
                .unwrap_or_default(),
            tenant: reader.text(&table::receivers::PYROSCOPE_TENANT),
            user: reader.text(&table::receivers::PYROSCOPE_USER),
            password: reader.text(&table::receivers::PYROSCOPE_PASSWORD),
            token: reader.text(&table::receivers::PYROSCOPE_TOKEN),
        },
        parca: Parca {
            url: reader
                .text(&table::receivers::PARCA_URL)
                .unwrap_or_default(),
            token: reader.text(&table::receivers::PARCA_TOKEN),
        },
        datadog,
        otlp_url: reader.text(&table::receivers::OTLP_URL).unwrap_or_default(),
        otlp_headers: reader.tags(&table::receivers::OTLP_HEADERS),
        prometheus_file: reader.text(&table::receivers::PROMETHEUS_FILE),
        spool: reader.text(&table::receivers::SPOOL),
        control: reader.switch(&table::CONTROL),
        signal: reader.signal(&table::SIGNAL),
        run: reader.text(&table::RUN_MARK),
    };
    describe(&mut options, resource);
    if options.symbols == Symbols::Off {
        for (opt, places) in [
            (&table::INCLUDE, &mut options.include),
            (&table::EXCLUDE, &mut options.exclude),
        ] {
            reader.complaints.extend(without_functions(opt, places));
        }
    }
    if options.prometheus_file.is_none() && options.sinks.contains(&"prometheus") {
        options.sinks.retain(|sink| *sink != "prometheus");
        reader.complaints.push(Complaint {
            name: table::SINK.name,
            given: "prometheus".to_owned(),
            reason: format!("nothing without {}", table::receivers::PROMETHEUS_FILE.name),
        });
    }
    if options.sinks == ["file"] {
        // Of OpenTelemetry's variables nothing is used: they are none of our business.
        let is_ours = |complaint: &Complaint| !complaint.name.starts_with("OTEL_");
        reader.complaints.retain(is_ours);
    }
    (options, reader.complaints)
}

/// Adds what OpenTelemetry's attributes say of the program to what our own options
/// say, which win.
fn describe(options: &mut Options, attributes: Vec<(String, String)>) {
    for (key, value) in attributes {
        let field = match key.as_str() {
            "service.name" => &mut options.service,
            "service.version" => &mut options.version,
            "deployment.environment.name" | "deployment.environment" => &mut options.environment,
            "host.name" => &mut options.host,
            _ => {
                if options.tags.iter().all(|(known, _)| *known != key) {
                    options.tags.push((key, value));
                }
                continue;
            }
        };
        if !value.is_empty() {
            field.get_or_insert(value);
        }
    }
}

/// Takes the functions from these places; complains about each.
fn without_functions(opt: &Opt, places: &mut Vec<Place>) -> Vec<Complaint> {
    let functions = places.extract_if(.., |place| matches!(place, Place::Functions(_)));
    let complaint = |place| match place {
        Place::Functions(prefix) => Some(Complaint {
            name: opt.name,
            given: format!("{prefix}*"),
            reason: format!(
                "nothing with {}=off, by which functions have no names",
                table::SYMBOLS.name
            ),
        }),
        Place::Library(_) | Place::File(_) => None,
    };
    functions.filter_map(complaint).collect()
}

/// Reads options one by one and collects the complaints.
pub(super) struct Reader<G> {
    get: G,
    complaints: Vec<Complaint>,
}

/// A method that reads an option of one type. A row whose default is of another
/// type gives the type's own default; a test sees to it that there is none.
macro_rules! reads {
    ($name:ident, $variant:ident, $type:ty) => {
        pub(super) fn $name(&mut self, opt: &'static Opt) -> $type {
            match self.value(opt) {
                Some(Value::$variant(value)) => value,
                _ => Default::default(),
            }
        }
    };
}

impl<G: Fn(&str) -> Option<String>> Reader<G> {
    reads!(switch, Switch, bool);
    reads!(switch_or_auto, SwitchOrAuto, Option<bool>);
    reads!(count, Count, u64);
    reads!(time_ns, TimeNs, u64);
    reads!(share, Share, f64);
    reads!(words, Words, Vec<&'static str>);
    reads!(word, Word, &'static str);
    reads!(tags, Tags, Vec<(String, String)>);
    reads!(places, Places, Vec<Place>);
    reads!(signal, Signal, Option<u8>);

    /// A variable as it is; none when it is empty.
    pub(super) fn raw(&self, name: &str) -> Option<String> {
        (self.get)(name)
    }

    /// Whether the user says anything about an option, by any of its names.
    pub(super) fn asked(&self, opt: &Opt) -> bool {
        let aliases = opt.aliases.iter().map(|alias| alias.name);
        aliases
            .chain([opt.name])
            .any(|name| self.raw(name).is_some())
    }

    pub(super) fn text(&mut self, opt: &'static Opt) -> Option<String> {
        match self.value(opt) {
            Some(Value::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// The value of an option; none only when the table's own default is bad.
    fn value(&mut self, opt: &'static Opt) -> Option<Value> {
        self.given(opt)
            .or_else(|| parse::own(&opt.values, opt.default))
    }

    /// What the user says, after complaints about what cannot be understood.
    fn given(&mut self, opt: &'static Opt) -> Option<Value> {
        if let Some(given) = (self.get)(opt.name) {
            let value = parse::own(&opt.values, &given);
            if value.is_none() {
                self.complain(opt, opt.name, given, &opt.values.describe());
            }
            return value;
        }
        let mut all_tags: Option<Vec<(String, String)>> = None;
        for alias in opt.aliases {
            let Some(given) = (self.get)(alias.name) else {
                continue;
            };
            match parse::alias(&opt.values, alias.meaning, &given) {
                Said::Value(Value::Tags(tags)) => put_behind(&mut all_tags, tags),
                Said::Value(value) => return Some(value),
                Said::Nothing => {}
                Said::Bad(wanted) => {
                    self.complain(opt, alias.name, given, &wanted);
                    return None;
                }
            }
        }
        all_tags.map(Value::Tags)
    }

    fn complain(&mut self, opt: &Opt, name: &'static str, given: String, wanted: &str) {
        let instead = if opt.default.is_empty() {
            "nothing"
        } else {
            opt.default
        };
        let reason = format!("not {wanted}; using {instead}");
        self.complaints.push(Complaint {
            name,
            given: opt.shown(given),
            reason,
        });
    }
}

/// Adds tags whose keys are not among those said before, which win.
fn put_behind(all: &mut Option<Vec<(String, String)>>, tags: Vec<(String, String)>) {
    let all = all.get_or_insert_default();
    let said = all.len();
    for (key, value) in tags {
        let before = all.get(..said).unwrap_or_default();
        if !before.iter().any(|(known, _)| *known == key) {
            all.push((key, value));
        }
    }
}

/// How a reader of the table would write what an alias does.
impl Meaning {
    /// A remark for the README; empty when there is nothing to say.
    pub(super) fn remark(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::PercentSampled => " (percent sampled)",
            Self::Clamped => " (cut to the bounds)",
            Self::Milliseconds => " (milliseconds, cut to the bounds)",
            Self::Prefix => " (the name's first part)",
            Self::OnlyOff => " (only to switch off)",
            Self::BaseUrl => " (the path is added)",
            Self::WholeUrl => " (used as it is)",
        }
    }
}
