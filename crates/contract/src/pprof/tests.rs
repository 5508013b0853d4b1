//! What goes through the encoder comes back; what did not come from it cannot hurt.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use prost::Message;

use super::{DecodeError, Encoder, Schema, decode, encode, encode_times, proto};
use crate::profile::{Function, Label, LabelValue, Line, Location, Mapping, Profile, Sample};
use crate::sample_type;

fn text(key: &str, value: &str) -> Label {
    Label {
        key: key.to_owned(),
        value: LabelValue::Text(value.to_owned()),
    }
}

fn number(key: &str, value: i64) -> Label {
    Label {
        key: key.to_owned(),
        value: LabelValue::Number(value, sample_type::NANOSECONDS.to_owned()),
    }
}

fn profile() -> Profile {
    let function = |name: &str| Function {
        name: name.to_owned(),
        system_name: format!("_Z{name}"),
        file: format!("/src/{name}.cc"),
        start_line: 3,
    };
    let line = |function, line| Line { function, line };
    Profile {
        start_unix_ns: 1_700_000_000_000_000_000,
        duration_ns: 10_000_000_000,
        mappings: vec![Mapping {
            start: 0x5000,
            limit: 0x9000,
            file_offset: 0x1000,
            file: "/bin/app".to_owned(),
            build_id: "00ff".to_owned(),
            has_functions: true,
            ..Mapping::default()
        }],
        functions: vec![function("main"), function("work")],
        locations: vec![
            Location {
                address: 0x5010,
                mapping: Some(0),
                lines: vec![line(1, 5), line(0, 9)],
            },
            Location {
                address: 0x7777,
                mapping: None,
                lines: Vec::new(),
            },
        ],
        samples: vec![
            Sample {
                stack: vec![1, 0],
                values: [1, 2, 3, 4, 5, 6, 7, 8, 9],
                labels: vec![text("lock name", "cache_mu"), number("duration bucket", 64)],
            },
            Sample {
                stack: Vec::new(),
                values: [0, i64::MAX, 0, 0, 0, 0, 0, 0, 0],
                labels: vec![number("thread id", -1)],
            },
        ],
        comments: vec!["pid: 42".to_owned(), "lost: nothing — ü".to_owned()],
    }
}

fn message() -> proto::Profile {
    proto::Profile::decode(encode(&profile()).as_slice()).unwrap()
}

fn broken(change: impl FnOnce(&mut proto::Profile)) -> DecodeError {
    let mut message = message();
    change(&mut message);
    decode(&message.encode_to_vec()).unwrap_err()
}

#[test]
fn a_profile_comes_back_as_it_went() {
    assert_eq!(decode(&encode(&profile())), Ok(profile()));
    let empty = Profile::default();
    assert_eq!(decode(&encode(&empty)), Ok(empty));
}

