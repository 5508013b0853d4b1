//! Whatever the command reads: profiles that say anything, damaged files, words for options.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::{Duration, Instant};

use chance::Chance;
use contract::comment;
use contract::pprof;
use contract::profile::{Function, Label, LabelValue, Line, Location, Mapping, Profile, Sample};
use contract::sample_type::label;

use super::report;
use crate::analyse::By;
use crate::analyse::condition::Condition;
use crate::analyse::diff::{Diff, QUANTITIES, Scale};
use crate::analyse::filter::Filter;
use crate::analyse::stacks::{MEASURES, Root, Stacks};
use crate::load::{self, Loaded};
use crate::page::Page;
use crate::render::diff::View;
use crate::render::digest;
use crate::render::flame::Flame;
use crate::top::rates::{self, Sums};
use crate::{args, output};

/// One view of a few rows takes milliseconds.
const VIEW_MAX: Duration = Duration::from_secs(20);

const TEXTS: [&str; 12] = [
    "",
    "a",
    "mutex",
    "recursive",
    "rwlock-read",
    "0x10",
    "0x10#18446744073709551615",
    "timeout",
    "\u{1b}[2J\u{202e}x\ny\t",
    "</script><b>",
    "shards[18446744073709551616]",
    "ä\u{0}𝄞",
];
const KEYS: [&str; 17] = [
    label::LOCK_NAME,
    label::LOCK_KIND,
    label::LOCK,
    label::THREAD_NAME,
    label::THREAD_ID,
    label::THREAD_NATIVE_ID,
    label::DEPTH,
    label::RESULT,
    label::DURATION_BUCKET,
    label::DURATION_MAX,
    label::BLOCKING_THREAD_NAME,
    label::BLOCKING_THREAD_ID,
    label::BLOCKING_SITE,
    label::BLOCKING_ADDRESS,
    label::ROOT_BLOCKING_SITE,
    label::ROOT_BLOCKING_ADDRESS,
    label::QUEUE_MAX,
];
const COMMENTS: [&str; 13] = [
    comment::LOST,
    comment::LEFT_OUT,
    comment::MADE_CODE,
    comment::NOT_HOOKED,
    comment::OFF,
    comment::PID,
    comment::RUN,
    comment::SAMPLE,
    comment::EXACT_WAITS,
    comment::EXACT_WAITS_OF,
    comment::EXACT_SYNC_WAITS_OF,
    comment::OPEN_HOLDS,
    comment::HOLDER,
];
/// What stands behind such a beginning, if it makes sense.
const REMARKS: [&str; 6] = [
    "3 acquisitions (queue full)",
    "mutex: 18446744073709551615 waits, 18446744073709551615 ns",
    "5 waits, 77 ns; estimated 4 waits, 9223372036854775807 ns",
    "100",
    "0",
    "0x10 f: 7 of 3 sleeping in futex",
];

/// Numbers of a profile: never negative in a value, anything in a label.
fn value(chance: &Chance) -> i64 {
    if chance.is_one_in(3) {
        return 0;
    }
    let usual = i64::try_from(chance.below(1_000_000)).unwrap();
    if chance.is_one_in(5) {
        (chance.edge() >> 1).cast_signed()
    } else {
        usual
    }
}

fn any_label(chance: &Chance, key: &str) -> Label {
    let value = if chance.is_one_in(2) {
        LabelValue::Text(chance.one_of(&TEXTS).to_owned())
    } else {
        LabelValue::Number(
            chance.edge().cast_signed(),
            chance.one_of(&TEXTS).to_owned(),
        )
    };
    Label {
        key: key.to_owned(),
        value,
    }
}

fn any_sample(chance: &Chance, locations: usize) -> Sample {
    let keys = KEYS.iter().filter(|_| chance.is_one_in(2));
    Sample {
        stack: (0..chance.below(6))
            .map(|_| chance.below(locations))
            .collect(),
        values: std::array::from_fn(|_| value(chance)),
        labels: keys.map(|key| any_label(chance, key)).collect(),
    }
}

