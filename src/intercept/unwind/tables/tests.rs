//! Which rule comes out of which tables, made by hand; and that no bytes break the reader.

mod fuzz;
mod image;

use gimli::constants as dw;

use self::image::{
    Function, Image, NEXT_FUNCTION, R10, RA, RBP, RBX, RSP, advance, def_cfa, def_cfa_offset,
    def_cfa_word_at, expression, offset, op, sleb, uleb,
};
use super::{Cache, Rule};
use crate::intercept::unwind::rule::{Base, SavedBp};

/// The rule for an address in a function of its own.
fn rule_of(function: Function, at: u64) -> Option<Rule> {
    let (module, code) = Image::new(&[function]).load();
    let cache = Cache::new();
    match super::read(&cache, &module, code + at)? {
        // Some of the usual frames have a place in the side table.
        Rule::Large(index) => {
            let (base, words, saved_bp) = cache.large(index)?.parts();
            frame(base, words, saved_bp)
        }
        rule => Some(rule),
    }
}

/// The rule behind these instructions, the last of all.
fn rule(body: &[Vec<u8>]) -> Option<Rule> {
    rule_of(Function::new(body), 0x7000)
}

fn frame(base: Base, words: u32, saved_bp: SavedBp) -> Option<Rule> {
    Some(Rule::Frame {
        base,
        words,
        saved_bp,
    })
}

fn from_sp(words: u32) -> Option<Rule> {
    frame(Base::Sp, words, SavedBp::Kept)
}

#[test]
fn the_frame_is_counted_from_the_stack_pointer_as_it_moves() {
    let body = [
        advance(1),
        def_cfa_offset(16),
        advance(1),
        def_cfa_offset(24),
        advance(7),
        def_cfa_offset(0x1000),
        advance(1),
        def_cfa_offset(8),
    ];
    for (at, words) in [
        (0, 1),
        (1, 2),
        (2, 3),
        (8, 3),
        (9, 512),
        (10, 1),
        (0x7fff, 1),
    ] {
        assert_eq!(rule_of(Function::new(&body), at), from_sp(words), "at {at}");
    }
}

#[test]
fn every_way_to_go_on_to_the_next_place_is_known() {
    let body = [
        advance(63),
        def_cfa_offset(16),
        op(dw::DW_CFA_advance_loc1, &[vec![0xf0]]),
        def_cfa_offset(24),
        op(dw::DW_CFA_advance_loc2, &[vec![0x00, 0x10]]),
        def_cfa_offset(32),
        op(dw::DW_CFA_advance_loc4, &[vec![0x00, 0x20, 0, 0]]),
        def_cfa_offset(40),
    ];
    let second = 63 + 0xf0;
    let (third, fourth) = (second + 0x1000, second + 0x3000);
    for (at, words) in [
        (62, 1),
        (63, 2),
        (second - 1, 2),
        (second, 3),
        (third - 1, 3),
        (third, 4),
        (fourth - 1, 4),
        (fourth, 5),
    ] {
        assert_eq!(rule_of(Function::new(&body), at), from_sp(words), "at {at}");
    }
}

#[test]
fn the_frame_is_counted_from_the_frame_pointer_where_there_is_one() {
    let body = [
        advance(1),
        def_cfa_offset(16),
        offset(RBP, 2),
        advance(3),
        op(dw::DW_CFA_def_cfa_register, &[vec![RBP]]),
        advance(50),
        def_cfa(RSP, 8),
    ];
    let saved = SavedBp::At(-2);
    let expected = [
        (0, from_sp(1)),
        (1, frame(Base::Sp, 2, saved)),
        (4, frame(Base::Bp, 2, saved)),
        (53, frame(Base::Bp, 2, saved)),
        // After `pop %rbp` the tables still say where it was; it is there.
        (54, frame(Base::Sp, 1, saved)),
    ];
    for (at, rule) in expected {
        assert_eq!(rule_of(Function::new(&body), at), rule, "at {at}");
    }
}

