//! Filters as programs write them, and none at all.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::bpf::{Data, Instruction, Verdict, verdict};
use super::*;

const LOAD_NUMBER: Instruction = of(0x20, 0, 0, 0);
const ALLOW: Instruction = of(0x06, 0, 0, libc::SECCOMP_RET_ALLOW);
const KILL: Instruction = of(0x06, 0, 0, libc::SECCOMP_RET_KILL_PROCESS);
const REFUSE: Instruction = of(0x06, 0, 0, libc::SECCOMP_RET_ERRNO | 1);

const fn of(code: u16, if_true: u8, if_false: u8, k: u32) -> Instruction {
    Instruction {
        code,
        if_true,
        if_false,
        k,
    }
}

fn data(number: i64, arguments: [u64; 6]) -> Data {
    Data {
        number: number.try_into().unwrap(),
        arguments,
    }
}

/// Jumps over the next instruction unless the accumulator is this.
fn unless(number: i64) -> Instruction {
    of(0x15, 0, 1, number.try_into().unwrap())
}

/// Allows all but what is given; that is answered so.
fn all_but(numbers: &[i64], answer: Instruction) -> Vec<Instruction> {
    let mut filter = vec![LOAD_NUMBER];
    for number in numbers {
        filter.extend([unless(*number), answer]);
    }
    filter.push(ALLOW);
    filter
}

#[test]
fn a_filter_is_harmless_that_kills_nothing_of_ours_or_only_refuses_it() {
    assert_eq!(first_forbidden(&[ALLOW], true), None);
    let other = all_but(&[libc::SYS_ptrace, libc::SYS_mount], KILL);
    assert_eq!(first_forbidden(&other, true), None);
    let refused = all_but(&[libc::SYS_prctl, libc::SYS_openat], REFUSE);
    assert_eq!(first_forbidden(&refused, true), None);
}

#[test]
fn what_a_filter_kills_is_named_and_our_threads_are_asked_only_if_it_is_theirs() {
    assert_eq!(first_forbidden(&[KILL], false), Some("gettid"));
    let name = all_but(&[libc::SYS_prctl], KILL);
    assert_eq!(first_forbidden(&name, false), Some("prctl"));
    let statx = all_but(&[libc::SYS_statx], KILL);
    assert_eq!(first_forbidden(&statx, true), Some("statx"));
    assert_eq!(first_forbidden(&statx, false), None);
    for action in [libc::SECCOMP_RET_TRAP, libc::SECCOMP_RET_USER_NOTIF, 0] {
        let asked = all_but(&[libc::SYS_read], of(0x06, 0, 0, action));
        assert_eq!(first_forbidden(&asked, false), Some("read"));
    }
}

#[test]
fn arguments_decide_where_a_filter_looks_at_them() {
    // mmap that may make code: the lower half of the third argument.
    let filter = [
        LOAD_NUMBER,
        of(0x15, 0, 3, libc::SYS_mmap.try_into().unwrap()),
        of(0x20, 0, 0, 16 + 2 * 8),
        of(0x45, 0, 1, 4),
        KILL,
        ALLOW,
    ];
    assert_eq!(first_forbidden(&filter, true), None);
    let code = data(libc::SYS_mmap, [0, 0, 7, 0, 0, 0]);
    assert_eq!(verdict(&filter, &code), Verdict::Forbidden);
    let upper = [of(0x20, 0, 0, 16 + 4), of(0x15, 0, 1, 0x12), KILL, ALLOW];
    let far = data(0, [0x12_0000_0001, 0, 0, 0, 0, 0]);
    assert_eq!(verdict(&upper, &far), Verdict::Forbidden);
}

#[test]
fn numbers_are_calculated_with_as_the_kernel_does() {
    // ((5 << 2) ^ 1) * 3 - 1 = 62, kept, loaded, negated twice, halved by X.
    let filter = [
        of(0x00, 0, 0, 5),
        of(0x64, 0, 0, 2),
        of(0xa4, 0, 0, 1),
        of(0x24, 0, 0, 3),
        of(0x14, 0, 0, 1),
        of(0x02, 0, 0, 15),
        of(0x01, 0, 0, 2),
        of(0x60, 0, 0, 15),
        of(0x84, 0, 0, 0),
        of(0x84, 0, 0, 0),
        of(0x3c, 0, 0, 0),
        of(0x15, 0, 1, 31),
        ALLOW,
        KILL,
    ];
    assert_eq!(verdict(&filter, &data(0, [0; 6])), Verdict::Harmless);
}

#[test]
fn any_instructions_end_and_break_nothing() {
    let mut random = 88_172_645_463_325_252_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random >> 16
    };
    let mut forbidden = 0;
    for _ in 0..20_000 {
        let filter: Vec<Instruction> = (0..next() % 40)
            .map(|_| {
                let [a, b, c, d, e, f, ..] = next().to_le_bytes();
                let k = if f < 128 {
                    u32::from(e % 80)
                } else {
                    u32::from_le_bytes([c, d, e, f])
                };
                of(u16::from(a), b % 8, c % 8, k)
            })
            .collect();
        forbidden += u32::from(first_forbidden(&filter, true).is_some());
    }
    assert!(forbidden > 100, "{forbidden}");
}

#[test]
fn what_is_no_filter_is_left_to_the_kernel() {
    for address in [0, 16, 17, usize::MAX - 7, 1 << 40] {
        assert!(filter_at(address).is_none(), "{address:#x}");
    }
    let instructions = [ALLOW; 3];
    let whole = Program {
        len: 3,
        instructions: instructions.as_ptr(),
    };
    let at = |program: &Program| std::ptr::from_ref(program) as usize;
    assert_eq!(filter_at(at(&whole)).unwrap().len(), 3);
    for (len, instructions) in [
        (0, instructions.as_ptr()),
        (5000, instructions.as_ptr()),
        (3, std::ptr::null()),
    ] {
        assert!(filter_at(at(&Program { len, instructions })).is_none());
    }
    assert_eq!(Coming::by_seccomp(0, 0, 0), Coming::Strict);
    assert_eq!(Coming::by_seccomp(0, 1, 0), Coming::Nothing);
    assert_eq!(Coming::by_prctl(1, 0), Coming::Strict);
    assert_eq!(Coming::by_prctl(77, 0), Coming::Nothing);
    let all = Coming::Filter {
        address: 5,
        is_for_all: true,
    };
    assert_eq!(Coming::by_seccomp(1, 1, 5), all);
}

#[test]
fn what_we_can_do_without_may_be_forbidden() {
    let filter = all_but(&[libc::SYS_getrusage], KILL);
    assert!(is_forbidden(&filter, &calls::HOW_OFTEN_A_THREAD_SLEPT));
    assert_eq!(first_forbidden(&filter, true), None);
}