#[test]
fn the_header_is_what_pprof_demands() {
    let message = message();
    let string = |index: i64| message.string_table[usize::try_from(index).unwrap()].as_str();
    assert_eq!(message.string_table[0], "");
    let types: Vec<_> = message
        .sample_type
        .iter()
        .map(|t| (string(t.r#type), string(t.unit)))
        .collect();
    let expected: Vec<_> = sample_type::ALL.iter().map(|(_, n, u)| (*n, *u)).collect();
    assert_eq!(types, expected);
    assert_eq!(string(message.default_sample_type), "lock-acquire-wait");
    let period = message.period_type.unwrap();
    assert_eq!(
        (string(period.r#type), string(period.unit)),
        ("contentions", "count")
    );
    assert_eq!(message.period, 1);
    assert_eq!(string(message.drop_frames), crate::wrapper::drop_frames());
}

#[test]
fn identifiers_count_from_one_and_texts_stand_once() {
    let message = message();
    assert!((1..).zip(&message.location).all(|(id, l)| l.id == id));
    assert!((1..).zip(&message.mapping).all(|(id, m)| m.id == id));
    assert!((1..).zip(&message.function).all(|(id, f)| f.id == id));
    let mut texts = message.string_table.clone();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), message.string_table.len());
}

#[test]
fn rows_without_a_value_are_left_out() {
    let mut profile = profile();
    profile.samples[0].values = [0; 9];
    profile.samples[1].values = [-5, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(decode(&encode(&profile)).unwrap().samples, Vec::new());
}

#[test]
fn references_outside_a_table_are_left_out() {
    let mut profile = profile();
    profile.samples[0].stack.push(99);
    profile.locations[0].lines.push(Line {
        function: 99,
        line: 1,
    });
    profile.locations[1].mapping = Some(99);
    assert_eq!(decode(&encode(&profile)), Ok(super::tests::profile()));
}

#[test]
fn other_orders_and_further_columns_are_read() {
    let mut message = message();
    message.sample_type.reverse();
    message.sample_type.insert(0, proto::ValueType::default());
    for sample in &mut message.sample {
        sample.value.reverse();
        sample.value.insert(0, 77);
    }
    message.location.reverse();
    message.location[0].id = 1000;
    message.sample[0].location_id[0] = 1000;
    let decoded = decode(&message.encode_to_vec()).unwrap();
    assert_eq!(decoded.samples[0].values, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(
        decoded.locations[decoded.samples[0].stack[0]].address,
        0x7777
    );
}

#[test]
fn a_foreign_profile_is_told_by_what_it_lacks() {
    let mut message = message();
    message.sample_type.truncate(5);
    for sample in &mut message.sample {
        sample.value.truncate(5);
    }
    let error = decode(&message.encode_to_vec()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "not a lock profile: it has no lock-blocked/nanoseconds"
    );
    assert!(matches!(decode(&[]), Err(DecodeError::Foreign(missing)) if missing.len() == 6));
}

#[test]
fn a_profile_from_before_samples_were_counted_is_read_without_them() {
    let mut message = message();
    message.sample_type.truncate(6);
    for sample in &mut message.sample {
        sample.value.truncate(6);
    }
    let decoded = decode(&message.encode_to_vec()).unwrap();
    assert_eq!(decoded.samples[0].values, [1, 2, 3, 4, 5, 6, 0, 0, 0]);
}

#[test]
fn what_refers_to_nothing_is_an_error() {
    for error in [
        broken(|m| m.sample[0].location_id[0] = 99),
        broken(|m| m.location[0].mapping_id = 99),
        broken(|m| m.location[0].line[0].function_id = 99),
        broken(|m| m.location[0].line[0].function_id = 0),
        broken(|m| m.function[0].name = 999),
        broken(|m| m.function[0].name = -1),
        broken(|m| m.comment[0] = i64::MAX),
        broken(|m| m.location[1].id = 1),
        broken(|m| m.location[1].id = 0),
        broken(|m| m.string_table.clear()),
    ] {
        assert!(matches!(error, DecodeError::Dangling(_)), "{error}");
        assert!(!error.to_string().contains('\n'));
    }
}

#[test]
fn rows_that_cannot_be_are_errors() {
    let error = broken(|m| m.sample[0].value.truncate(2));
    assert_eq!(error.to_string(), "unusable row: 2 values for 9 columns");
    let error = broken(|m| m.sample[0].value[0] = -3);
    assert!(error.to_string().contains("negative value -3"), "{error}");
}

#[test]
fn no_truncation_and_no_flipped_bit_panics() {
    let bytes = encode(&profile());
    for len in 0..bytes.len() {
        let _ = decode(&bytes[..len]);
    }
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut bytes = bytes.clone();
            bytes[place] ^= 1 << bit;
            let _ = decode(&bytes);
        }
    }
}

#[test]
fn no_noise_panics() {
    let mut seed: u64 = 7;
    let bytes = encode(&profile());
    for _ in 0..20_000 {
        let mut noise = bytes.clone();
        for _ in 0..4 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let place = usize::try_from(seed >> 40).unwrap() % noise.len();
            noise[place] = (seed >> 32).to_le_bytes()[0];
        }
        let _ = decode(&noise);
    }
}

#[test]
fn a_foreign_schema_has_its_own_columns_and_times_may_come_behind() {
    const SCHEMA: Schema = Schema {
        sample_types: &[("contentions", "count"), ("delay", "nanoseconds")],
        default: "delay",
        period: ("contentions", "count", 3),
    };
    let tables = profile();
    let mut encoder = Encoder::with_schema(Vec::new(), SCHEMA);
    let locations = tables.locations.len();
    let labels = [text("lock_name", "cache_mu")];
    encoder
        .add_values(&[1, 9], &[4, -5, 6], &labels, locations)
        .unwrap();
    encoder.add_values(&[0], &[7], &[], locations).unwrap();
    encoder.add_values(&[0], &[0, -1], &[], locations).unwrap();
    let rows_len = encoder.rows_len();
    let mut bytes = encoder.finish(&tables).unwrap();
    assert!(rows_len > 20 && rows_len < bytes.len(), "{rows_len}");
    bytes.extend(encode_times(42, 1000));

    let message = proto::Profile::decode(bytes.as_slice()).unwrap();
    let text = |index: i64| message.string_table[usize::try_from(index).unwrap()].as_str();
    let types: Vec<_> = message.sample_type.iter().map(|t| text(t.r#type)).collect();
    assert_eq!(types, ["contentions", "delay"]);
    assert_eq!(text(message.default_sample_type), "delay");
    assert_eq!(text(message.period_type.unwrap().r#type), "contentions");
    assert_eq!(message.period, 3);
    let values: Vec<_> = message.sample.iter().map(|s| s.value.as_slice()).collect();
    assert_eq!(values, [[4, 0], [7, 0]], "one value for each column");
    assert_eq!(message.sample[0].location_id, [2]);
    assert_eq!((message.time_nanos, message.duration_nanos), (42, 1000));
}