#[test]
fn the_frame_pointer_is_found_wherever_it_is_saved() {
    for words in [2, 3, 7, 1000] {
        let body = [def_cfa_offset(8 * (words + 1)), offset(RBP, words)];
        let place = SavedBp::At(-i32::try_from(words).unwrap());
        let size = u32::try_from(words + 1).unwrap();
        assert_eq!(rule(&body), frame(Base::Sp, size, place));
    }
    let extended = op(dw::DW_CFA_offset_extended, &[vec![RBP], uleb(4)]);
    assert_eq!(rule(&[extended]), frame(Base::Sp, 1, SavedBp::At(-4)));
    let signed = op(dw::DW_CFA_offset_extended_sf, &[vec![RBP], sleb(3)]);
    assert_eq!(rule(&[signed]), frame(Base::Sp, 1, SavedBp::At(-3)));
    let above = op(dw::DW_CFA_offset_extended_sf, &[vec![RBP], sleb(-5)]);
    assert_eq!(rule(&[above]), frame(Base::Sp, 1, SavedBp::At(5)));
}

#[test]
fn a_register_given_back_is_where_it_was_at_the_start() {
    let restore = vec![dw::DW_CFA_restore.0 | RBP];
    assert_eq!(rule(&[offset(RBP, 2), restore.clone()]), from_sp(1));
    let same = op(dw::DW_CFA_same_value, &[vec![RBP]]);
    assert_eq!(rule(&[offset(RBP, 2), same]), from_sp(1));
    let undefined = op(dw::DW_CFA_undefined, &[vec![RBP]]);
    assert_eq!(rule(&[undefined]), from_sp(1));
    // Where the start itself says that it is saved, that is what comes back.
    let mut function = Function::new(&[offset(RBP, 9), restore]);
    function.initial.extend(offset(RBP, 2));
    let saved = frame(Base::Sp, 1, SavedBp::At(-2));
    assert_eq!(rule_of(function, 0), saved);
    let lost = op(dw::DW_CFA_undefined, &[vec![RA]]);
    let found = vec![dw::DW_CFA_restore_extended.0, RA];
    assert_eq!(rule(&[lost, found]), from_sp(1));
}

#[test]
fn states_are_remembered_and_restored_four_deep() {
    let remember = || op(dw::DW_CFA_remember_state, &[]);
    let restore = || op(dw::DW_CFA_restore_state, &[]);
    let body = [
        def_cfa(RBP, 16),
        offset(RBP, 2),
        remember(),
        advance(10),
        def_cfa(RSP, 8),
        vec![dw::DW_CFA_restore.0 | RBP],
        advance(1),
        restore(),
    ];
    let whole = frame(Base::Bp, 2, SavedBp::At(-2));
    for (at, expected) in [(0, whole), (9, whole), (10, from_sp(1)), (11, whole)] {
        assert_eq!(rule_of(Function::new(&body), at), expected, "at {at}");
    }
    let nested = |depth: u64| {
        let mut body = Vec::new();
        for level in 1..=depth {
            body.push(def_cfa_offset(8 * level));
            body.push(remember());
        }
        body.push(def_cfa_offset(800));
        body.extend((0..depth).map(|_| restore()));
        body
    };
    assert_eq!(rule(&nested(1)), from_sp(1));
    assert_eq!(rule(&nested(4)), from_sp(1));
    assert_eq!(rule(&nested(4)[..10]), from_sp(4));
    assert_eq!(rule(&nested(5)), None);
    assert_eq!(rule(&[restore()]), None);
}

#[test]
fn a_realigned_stack_is_left_by_the_word_below_the_frame_pointer() {
    // What gcc writes for a function that aligns its stack and calls alloca.
    let bp_at_bp = expression(RBP, &[dw::DW_OP_breg0.0 + RBP, 0]);
    let body = [
        advance(5),
        def_cfa(R10, 0),
        advance(11),
        bp_at_bp.clone(),
        advance(10),
        def_cfa_word_at(RBP, -40),
    ];
    let expected = [
        (0, from_sp(1)),
        // Only the first instructions count from another register; they call nobody.
        (5, None),
        (16, None),
        (26, frame(Base::WordBelowBp, 5, SavedBp::AtBp)),
    ];
    for (at, rule) in expected {
        assert_eq!(rule_of(Function::new(&body), at), rule, "at {at}");
    }
    let above = [def_cfa_word_at(RBP, 8), bp_at_bp];
    assert_eq!(rule(&above), None, "above the frame pointer");
    assert_eq!(rule(&[def_cfa_word_at(RBX, -8)]), None, "another register");
}

