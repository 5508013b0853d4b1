//! What comments say, well formed or not.

use contract::comment::NOT_HOOKED;

use super::*;
use crate::analyse::remarks::{self, Check, Remarks};

fn collected(comments: &[&str]) -> Remarks {
    let mut profile = profile(&["main"], Vec::new());
    profile.comments = comments.iter().map(|text| (*text).to_owned()).collect();
    remarks::collect([&profile, &profile])
}

#[test]
fn exact_and_estimated_waiting_add_up_over_kinds_and_files() {
    let remarks = collected(&[
        "exact waits of mutex: 1200 of 3000000 ns, estimated 1180 of 2950000 ns",
        "exact waits of a kind of 7 ns, estimated: 1 of 50 ns, estimated 2 of 60 ns",
        "exact waits: 5 of 9 ns in all",
    ]);
    assert_eq!(
        remarks.check,
        Some(Check {
            exact_ns: 6_000_100,
            estimated_ns: 5_900_120
        })
    );
}

#[test]
fn the_oldest_open_hold_is_kept_with_what_is_known_about_it() {
    let about = "lock cache_mu at 0x55d0, thread Writer, 1 ns, taken in update";
    let remarks = collected(&[
        "open holds: 2 for 200, 1500000000 ns in all",
        "open hold: 20 ns, lock log at 0x1, thread w, taken in log",
        &format!("open hold: 1500000000 ns, {about}"),
    ]);
    assert_eq!(remarks.open_holds, 4);
    assert_eq!(remarks.oldest, Some((1_500_000_000, about.to_owned())));
}

#[test]
fn losses_are_kept_once_each() {
    let deep = format!("{NOT_HOOKED}/lib/deep.so");
    let left_out = "left out, as asked for: 5 acquisitions";
    let remarks = collected(&["lost: b", left_out, "lost: a", "lost: b", "pid: 42", &deep]);
    assert_eq!(remarks.left_out, [left_out]);
    assert_eq!(remarks.losses, [deep.as_str(), "lost: a", "lost: b"]);
}

#[test]
fn a_thread_has_a_name_if_any_of_its_rows_has_one() {
    let thread = |id, name: Option<&str>| {
        let mut labels = vec![number(label::THREAD_NATIVE_ID, id)];
        labels.extend(name.map(|name| text(label::THREAD_NAME, name)));
        with(acquired(&[0], "mu", [1, 0, 0]), &labels)
    };
    let samples = vec![
        thread(1, None),
        thread(1, Some("w")),
        thread(2, None),
        thread(2, None),
        thread(3, Some("x")),
        // As the library calls who has no name.
        thread(4, Some("4")),
        acquired(&[0], "mu", [1, 0, 0]),
    ];
    let remarks = remarks::collect([&profile(&["f"], samples)]);
    assert_eq!(remarks.nameless, 2);
}

#[test]
fn damaged_comments_say_nothing() {
    let remarks = collected(&[
        "exact waits of mutex: 1200",
        "exact waits of mutex: 1 of x ns, estimated 1 of 2 ns",
        "exact waits of mutex: 1 of 2 ns, estimated 99999999999999999999999 of ns",
        "exact waits of ",
        "open holds: many",
        "open hold: 5 seconds, lock a",
        "open hold: x ns, lock a",
        "open hold: ",
    ]);
    assert_eq!(remarks, Remarks::default());
}
