//! Maps that are sound, broken, growing, replaced and not to be trusted.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::*;

fn jit(addresses: &[u64]) -> Jit {
    let mut jit = Jit::default();
    addresses.iter().for_each(|&address| jit.ask(address));
    jit
}

fn read(jit: &mut Jit, map: impl AsRef<[u8]>) -> u64 {
    jit.read_lines(map.as_ref()).unwrap_or(u64::MAX)
}

/// A file of this test's own; removed on drop.
struct Map(PathBuf);

impl Map {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lockprof-{name}-{}", sys::process_id()));
        let map = Self(path);
        let _ = fs::remove_file(&map.0);
        map
    }

    fn path(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn an_address_has_the_name_of_the_last_function_that_holds_it() {
    let mut jit = jit(&[0xfff, 0x1000, 0x100f, 0x1010, 0x2004]);
    read(
        &mut jit,
        "1000 10 old name\n1000 10 LazyCompile:*f /a b.js:1:2\n2000 8 py::g:/x.py\n0x2004 4 h\n",
    );
    let names = [0xfff, 0x1000, 0x100f, 0x1010, 0x2004].map(|address| jit.name(address));
    let f = Some("LazyCompile:*f /a b.js:1:2");
    assert_eq!(names, [None, f, f, None, Some("h")]);
    assert_eq!(jit.remarks(), Vec::<String>::new());
}

#[test]
fn lines_that_make_no_sense_are_counted_and_change_nothing() {
    let mut jit = jit(&[0x1000, u64::MAX]);
    let broken: [&[u8]; 11] = [
        b"",
        b"1000",
        b"1000 10",
        b"1000 10 ",
        b"1000 0 f",
        b"+1000 10 f",
        b"10g0 10 f",
        b"11111111111111111 10 f",
        b"1000  10 f",
        b"1000 -1 f",
        b"\xff\xfe 10 f",
    ];
    let mut map = broken.join(&b"\n"[..]);
    map.extend_from_slice(b"\nffffffffffffffff ffffffffffffffff edge\n");
    read(&mut jit, map);
    assert_eq!((jit.name(0x1000), jit.broken), (None, 11));
    assert_eq!(jit.name(u64::MAX), Some("edge"));
    assert!(jit.remarks()[0].starts_with("11 lines of /tmp/perf-"));
}

#[test]
fn names_that_are_no_text_or_too_long_are_made_to_fit() {
    let mut jit = jit(&[0x10, 0x20, 0x30]);
    let long = "x".repeat(70_000);
    let mut map = b"10 8 a\xff\n".to_vec();
    map.extend_from_slice(format!("20 8 {}\n20 8 {long}\n30 8 c\n", "y".repeat(500)).as_bytes());
    let len = map.len() as u64;
    assert_eq!(read(&mut jit, map), len);
    assert_eq!(jit.name(0x10), Some("a\u{fffd}"));
    assert_eq!(jit.name(0x20).map(str::len), Some(NAME_MAX));
    assert_eq!((jit.name(0x30), jit.broken), (Some("c"), 1));
}

/// The names by the rules alone: the last line that holds an address.
fn by_the_rules(map: &[u8], address: u64) -> Option<String> {
    let end = map.iter().rposition(|&byte| byte == b'\n')?;
    let lines = map[..end].split(|&byte| byte == b'\n');
    let holds = |line: &Line<'_>| {
        (line.start..=line.start.saturating_add(line.size - 1)).contains(&address)
    };
    let last = lines.filter_map(Line::parse).rfind(holds)?;
    Some(String::from_utf8_lossy(last.name).into_owned())
}