#[test]
fn the_stubs_of_the_plt_have_pushed_a_word_or_not() {
    // rsp + 8 + ((rip & 15) >= 11) * 8
    let expression = vec![
        dw::DW_OP_breg0.0 + RSP,
        8,
        dw::DW_OP_breg0.0 + RA,
        0,
        dw::DW_OP_lit15.0,
        dw::DW_OP_and.0,
        dw::DW_OP_lit11.0,
        dw::DW_OP_ge.0,
        dw::DW_OP_lit3.0,
        dw::DW_OP_shl.0,
        dw::DW_OP_plus.0,
    ];
    let len = uleb(expression.len() as u64);
    let body = [op(dw::DW_CFA_def_cfa_expression, &[len, expression])];
    let (module, code) = Image::new(&[Function::new(&body)]).load();
    let first = code.next_multiple_of(16);
    for (at, words) in [(0, 1), (6, 1), (10, 1), (11, 2), (15, 2), (16, 1), (27, 2)] {
        let rule = super::read(&Cache::new(), &module, first + at);
        assert_eq!(rule, from_sp(words), "at {at}");
    }
}

#[test]
fn a_signal_frame_is_known_by_its_augmentation() {
    let mut function = Function::new(&[def_cfa_word_at(RSP, 160)]);
    function.augmentation = "zRS";
    assert_eq!(rule_of(function, 0), Some(Rule::Signal));
}

#[test]
fn a_function_without_a_return_address_is_the_outermost() {
    let undefined = || op(dw::DW_CFA_undefined, &[vec![RA]]);
    assert_eq!(rule(&[undefined()]), Some(Rule::Outermost));
    let mut function = Function::new(&[]);
    function.initial.extend(undefined());
    assert_eq!(rule_of(function, 5), Some(Rule::Outermost));
}

#[test]
fn a_frame_of_a_megabyte_is_kept_in_the_side_table() {
    let huge = Function::new(&[def_cfa_offset((1 << 20) + 64), offset(RBP, 2)]);
    let (module, code) = Image::new(&[huge]).load();
    let cache = Cache::new();
    let Some(Rule::Large(index)) = super::read(&cache, &module, code) else {
        panic!("not a large frame");
    };
    let parts = cache.large(index).unwrap().parts();
    assert_eq!(parts, (Base::Sp, (1 << 17) + 8, SavedBp::At(-2)));
    // The largest that needs no place there, and a frame pointer saved too far away.
    let largest = (1 << 14) - 1;
    assert_eq!(
        rule(&[def_cfa_offset(8 * u64::from(largest))]),
        from_sp(largest)
    );
    let far = rule(&[offset(RBP, 5000)]);
    assert_eq!(far, frame(Base::Sp, 1, SavedBp::At(-5000)));
}

#[test]
fn a_large_frame_that_finds_no_place_has_no_rule() {
    let cache = Cache::new();
    let sizes = 0x10_0000..0x10_0000 + 300;
    let functions = sizes.map(|words| Function::new(&[def_cfa_offset(8 * words)]));
    let found: Vec<_> = functions
        .map(|function| {
            let (module, code) = Image::new(&[function]).load();
            super::read(&cache, &module, code)
        })
        .collect();
    let kept = found.iter().flatten().count();
    assert_eq!(kept, 255);
    assert!(found[..kept].iter().all(Option::is_some), "in order");
}