/// A profile that its decoder takes, and that says anything.
fn any_profile(chance: &Chance) -> Profile {
    let number = || chance.edge().cast_signed();
    let (functions, locations) = (1 + chance.below(5), 1 + chance.below(6));
    Profile {
        start_unix_ns: number(),
        duration_ns: number(),
        mappings: vec![Mapping {
            limit: chance.edge(),
            file: "/bin/app".to_owned(),
            ..Mapping::default()
        }],
        functions: (0..functions)
            .map(|_| Function {
                name: chance.one_of(&TEXTS).to_owned(),
                ..Function::default()
            })
            .collect(),
        locations: (0..locations)
            .map(|_| Location {
                address: chance.edge(),
                mapping: chance.is_one_in(2).then_some(0),
                lines: (0..chance.below(3))
                    .map(|_| Line {
                        function: chance.below(functions),
                        line: number(),
                    })
                    .collect(),
            })
            .collect(),
        samples: (0..chance.below(30))
            .map(|_| any_sample(chance, locations))
            .collect(),
        comments: (0..chance.below(8))
            .map(|_| format!("{}{}", chance.one_of(&COMMENTS), chance.one_of(&REMARKS)))
            .collect(),
    }
}

fn loaded(profile: &Profile) -> Option<Loaded> {
    let profile = load::decode(&pprof::encode(profile)).ok()?;
    Some(Loaded::new("a.pb.gz".into(), profile))
}

/// Words of a command line become what `lockprof report` prints, if they make sense.
fn report(words: &[&str], files: &[Loaded]) -> Option<String> {
    let line = ["lockprof", "report"].iter().chain(words).chain(&["x"]);
    let matches = args::command().try_get_matches_from(line).ok()?;
    let request = report::Request::new(matches.subcommand().unwrap().1).ok()?;
    Some(request.render(files))
}

fn expect_text(text: &str, words: &[&str]) {
    let is_escape = |c: char| c == '\u{1b}' || c == '\0';
    assert!(!text.contains(is_escape), "{words:?}: {text:?}");
}

#[test]
fn every_report_of_any_profile_is_text() {
    const FORMATS: [&str; 7] = [
        "table",
        "markdown",
        "json",
        "csv",
        "folded",
        "speedscope",
        "dot",
    ];
    const BY: [&str; 8] = [
        "lock", "name", "site", "thread", "edge", "holder", "sync", "kind",
    ];
    let mut made = 0;
    let is_enough = chance::rounds(200, |chance| {
        let files: Vec<_> = (0..=chance.below(2))
            .filter_map(|_| loaded(&any_profile(chance)))
            .collect();
        let begin = Instant::now();
        let words = [
            "--format",
            chance.one_of(&FORMATS),
            "--by",
            chance.one_of(&BY),
        ];
        let more = [
            &["--top", "0"][..],
            &["--histogram"],
            &["--lock", "a|0x"],
            &["--min-wait", "1us"],
            &["--root", "lock"],
            &["--kind", "mutex"],
        ];
        let words = [&words[..], chance.one_of(&more)].concat();
        if let Some(text) = report(&words, &files) {
            made += 1;
            expect_text(&text, &words);
            if words[1] == "json" || words[1] == "speedscope" {
                serde_json::from_str::<serde_json::Value>(&text).unwrap();
            }
        }
        assert!(begin.elapsed() < VIEW_MAX, "{words:?}");
    });
    assert!(made > 60 || !is_enough, "{made}");
}

