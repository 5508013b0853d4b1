//! Numbers for people: three significant digits and a unit.

use crate::analyse::totals::millipercent;

/// Up to here counts are written out.
const WRITTEN_OUT: u64 = 99_999;

/// `12,345`, `123k`, `4.57M`.
pub(crate) fn count(count: u64) -> String {
    if count <= WRITTEN_OUT {
        return grouped(count);
    }
    [(1_000, "k"), (1_000_000, "M"), (1_000_000_000, "G")]
        .into_iter()
        .find_map(|(one, unit)| Some(format!("{}{unit}", three_digits(count, one)?)))
        .unwrap_or_else(|| format!("{}G", grouped(rounded(count, 1_000_000_000))))
}

/// `123 ns`, `4.57 µs`, `1.20 s`.
pub(crate) fn time(ns: u64) -> String {
    if ns < 1_000 {
        return format!("{ns} ns");
    }
    [(1_000, "µs"), (1_000_000, "ms"), (1_000_000_000, "s")]
        .into_iter()
        .find_map(|(one, unit)| Some(format!("{} {unit}", three_digits(ns, one)?)))
        .unwrap_or_else(|| format!("{} s", grouped(rounded(ns, 1_000_000_000))))
}

/// `12.3%` from thousandths of a per cent.
pub(crate) fn share(millipercent: u64) -> String {
    match millipercent {
        0 => "0%".to_owned(),
        1..50 => "<0.1%".to_owned(),
        50..99_950 => {
            let tenths = rounded(millipercent, 100);
            format!("{}.{}%", tenths / 10, tenths % 10)
        }
        _ => format!("{}%", grouped(rounded(millipercent, 1_000))),
    }
}

/// `±3.1%`, or `exact`: how much a number may be off, as a part of it, rounded up.
/// None where the number is 0.
pub(crate) fn error(half_width: u64, of: u64) -> Option<String> {
    let millipercent = millipercent(half_width, of)?;
    Some(match (half_width, millipercent) {
        (0, _) => "exact".to_owned(),
        (_, 0..9_900) => format!("±{}", share((millipercent / 100 + 1) * 100)),
        (_, 9_900..999_000) => format!("±{}%", millipercent / 1_000 + 1),
        _ => "±1,000%".to_owned(),
    })
}

/// A word for one or many of something, with the number before it.
pub(crate) fn of(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A number in units of `one`, with three digits; none if that needs more.
fn three_digits(number: u64, one: u64) -> Option<String> {
    let hundredths = rounded(number, one / 100);
    if hundredths < 1_000 {
        return Some(format!("{}.{:02}", hundredths / 100, hundredths % 100));
    }
    let tenths = rounded(number, one / 10);
    if tenths < 1_000 {
        return Some(format!("{}.{}", tenths / 10, tenths % 10));
    }
    let ones = rounded(number, one);
    (ones < 1_000).then(|| ones.to_string())
}

/// How often `one` fits, to the nearest.
fn rounded(number: u64, one: u64) -> u64 {
    let rest = number.checked_rem(one).unwrap_or(0);
    let whole = number.checked_div(one).unwrap_or(0);
    whole.saturating_add(u64::from(rest >= one - rest))
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_written_out_or_have_three_digits() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (99_999, "99,999"),
            (100_000, "100k"),
            (123_456, "123k"),
            (999_499, "999k"),
            (999_500, "1.00M"),
            (1_234_567, "1.23M"),
            (45_678_901, "45.7M"),
            (999_999_999, "1.00G"),
            (u64::MAX, "18,446,744,074G"),
        ] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn times_have_three_digits_and_the_unit_that_fits() {
        for (ns, text) in [
            (0, "0 ns"),
            (7, "7 ns"),
            (999, "999 ns"),
            (1_000, "1.00 µs"),
            (1_234, "1.23 µs"),
            (12_345, "12.3 µs"),
            (123_456, "123 µs"),
            (999_499, "999 µs"),
            (999_500, "1.00 ms"),
            (9_995_000, "10.0 ms"),
            (99_950_000, "100 ms"),
            (1_500_000_000, "1.50 s"),
            (999_400_000_000, "999 s"),
            (12_345_000_000_000, "12,345 s"),
        ] {
            assert_eq!(time(ns), text);
        }
    }

    #[test]
    fn shares_show_what_is_small_and_what_is_more_than_all() {
        for (millipercent, text) in [
            (0, "0%"),
            (1, "<0.1%"),
            (49, "<0.1%"),
            (50, "0.1%"),
            (12_345, "12.3%"),
            (99_949, "99.9%"),
            (99_950, "100%"),
            (100_000, "100%"),
            (1_234_000, "1,234%"),
        ] {
            assert_eq!(share(millipercent), text);
        }
    }

    #[test]
    fn errors_are_parts_of_what_they_are_about() {
        for (half_width, of, text) in [
            (0, 7, Some("exact")),
            (0, 0, None),
            (1, 0, None),
            (1, 1_000_000, Some("±0.1%")),
            (305, 10_000, Some("±3.1%")),
            (9_899, 100_000, Some("±9.9%")),
            (99, 1_000, Some("±10%")),
            (1_254, 10_000, Some("±13%")),
            (4_565, 1_000, Some("±457%")),
            (10_000, 1, Some("±1,000%")),
        ] {
            assert_eq!(error(half_width, of).as_deref(), text);
        }
    }

    #[test]
    fn one_and_many_differ() {
        assert_eq!(of(1, "wait", "waits"), "1 wait");
        assert_eq!(of(0, "wait", "waits"), "0 waits");
        assert_eq!(of(2_000, "wait", "waits"), "2,000 waits");
    }
}