#[test]
fn what_no_rule_can_say_has_none() {
    let strange = [
        ("frame from rbx", def_cfa(RBX, 16)),
        ("frame from a vector register", def_cfa(17, 16)),
        ("frame not of whole words", def_cfa_offset(12)),
        (
            "frame below the pointer",
            op(dw::DW_CFA_def_cfa_offset_sf, &[sleb(2)]),
        ),
        ("frame at the stack pointer", def_cfa_offset(0)),
        ("return address elsewhere", offset(RA, 2)),
        (
            "return address in a register",
            op(dw::DW_CFA_register, &[vec![RA], vec![RBX]]),
        ),
        (
            "return address computed",
            expression(RA, &[dw::DW_OP_breg0.0 + RSP, 0]),
        ),
        (
            "return address never saved",
            op(dw::DW_CFA_same_value, &[vec![RA]]),
        ),
        (
            "rbp in a register",
            op(dw::DW_CFA_register, &[vec![RBP], vec![RBX]]),
        ),
        (
            "rbp as a value",
            op(dw::DW_CFA_val_offset, &[vec![RBP], uleb(2)]),
        ),
        (
            "rbp at another register",
            expression(RBP, &[dw::DW_OP_breg0.0 + RBX, 0]),
        ),
        (
            "rbp beside rbp",
            expression(RBP, &[dw::DW_OP_breg0.0 + RBP, 8]),
        ),
        ("rbp through an empty expression", expression(RBP, &[])),
        ("an unknown instruction", vec![0x3f]),
        (
            "a number without end",
            vec![dw::DW_CFA_def_cfa_offset.0, 0xff, 0xff],
        ),
        (
            "three steps",
            expression(
                RBP,
                &[
                    dw::DW_OP_breg0.0 + RBP,
                    0,
                    dw::DW_OP_deref.0,
                    dw::DW_OP_deref.0,
                ],
            ),
        ),
        (
            "an offset from what is no register",
            [def_cfa_word_at(RBP, -8), def_cfa_offset(8)].concat(),
        ),
    ];
    for (what, body) in strange {
        assert_eq!(rule(&[body]), None, "{what}");
    }
}

#[test]
fn what_does_not_matter_is_passed_over() {
    let beside = [
        offset(RBX, 3),
        op(dw::DW_CFA_GNU_args_size, &[uleb(64)]),
        op(dw::DW_CFA_val_offset, &[vec![RBX], uleb(2)]),
        expression(RBX, &[dw::DW_OP_breg0.0 + RBP, 8, dw::DW_OP_deref.0]),
        op(dw::DW_CFA_undefined, &[vec![RBX]]),
        vec![dw::DW_CFA_restore.0 | RBX],
    ];
    assert_eq!(rule(&beside), from_sp(1));
    let factored = op(dw::DW_CFA_def_cfa_sf, &[vec![RSP], sleb(-6)]);
    assert_eq!(rule(&[factored]), from_sp(6));
}

#[test]
fn each_address_belongs_to_its_own_function_or_to_none() {
    let sizes: Vec<u64> = (1..=20).collect();
    let functions: Vec<_> = sizes
        .iter()
        .map(|words| Function::new(&[def_cfa_offset(8 * words)]))
        .collect();
    let len = u64::from(functions[0].len);
    let (module, code) = Image::new(&functions).load();
    let cache = Cache::new();
    let find = |address| super::read(&cache, &module, address);
    for (number, words) in sizes.iter().enumerate() {
        let begin = code + number as u64 * NEXT_FUNCTION;
        let expected = from_sp(u32::try_from(*words).unwrap());
        assert_eq!(find(begin), expected);
        assert_eq!(find(begin + len - 1), expected);
        assert_eq!(find(begin + len), None);
        assert_eq!(find(begin - 1), None);
    }
}

#[test]
fn tables_cut_off_anywhere_give_the_same_rule_or_none() {
    let make = || {
        let first = Function::new(&[def_cfa_offset(24), offset(RBP, 3)]);
        Image::new(&[first, Function::new(&[def_cfa(RBP, 16)])])
    };
    let cache = Cache::new();
    let mut found = 0;
    for len in image::TABLES.step_by(4) {
        let (module, code) = make().cut(len).load();
        if let Some(rule) = super::read(&cache, &module, code) {
            assert_eq!(Some(rule), frame(Base::Sp, 3, SavedBp::At(-3)));
            found += 1;
        }
        if let Some(rule) = super::read(&cache, &module, code + NEXT_FUNCTION) {
            assert_eq!(Some(rule), frame(Base::Bp, 2, SavedBp::Kept));
            found += 1;
        }
    }
    assert!(found > 0, "no cut left the tables whole");
}

#[test]
fn a_module_without_tables_has_no_rules() {
    let (module, code) = Image::new(&[]).load();
    assert_eq!(super::read(&Cache::new(), &module, code), None);
    assert_eq!(super::find(&Cache::new(), 0x1000), Rule::Unknown);
}