#[test]
fn every_picture_page_and_comparison_of_any_profiles_is_made() {
    let all = Filter::default();
    chance::rounds(60, |chance| {
        let two = [any_profile(chance), any_profile(chance)];
        let Some([mut before, mut after]) =
            Some(two.each_ref().map(loaded)).and_then(|[a, b]| Some([a?, b?]))
        else {
            return;
        };
        let begin = Instant::now();
        let measure = &MEASURES[chance.below(MEASURES.len())];
        let root = chance.one_of(&[Root::None, Root::Lock, Root::Thread]);
        let files = [before.clone(), after.clone()];
        let flame = Flame {
            title: "t",
            measure,
            is_icicle: chance.is_one_in(2),
        };
        let _ = flame.render(Stacks::new(&files, root, &all));
        expect_text(&digest::render(&files, output::error_paper()), &["run"]);
        let page = Page {
            files: &files,
            problems: &[],
            version: None,
        };
        assert!(!page.render().contains("</script><b>"));
        let _ = rates::between(
            &Sums::new(&files[0].profile),
            &Sums::new(&files[1].profile),
            &[],
        );
        let by = chance.one_of(&[By::Name, By::Site]);
        let scale = chance.one_of(&[Scale::Whole, Scale::Second, Scale::Auto]);
        let mut diff = Diff::new([&mut before, &mut after], by, &all, scale);
        let first = chance.below(QUANTITIES.len());
        diff.arrange(first, chance.edge());
        let view = View {
            diff: &diff,
            by,
            first,
            top: Some(20),
            files: ["a".to_owned(), "b".to_owned()],
            width: Some(80),
        };
        expect_text(&view.table(), &["diff"]);
        let _ = (view.markdown(), view.csv());
        serde_json::from_str::<serde_json::Value>(&view.json(&[])).unwrap();
        assert!(begin.elapsed() < VIEW_MAX);
    });
}

#[test]
fn damaged_files_are_read_or_refused_in_one_line() {
    let (mut read, mut refused) = (0, 0);
    let is_enough = chance::rounds(1_000, |chance| {
        let mut bytes = pprof::encode(&any_profile(chance));
        let is_packed = chance.is_one_in(2);
        if is_packed {
            bytes = packed(&bytes);
        }
        chance.damage(&mut bytes);
        match load::decode(&bytes) {
            Ok(profile) => {
                read += 1;
                let file = Loaded::new("a".into(), profile);
                let _ = report(&["--format", "json"], &[file]);
            }
            Err(reason) => {
                refused += 1;
                assert!(reason.len() < 300 && !reason.contains('\n'), "{reason}");
            }
        }
    });
    if is_enough {
        assert!(read > 20 && refused > 100, "{read} read, {refused} refused");
    }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[test]
fn any_words_are_options_or_one_line_about_them() {
    const SENSE: [&str; 10] = [
        "wait>+20%",
        "hold>=5ms",
        "acquired<-3",
        "a(b|c)*",
        "10ms",
        "1.5s",
        "18446744073709551616s",
        "mutex,spin",
        "lock",
        "0",
    ];
    const OPTIONS: [&str; 9] = [
        "--lock",
        "--thread",
        "--focus",
        "--ignore",
        "--kind",
        "--min-wait",
        "--top",
        "--sort",
        "--by",
    ];
    let (mut taken, mut refused) = (0, 0);
    let is_enough = chance::rounds(3_000, |chance| {
        let mut word = chance.one_of(&SENSE).as_bytes().to_vec();
        if !chance.is_one_in(4) {
            chance.damage(&mut word);
        }
        let word = String::from_utf8_lossy(&word).replace('\0', "");
        if let Err(mistake) = Condition::new(&word) {
            assert!(
                !mistake.trim_end().contains('\n') || word.contains('\n'),
                "{mistake}"
            );
        }
        let line = format!("{}={word}", chance.one_of(&OPTIONS));
        match report(&[&line], &[]) {
            Some(_) => taken += 1,
            None => refused += 1,
        }
    });
    if is_enough {
        assert!(
            taken > 100 && refused > 100,
            "{taken} taken, {refused} refused"
        );
    }
}
