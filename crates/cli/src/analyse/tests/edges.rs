//! Who waits for whom, what holders caused, and locks merged by name.

use super::*;

/// Waiting at these frames for a holder: acquired, waiting time, waits.
fn waited_for(stack: &[usize], lock: &str, numbers: [i64; 3], holder: &str) -> Sample {
    let labels = [text(label::BLOCKING_SITE, holder)];
    with(acquired(stack, lock, numbers), &labels)
}

fn edges(samples: Vec<Sample>) -> Vec<Row> {
    rows(&[profile(&["main", "reader", "writer"], samples)], By::Edge)
}

/// Waiter, holder and lock of an edge.
fn ends(row: &Row) -> (String, &str, &str) {
    match &row.key {
        Key::Edge {
            waiter,
            holder,
            lock,
        } => (
            waiter.to_string(),
            holder.function.as_str(),
            lock.name.as_str(),
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_edge_is_a_waiter_a_holder_and_a_lock() {
    let rows = edges(vec![
        waited_for(&[1, 0], "mu", [5, 300, 3], "flush"),
        waited_for(&[1, 0], "mu", [5, 500, 2], "flush"),
        waited_for(&[1, 0], "mu", [5, 100, 1], "evict"),
        waited_for(&[1, 0], "log", [5, 50, 1], "flush"),
        waited_for(&[2, 0], "mu", [5, 40, 1], "flush"),
        acquired(&[1, 0], "mu", [5, 10, 1]),
        // Neither of these waited.
        acquired(&[1, 0], "mu", [5, 0, 0]),
        released(&[2, 0], "mu", [5, 900, 950]),
    ]);
    let found: Vec<_> = rows
        .iter()
        .map(|row| (ends(row), row.totals.waits, row.totals.wait_ns()))
        .collect();
    let end = |waiter: &str, holder, lock| (waiter.to_owned(), holder, lock);
    assert_eq!(
        found,
        [
            (end("reader", "[unknown]", "mu"), 1, 10),
            (end("reader", "evict", "mu"), 1, 100),
            (end("reader", "flush", "log"), 1, 50),
            (end("reader", "flush", "mu"), 5, 800),
            (end("writer", "flush", "mu"), 1, 40),
        ]
    );
    assert!(rows.iter().all(|row| row.whole.wait_ns == 1_000));
}

#[test]
fn waiting_that_was_in_vain_is_an_edge_too() {
    let timed_out = with(
        waited_for(&[1, 0], "mu", [0, 700, 1], "flush"),
        &[text(label::RESULT, "timeout")],
    );
    let busy = with(
        acquired(&[1, 0], "mu", [0, 0, 9]),
        &[text(label::RESULT, "busy")],
    );
    let rows = edges(vec![timed_out, busy]);
    assert_eq!(rows.len(), 1);
    assert_eq!(ends(&rows[0]).1, "flush");
    assert_eq!((rows[0].totals.failed, rows[0].totals.wait_ns()), (1, 700));
}

#[test]
fn the_root_of_a_chain_and_the_holding_thread_are_those_of_most_of_the_waiting() {
    let by = |time, root: Option<&str>, thread: &str| {
        let mut sample = waited_for(&[1, 0], "mu", [1, time, 1], "flush");
        sample
            .labels
            .extend(root.map(|root| text(label::ROOT_BLOCKING_SITE, root)));
        let thread = text(label::BLOCKING_THREAD_NAME, thread);
        sample.labels.push(thread);
        sample
    };
    let of = |samples| {
        let row = edges(samples).remove(0);
        (row.root_site, row.holder_thread)
    };
    let some = |name: &str| Some(name.to_owned());
    let (far, near) = (by(60, Some("fsync_all"), "w-1"), by(50, None, "w-2"));
    assert_eq!(
        of(vec![far.clone(), near]),
        (site("fsync_all"), some("w-1"))
    );
    assert_eq!(of(vec![far, by(70, None, "w-2")]), (None, some("w-2")));
    // A chain that ends with the holder is none.
    assert_eq!(of(vec![by(60, Some("flush"), "w-1")]).0, None);
}

/// `writer` with what was found out since about its call at this address: what it has
/// inlined there, and a line.
fn with_lines(mut profile: Profile, address: u64) -> Profile {
    let (inlined, writer) = (profile.functions.len(), 2);
    profile.functions.push(Function {
        name: "flush_now".to_owned(),
        file: "/src/w.c".to_owned(),
        ..Function::default()
    });
    let line = |function, line| Line { function, line };
    let location = &mut profile.locations[writer];
    location.address = address;
    location.lines = vec![line(inlined, 7), line(writer, 30)];
    profile
}

#[test]
fn with_lines_an_edge_and_a_holder_name_one_place() {
    let mut waited = waited_for(&[1, 0], "mu", [5, 300, 3], "writer");
    waited.labels.extend([
        number(label::BLOCKING_ADDRESS, 0xf00),
        text(label::ROOT_BLOCKING_SITE, "writer"),
        number(label::ROOT_BLOCKING_ADDRESS, 0xbad),
    ]);
    let released = released(&[2, 0], "mu", [5, 10, 300]);
    let profile = profile(&["main", "reader", "writer"], vec![waited, released]);
    let profile = with_lines(profile, 0xf00);
    let edge = rows(std::slice::from_ref(&profile), By::Edge).remove(0);
    let Key::Edge { holder, .. } = &edge.key else {
        panic!("{:?}", edge.key)
    };
    let by_holder = rows(std::slice::from_ref(&profile), By::Holder).remove(0);
    assert_eq!(by_holder.key, Key::Site(Rc::clone(holder)));
    assert_eq!(holder.to_string(), "flush_now (w.c:7)");
    // Of an address that the profile does not know the name is all there is.
    assert_eq!(edge.root_site, site("writer"));
    // Once it does, that chain ends with the holder and so is none.
    let mut known = profile;
    known.samples[0].labels.pop();
    let same = number(label::ROOT_BLOCKING_ADDRESS, 0xf00);
    known.samples[0].labels.push(same);
    assert_eq!(rows(&[known], By::Edge).remove(0).root_site, None);
}

#[test]
fn edges_of_namesakes_are_told_apart() {
    let mut elsewhere = waited_for(&[1, 0], "mu", [1, 5, 1], "flush");
    elsewhere.labels[1] = text(label::LOCK, "0x20");
    let same = || waited_for(&[1, 0], "mu", [1, 5, 1], "flush");
    let other = || waited_for(&[2, 0], "mu", [1, 5, 1], "flush");
    assert!(
        edges(vec![same(), elsewhere])
            .iter()
            .all(|row| row.is_namesake)
    );
    // One lock at the end of two edges is no namesake of itself.
    assert!(
        !edges(vec![same(), other()])
            .iter()
            .any(|row| row.is_namesake)
    );
}

#[test]
fn holders_are_blamed_for_the_waiting_they_caused() {
    let samples = vec![
        acquired(&[1, 0], "mu", [5, 1_000, 3]),
        released(&[1, 0], "mu", [5, 10, 100]),
        released(&[2, 0], "mu", [5, 90, 300]),
        released(&[2, 0], "log", [5, 80, 600]),
    ];
    let rows = rows(
        &[profile(&["main", "reader", "writer"], samples)],
        By::Holder,
    );
    let found: Vec<_> = rows
        .iter()
        .map(|row| (row.key.clone(), row.totals.blocked_ns, row.lock.as_deref()))
        .collect();
    let site = |name| Key::Site(site(name).unwrap());
    assert_eq!(
        found,
        [
            (site("reader"), 100, Some("mu")),
            (site("writer"), 900, Some("log")),
        ]
    );
    assert_eq!(rows[1].totals.wait_ns(), 0);
    assert_eq!(rows[1].whole.wait_ns, 1_000);
}

#[test]
fn locks_of_one_name_are_one_row_with_their_number() {
    let at = |lock, address, kind| {
        let mut sample = acquired(&[0], lock, [10, 100, 1]);
        sample.labels[1] = text(label::LOCK, address);
        with(sample, &[text(label::LOCK_KIND, kind)])
    };
    let samples = vec![
        at("conn", "0x10", "mutex"),
        at("conn", "0x10", "mutex"),
        at("conn", "0x20", "mutex"),
        at("pool", "0x30", "recursive"),
    ];
    let rows = rows(&[profile(&["main"], samples)], By::Name);
    let found: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.key.lock_name().unwrap(),
                row.locks,
                row.totals.wait_ns(),
            )
        })
        .collect();
    assert_eq!(found, [("conn", 2, 300), ("pool", 1, 100)]);
}

#[test]
fn the_longest_queue_of_a_lock_is_the_longest_of_its_rows() {
    let queue = |most| {
        with(
            acquired(&[0], "mu", [1, 5, 1]),
            &[number(label::QUEUE_MAX, most)],
        )
    };
    let rows = rows(
        &[profile(&["f"], vec![queue(3), queue(7), queue(5)])],
        By::Lock,
    );
    assert_eq!(rows[0].totals.queue_max, 7);
}

#[test]
fn the_time_of_all_threads_is_summed_up_file_by_file() {
    let by = |id| {
        with(
            acquired(&[0], "mu", [1, 5, 1]),
            &[number(label::THREAD_NATIVE_ID, id)],
        )
    };
    let one = profile(&["f"], vec![by(1), by(2), by(2), by(3)]);
    let mut two = profile(&["f"], vec![by(1), acquired(&[0], "mu", [1, 5, 1])]);
    two.duration_ns = 500;
    let whole = analyse([&one, &two], By::Lock).whole;
    // 3 threads for 10,000 ns and 1 for 500 ns.
    assert_eq!((whole.threads, whole.threads_ns), (4, 30_500));
    assert_eq!((whole.wall_ns, whole.wait_ns), (10_500, 30));
}