#[test]
fn damaged_maps_are_read_to_their_end_and_their_sound_lines_are_found() {
    let (mut named, mut broken) = (0, 0);
    let is_enough = chance::rounds(400, |chance| {
        let mut map = Vec::new();
        for _ in 0..chance.below(60) {
            let start = 0x1000 + 8 * chance.below(64);
            let size = chance.one_of(&[8, 16, 64]);
            let name = "f".repeat(1 << chance.below(10));
            map.extend_from_slice(format!("{start:x} {size:x} {name} {start}\n").as_bytes());
        }
        chance.damage(&mut map);
        let addresses: Vec<u64> = (0..64)
            .map(|at| 0x1000 + 8 * at)
            .chain([0, u64::MAX])
            .collect();
        let mut jit = jit(&addresses);
        let whole = map
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1);
        assert_eq!(read(&mut jit, &map), whole as u64);
        for address in addresses {
            let name = jit.name(address).map(str::to_owned);
            assert_eq!(name, by_the_rules(&map, address), "{address:#x}");
            named += u64::from(name.is_some());
        }
        broken += jit.broken;
    });
    if is_enough {
        assert!(
            named > 1_000 && broken > 50,
            "{named} named, {broken} broken"
        );
    }
}

#[test]
fn a_map_whose_every_line_holds_every_address_is_not_read_for_ever() {
    let map = Map::new("overlapping");
    let mut jit = Jit::default();
    (0..ASKED_MAX as u64).for_each(|address| jit.ask(address));
    fs::write(&map.0, "0 ffffffff f\n".repeat(20_000)).unwrap_or_default();
    jit.path = map.path();
    jit.look_up();
    assert_eq!(jit.found, FOUND_MAX);
    assert_eq!(jit.name(77), Some("f"));
    assert!(jit.remarks()[0].ends_with("too many lines for the same addresses"));
}

#[test]
fn what_is_added_to_a_map_is_read_later_and_what_was_read_is_not() {
    let map = Map::new("growing");
    let mut jit = jit(&[0x10, 0x20]);
    jit.path = map.path();
    jit.look_up();
    assert_eq!(jit.remarks(), Vec::<String>::new(), "nobody writes one");
    fs::write(&map.0, "10 8 first\nnonsense\n20 8 hal").unwrap_or_default();
    jit.look_up();
    assert_eq!((jit.name(0x10), jit.name(0x20)), (Some("first"), None));
    fs::write(&map.0, "10 8 other\nnonsense\n20 8 half\n").unwrap_or_default();
    jit.look_up();
    assert_eq!(
        (jit.name(0x10), jit.name(0x20)),
        (Some("first"), Some("half"))
    );
    assert_eq!(jit.broken, 1);
    // A new address may be in what was read before.
    jit.ask(0x14);
    jit.look_up();
    assert_eq!(
        (jit.name(0x10), jit.name(0x14)),
        (Some("other"), Some("other"))
    );
    assert_eq!(jit.broken, 1);
    fs::write(&map.0, "10 8 new\n").unwrap_or_default();
    jit.look_up();
    assert_eq!(
        (jit.name(0x10), jit.name(0x20)),
        (Some("new"), Some("half"))
    );
}

#[test]
fn only_a_file_of_our_own_is_trusted() {
    let map = Map::new("trusted");
    let user = sys::effective_user();
    let reason = |user| match open(&map.path(), user) {
        Err(Refused::Because(reason)) => reason,
        Err(Refused::Absent) => "absent".to_owned(),
        Ok(_) => "trusted".to_owned(),
    };
    assert_eq!(reason(user), "absent");
    fs::write(&map.0, "10 8 f\n").unwrap_or_default();
    assert_eq!(reason(user), "trusted");
    assert_eq!(reason(user + 1), "not read: it belongs to another user");
    let target = Map::new("target");
    let _ = fs::rename(&map.0, &target.0);
    let _ = symlink(&target.0, &map.0);
    assert_eq!(reason(user), "not read: a symbolic link");
    let _ = fs::remove_file(&map.0);
    let _ = fs::create_dir(&map.0);
    assert_eq!(reason(user), "not read: no regular file");
    let _ = fs::remove_dir(&map.0);
}

#[test]
fn no_more_addresses_are_asked_for_than_there_is_room_for() {
    let mut jit = Jit::default();
    for address in 0..2 * ASKED_MAX as u64 {
        jit.ask(address);
    }
    assert_eq!(jit.names.len(), ASKED_MAX);
    assert_eq!(
        jit.remarks(),
        ["not more than 4096 addresses are looked up"]
    );
}
